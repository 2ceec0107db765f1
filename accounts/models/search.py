"""What people are found by."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from accounts.models.people import User


class SearchEntry(models.Model):
    """What is public of a profile, prepared for search; written with the profile, made anew at any time."""

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="search_entry")
    words = SearchVectorField()  # full text: whole words and their stems, weighed
    letters = models.TextField()  # the same in plain letters, for trigrams: words mistyped or half typed

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="search_entry_words"),
            GinIndex(OpClass("letters", "gin_trgm_ops"), name="search_entry_letters"),
        ]

    def __str__(self) -> str:
        return f"search entry of {self.person_id}"
