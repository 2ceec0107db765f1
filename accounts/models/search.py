"""What people are found by."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from accounts.models.people import User
from accounts.week import HALF_HOURS_A_WEEK


class WeekBitsField(models.CharField):
    """A week's half hours as PostgreSQL's own bits, which it can compare and count; "0101…" in Python."""

    def db_type(self, connection: Any) -> str:
        return f"bit({HALF_HOURS_A_WEEK})"

    def cast_db_type(self, connection: Any) -> str:
        return self.db_type(connection)


class SearchEntry(models.Model):
    """What is public of a profile, prepared for search; written with the profile, made anew at any time."""

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="search_entry")
    words = SearchVectorField()  # full text: whole words and their stems, weighed
    # Name, headline and skills in Latin letters, for trigrams: words mistyped or half typed.
    letters = models.TextField()
    name = models.TextField(db_collation="C")  # without case and accents: what lists are sorted by
    week = WeekBitsField()  # protected half hours of UTC, in the week that begins on `week_of`
    week_of = models.DateField()

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="search_entry_words"),
            GinIndex(OpClass("letters", "gin_trgm_ops"), name="search_entry_letters"),
            models.Index(fields=["week_of"], name="search_entry_week_of"),
        ]

    def __str__(self) -> str:
        return f"search entry of {self.person_id}"
