"""Writing and removing evidence. Each locks the person's row first, as every write of a profile does."""

from collections.abc import Iterable

from django.db import transaction

from accounts import confirmations, search
from accounts.confirmations import lock, locked
from accounts.models import Accomplishment, LearningRecord, Skill, User
from accounts.services import words_changed

TOLD = ("what", "how", "on")  # what a confirmation is about


@transaction.atomic
def save_accomplishment(accomplishment: Accomplishment, skills: Iterable[Skill]) -> bool:
    """Whether a confirmation went with it, because it was about other words."""
    lock(accomplishment.person_id)
    before = Accomplishment.objects.filter(pk=accomplishment.pk).first()
    accomplishment.save()
    accomplishment.skills.set(skills)
    search.refresh([accomplishment.person_id])
    words_changed()
    if before is None or all(getattr(before, field) == getattr(accomplishment, field) for field in TOLD):
        return False
    return confirmations.forget(accomplishment)


@transaction.atomic
def delete_accomplishment(*, accomplishment_id: int, by: User) -> None:
    accomplishment = locked(by.pk, accomplishment_id)
    confirmations.forget(accomplishment)
    accomplishment.delete()
    search.refresh([by.pk])
    words_changed()


@transaction.atomic
def save_learning(record: LearningRecord) -> None:
    lock(record.person_id)
    record.save()
    search.refresh([record.person_id])


@transaction.atomic
def delete_learning(record: LearningRecord) -> None:
    lock(record.person_id)
    record.delete()
    search.refresh([record.person_id])
