"""`python -m tests.browser.desk_cohort SLUG`: a program whose match run leaves something to decide.

Each mentee has a mentor who fits best by skill; Lucia and Grace have each what the other would like, so that
another weighting pairs them instead. Pavel shares a language with nobody.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentoring.settings")
django.setup()

from accounts.models import LearningWish, Offer, User  # noqa: E402
from tests import factories  # noqa: E402
from tests.browser import cohort  # noqa: E402


def main(slug: str) -> None:
    program = factories.make_program(slug=slug, name="Riverside")
    admin = factories.make_person(name=cohort.ADMIN, email=cohort.address_of(cohort.ADMIN))
    factories.make_member(program, admin, is_mentee=False, is_admin=True)
    cohort.main(slug, is_new=False)
    drawing = factories.make_skill("drawing")
    Offer.objects.create(person=named("Lucia Ortiz"), skill=drawing, words="A class a week.")
    LearningWish.objects.create(person=named("Grace Hall"), skill=drawing)


def named(name: str) -> User:
    return User.objects.get(email=cohort.address_of(name))


if __name__ == "__main__":
    main(sys.argv[1])
