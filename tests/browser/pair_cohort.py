"""`python -m tests.browser.pair_cohort SLUG`: a mentor with two mentees, one of them across the date line.

Rosa's day in Los Angeles overlaps with Kiri's next one in Auckland, so that what is Tuesday for one is
Wednesday for the other, whatever the clocks do. Sam lives where Kiri does. Both have an engagement under
way: Rosa on Kiri's Wednesdays, Sam on Thursdays, at 09:00 in Auckland.
"""

import os
import sys
from datetime import time, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentoring.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from tests import factories  # noqa: E402
from tests.browser.cohort import address_of  # noqa: E402

KIRI, ROSA, SAM = "Kiri Walker", "Rosa Vega", "Sam Reid"
HERS, THEIRS = "America/Los_Angeles", "Pacific/Auckland"
WEDNESDAY, THURSDAY = 2, 3


def main(slug: str) -> None:
    program = factories.make_program(slug=slug, name="Riverside")
    kiri = factories.make_mentor(program, name=KIRI, email=address_of(KIRI), zone=THEIRS)
    soon = timezone.now().date() + timedelta(days=3)
    for name, zone, weekday in ((ROSA, HERS, WEDNESDAY), (SAM, THEIRS, THURSDAY)):
        mentee = factories.make_mentee(program, name=name, email=address_of(name), zone=zone)
        starts_on = factories.next_weekday(weekday, soon)
        factories.make_engagement(
            factories.make_goal(mentee), kiri, zone=THEIRS, at=time(9), starts_on=starts_on
        )


if __name__ == "__main__":
    main(sys.argv[1])
