"""`python -m tests.browser.week_cohort SLUG`: somebody for whom two programs together are too much.

Noor protects two hours of her Tuesdays. She has a mentee and a mentor on them, one after the other without
a break, in two programs, and another mentee on Wednesdays: three hours a week, from next week on.
"""

import os
import sys
from datetime import date, time, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentoring.settings")
django.setup()

from accounts import week  # noqa: E402
from tests import factories  # noqa: E402
from tests.browser.cohort import address_of  # noqa: E402

NOOR, SAM, GRACE, HANA = "Noor Saleh", "Sam Reid", "Grace Hall", "Hana Kim"
MONDAY, TUESDAY, WEDNESDAY = 0, 1, 2
PROTECTED = week.from_indices([week.index_of(TUESDAY, time(9)) + half_hour for half_hour in range(4)])


def first_monday() -> date:
    """The Monday of the first week of Noor's sessions: the next, or the one after if that is tomorrow."""
    return factories.next_weekday(MONDAY, date.today() + timedelta(days=1))


def main(slug: str) -> None:
    riverside = factories.make_program(slug=slug, name="Riverside")
    harbour = factories.make_program(slug="harbour", name="Harbour")
    as_mentor = factories.make_mentor(riverside, name=NOOR, email=address_of(NOOR), week=PROTECTED)
    as_mentee = factories.make_member(harbour, as_mentor.person)
    sam, hana = (factories.make_mentee(riverside, name=name, email=address_of(name)) for name in (SAM, HANA))
    grace = factories.make_mentor(harbour, name=GRACE, email=address_of(GRACE))
    tuesday = factories.next_weekday(TUESDAY, first_monday())
    for mentee, mentor, starts_on, at in (
        (sam, as_mentor, tuesday, time(9)),
        (as_mentee, grace, tuesday, time(10)),
        (hana, as_mentor, tuesday + timedelta(days=1), time(14)),
    ):
        factories.make_engagement(factories.make_goal(mentee), mentor, starts_on=starts_on, at=at)


if __name__ == "__main__":
    main(sys.argv[1])
