"""`python -m tests.browser.cohort SLUG [--new]`: seven members for a program. --new makes the program too,
an admin for it, an engagement under way in which much waits for an answer, a request, and a failed mail.

There is whom to choose from and whom to match: for each mentee one mentor fits best, and one mentee shares a
language with nobody. They sign in by the name before the @ and the factories' password.
"""

import os
import sys
from dataclasses import replace
from datetime import date, time, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentoring.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import Accomplishment, LearningRecord  # noqa: E402
from mentoring.engagements.models import Engagement  # noqa: E402
from mentoring.notes.services import add_agenda_item, make_commitment  # noqa: E402
from mentoring.outbox.models import Mail  # noqa: E402
from mentoring.programs.models import Membership, Program  # noqa: E402
from mentoring.schedule.away import take_time_away  # noqa: E402
from mentoring.schedule.changes import propose_change  # noqa: E402
from mentoring.schedule.feeds import make_feed  # noqa: E402
from mentoring.schedule.models import Session  # noqa: E402
from mentoring.schedule.moves import propose_move  # noqa: E402
from tests import factories  # noqa: E402
from tests.engagements.ended import make_ended  # noqa: E402

ADMIN = "Marta Silva"
MENTORS = {
    "Grace Hall": ("Keeps a hospital's data honest", "python"),
    "Tomas Lind": ("Writes applications that foundations answer", "grant-writing"),
    "Aiko Mori": ("Speaks before a thousand engineers a year", "public-speaking"),
}
MENTEES = {
    "Sam Reid": ("Automate the monthly report", "python", {"en": 4}),
    "Lucia Ortiz": ("Win the shelter its first grant", "grant-writing", {"en": 3, "es": 4}),
    "Hana Kim": ("Give the opening talk in June", "public-speaking", {"en": 3, "ko": 4}),
    "Pavel Horak": ("Run the night kitchen by myself", "rostering", {"cs": 4}),
}


def address_of(name: str) -> str:
    return f"{name.split()[0].lower()}@example.org"


def main(slug: str, *, is_new: bool) -> None:
    program = factories.make_program(slug=slug) if is_new else Program.objects.get(slug=slug)
    mentors, goals = {}, {}
    for name, (headline, skill) in MENTORS.items():
        mentors[name] = factories.make_mentor(
            program, name=name, email=address_of(name), headline=headline, skills={skill: 4}, capacity=1
        )
    for name, (title, skill, languages) in MENTEES.items():
        mentee = factories.make_mentee(program, name=name, email=address_of(name), languages=languages)
        goals[name] = factories.make_goal(mentee, title=title, skills={skill: 3})
    if is_new:
        admin = factories.make_person(name=ADMIN, email=address_of(ADMIN))
        factories.make_member(program, admin, is_mentee=False, is_admin=True)
        fill_calendar(factories.make_engagement(goals["Hana Kim"], mentors["Aiko Mori"]))
        factories.make_request(goals["Lucia Ortiz"], mentors["Grace Hall"])
        tell_evidence(mentors["Grace Hall"])
        over = Membership.objects.get(program=program, person=goals["Hana Kim"].mentee)
        make_ended(mentors["Tomas Lind"], over)  # and can be said how it was
        fail_mail(mentors["Aiko Mori"])


def fill_calendar(engagement: Engagement) -> None:
    """The mentor proposes another time for the first session and other terms from the fourth; on the third
    the mentee is away."""
    now, mentor, mentee = timezone.now(), engagement.mentor, engagement.mentee
    first, _, third, fourth, *_ = Session.objects.filter(series__engagement=engagement).order_by("starts_at")
    propose_move(session_id=first.pk, by=mentor, starts_at=first.starts_at + timedelta(hours=3), now=now)
    terms = replace(fourth.series.terms, starts_on=fourth.on, at=time(11))
    propose_change(series_id=fourth.series_id, by=mentor, terms=terms, now=now)
    take_time_away(person=mentee, starts_on=third.on, ends_on=third.on, asks=False, now=now)
    add_agenda_item(session_id=first.pk, by=mentor, text="Which slide to leave out", now=now)
    make_commitment(session_id=first.pk, by=mentee, text="Speak it once aloud", due_on=first.on, now=now)
    make_feed(mentee, now)


def fail_mail(to: Membership) -> None:
    mails = Mail.objects.filter(person=to.person)
    mails.update(state=Mail.State.FAILED, failed_at=timezone.now(), error="550 5.1.1 no such mailbox")


def tell_evidence(mentor: Membership) -> None:
    evidence = {"person": mentor.person, "on": date.today() - timedelta(days=100)}
    Accomplishment.objects.create(what="Halved the errors", how="By asking who types them.", **evidence)
    LearningRecord.objects.create(what="Typing", kind="course", changed="I type less.", **evidence)


if __name__ == "__main__":
    main(sys.argv[1], is_new="--new" in sys.argv)
