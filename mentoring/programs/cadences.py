"""How often two people meet: a program names the usual, and the schedule counts by it."""

from django.db import models

LAST = 5
ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", LAST: "last"}


class Cadence(models.TextChoices):
    """How often two people meet. The date of the first session sets the weekday."""

    WEEKLY = "1w", "weekly"
    TWO_WEEKS = "2w", "every two weeks"
    FOUR_WEEKS = "4w", "every four weeks"
    FIRST = "m1", "monthly, on the first such weekday"
    SECOND = "m2", "monthly, on the second such weekday"
    THIRD = "m3", "monthly, on the third such weekday"
    FOURTH = "m4", "monthly, on the fourth such weekday"
    LAST = "m5", "monthly, on the last such weekday"

    @property
    def weeks(self) -> int:
        """Weeks from one session to the next; 0 for a monthly series."""
        return 0 if self.value[0] == "m" else int(self.value[0])

    @property
    def nth(self) -> int:
        """Which weekday of its kind in the month, 1 to 4, or LAST; 0 for a series of weeks."""
        return int(self.value[1]) if self.value[0] == "m" else 0

    @classmethod
    def grouped(cls) -> list[tuple[str, list[tuple[str, str]]]]:
        """Choices for a select: by weeks, and by months."""
        by_weeks = [(one.value, str(one.label).capitalize()) for one in cls if one.weeks]
        by_months = [(one.value, f"Monthly, the {ORDINALS[one.nth]} such weekday") for one in cls if one.nth]
        return [("By weeks", by_weeks), ("By months", by_months)]
