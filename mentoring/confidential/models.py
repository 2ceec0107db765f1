import uuid

from django.db import models

from mentoring.confidential import keyring


class DataKeyQuerySet(models.QuerySet["DataKey"]):
    def of(self, owner: str) -> "DataKey":
        """The owner's data key, made on first use. `owner` is such as "person:<id>"."""
        # Read first, so that a page which only reads writes nothing.
        if (key := self.filter(owner=owner).first()) is not None:
            return key
        under = keyring.newest()
        wrapped = keyring.wrap(keyring.new_data_key(), owner=owner, under=under)
        # ON CONFLICT keeps the first of two that are made at once.
        self.bulk_create([self.model(owner=owner, wrapped=wrapped, under=under)], ignore_conflicts=True)
        return self.get(owner=owner)


class DataKey(models.Model):
    """A key that seals the texts of one person or one engagement, itself wrapped by the key ring."""

    owner = models.CharField(max_length=80, unique=True)
    wrapped = models.BinaryField()
    under = models.CharField(max_length=40, help_text="Name of the ring's key that wraps this one.")

    objects = DataKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"data key of {self.owner}"

    def seal(self, text: str, *, place: str) -> bytes:
        return keyring.seal(self._plain(), text, place=place)

    def open(self, sealed: bytes, *, place: str) -> str:
        return keyring.open_sealed(self._plain(), bytes(sealed), place=place)

    def rewrap(self) -> None:
        """Wrap under the newest key of the ring; what it seals stays as it is."""
        under = keyring.newest()
        self.wrapped = keyring.wrap(self._plain(), owner=self.owner, under=under)
        self.under = under
        self.save(update_fields=["wrapped", "under"])

    def _plain(self) -> bytes:
        return keyring.unwrap(bytes(self.wrapped), owner=self.owner, under=self.under)


def place(row: models.Model, field: str) -> str:
    """Associated data that ties a ciphertext to its table, row and field."""
    return f"{row._meta.db_table}:{row.pk}:{field}"


def new_id() -> uuid.UUID:
    """An id that tells nothing, and is known before the insert so that a text can be sealed to its row."""
    return uuid.uuid4()
