"""Empathy ratings: given by the mentee alone, counted three or more at a time, read by nobody else."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import EmpathyAggregate, EmpathyRating, User
from matching.empathy import figure_of, figures_of
from matching.fits import fits
from mentoring.engagements.empathy import ANSWERS, rate_empathy, release_empathy, to_rate
from mentoring.engagements.models import Engagement
from mentoring.engagements.services import EngagementError, end_engagement
from mentoring.engagements.tasks import release_empathy as release_task
from mentoring.goals.models import Goal
from mentoring.programs.models import Membership
from mentoring.schedule.models import Session
from tests import factories
from tests.engagements.ended import make_ended
from tests.racing import race, without_locks

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOON = factories.instant(2026, 3, 2, 12)


def url_of(engagement: Engagement) -> str:
    return reverse("engagements:empathy", args=[engagement.pk])


def answers(each: int = 3) -> dict[str, int]:
    return dict.fromkeys(ANSWERS, each)


def rate(engagement: Engagement, each: int = 3, *, now: Any = NOON) -> EmpathyRating:
    return rate_empathy(engagement_id=engagement.pk, by=engagement.mentee, answers=answers(each), now=now)


def ended(mentor: Membership, count: int) -> list[Engagement]:
    """Engagements of as many mentees."""
    return [make_ended(mentor, factories.make_mentee(mentor.program)) for _ in range(count)]


def aggregate(mentor: Membership) -> tuple[int, float] | None:
    rows = EmpathyAggregate.objects.filter(mentor=mentor.person_id, program=mentor.program_id)
    return rows.values_list("raters", "total").first()


# The page


def test_page_is_the_mentees_alone_once_the_engagement_has_ended(cast: Any, client_of: Callable) -> None:
    engagement = make_ended(cast.mentor, cast.mentee)
    rate(engagement)
    superuser = User.objects.create_superuser("super@example.org", factories.PASSWORD, name="Super")
    assert client_of(cast.mentee.person).get(url_of(engagement)).status_code == 200
    for other in (cast.mentor.person, cast.admin.person, cast.stranger, superuser):
        assert client_of(other).get(url_of(engagement)).status_code == 404
        assert client_of(other).post(url_of(engagement), answers()).status_code == 404


def test_page_opens_with_the_fourth_session_held(cast: Any, client_of: Callable) -> None:
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    client = client_of(cast.mentee.person)
    sessions = list(Session.objects.filter(series__engagement=engagement).order_by("starts_at")[:4])
    for session in sessions[:3]:
        Session.objects.filter(pk=session.pk).update(outcome="held")
    assert client.get(url_of(engagement)).status_code == 404
    assert client.post(url_of(engagement), answers()).status_code == 404
    assert not EmpathyRating.objects.exists()
    Session.objects.filter(pk=sessions[3].pk).update(outcome="held")
    assert client.get(url_of(engagement)).status_code == 200
    assert list(to_rate(cast.mentee.person, timezone.now())) == [engagement]


def test_answers_are_kept_and_can_be_changed(cast: Any, client_of: Callable) -> None:
    engagement = make_ended(cast.mentor, cast.mentee)
    client = client_of(cast.mentee.person)
    client.post(url_of(engagement), answers(1) | {"honest": 4})
    client.post(url_of(engagement), answers(2) | {"honest": 0}, follow=True)
    row = EmpathyRating.objects.get()
    assert [getattr(row, name) for name in ANSWERS] == [2, 2, 2, 0]
    assert (row.mentor, row.mentee, row.released_at) == (engagement.mentor, engagement.mentee, None)
    page = client.get(url_of(engagement)).content.decode()
    assert len(re.findall(r"<input[^>]* checked", page)) == 4


@pytest.mark.parametrize("bad", ["", "5", "-1", "\x00", "٣", "1.0", "9" * 500, "\ud800"])
def test_bad_answers_are_refused_beside_the_question(cast: Any, client_of: Callable, bad: str) -> None:
    engagement = make_ended(cast.mentor, cast.mentee)
    if bad == "\ud800":
        sent = {"data": "understood=%ED%A0%80", "content_type": "application/x-www-form-urlencoded"}
    else:
        sent = {"data": answers() | {"context": bad}}
    page = client_of(cast.mentee.person).post(url_of(engagement), **sent)
    assert page.status_code == 200
    assert "context" in page.context["form"].errors
    assert not EmpathyRating.objects.exists()


def test_counted_answers_are_shown_to_the_mentee_and_fixed(cast: Any, client_of: Callable) -> None:
    engagement = make_ended(cast.mentor, cast.mentee)
    for one in [engagement, *ended(cast.mentor, 2)]:
        rate(one, 4)
    release_empathy(NOON + DAY)
    client = client_of(cast.mentee.person)
    page = client.get(url_of(engagement)).content.decode()
    assert "can no longer be changed" in page
    assert page.count("<dd>Fully</dd>") == 4
    answer = client.post(url_of(engagement), answers(0), follow=True)
    assert "have been counted meanwhile" in answer.content.decode()
    with pytest.raises(EngagementError):
        rate(engagement, 0)
    assert set(EmpathyRating.objects.values_list("honest", flat=True)) == {4}


def test_home_and_the_engagement_ask_until_it_is_said(cast: Any, client_of: Callable) -> None:
    engagement = make_ended(cast.mentor, cast.mentee)
    home = reverse("home:program-home", args=[cast.program.slug])
    detail = reverse("engagements:engagement-detail", args=[engagement.pk])
    client = client_of(cast.mentee.person)
    assert "Say how it was with Leila Haddad" in client.get(home).content.decode()
    assert url_of(engagement) in client.get(detail).content.decode()
    for page in (home, detail):
        assert url_of(engagement) not in client_of(cast.mentor.person).get(page).content.decode()
    rate(engagement)
    assert url_of(engagement) not in client.get(home).content.decode()
    assert "See your answers" in client.get(detail).content.decode()


def test_home_asks_for_sixty_days(cast: Any) -> None:
    make_ended(cast.mentor, cast.mentee, ended_at=timezone.now() - 61 * DAY)
    assert not to_rate(cast.mentee.person, timezone.now())


def test_end_page_tells_the_mentee_what_follows(cast: Any, client_of: Callable) -> None:
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    end = reverse("engagements:engagement-end", args=[engagement.pk])
    assert "how it was with Leila" in client_of(cast.mentee.person).get(end).content.decode()
    assert "how it was with" not in client_of(cast.mentor.person).get(end).content.decode()
    end_engagement(engagement_id=engagement.pk, by=None, now=timezone.now())
    assert client_of(cast.mentee.person).get(url_of(engagement)).status_code == 200


# Batches


def test_three_mentees_are_counted_after_midnight_and_no_two_before(cast: Any) -> None:
    for one in ended(cast.mentor, 2):
        rate(one, 4)
    assert release_empathy(NOON + DAY) == 0
    rate(ended(cast.mentor, 1)[0], 2, now=NOON + DAY)
    assert release_empathy(NOON + DAY + timedelta(hours=11)) == 0
    assert aggregate(cast.mentor) is None
    assert release_empathy(NOON + 2 * DAY) == 1
    assert aggregate(cast.mentor) == (3, 2.5)
    assert not EmpathyRating.objects.filter(released_at=None).exists()
    assert release_empathy(NOON + 3 * DAY) == 0
    assert aggregate(cast.mentor) == (3, 2.5)


def test_a_mentee_who_waits_twice_counts_once_with_their_mean(cast: Any) -> None:
    engagements = [make_ended(cast.mentor, cast.mentee), *ended(cast.mentor, 1)]
    for one in engagements:
        rate(one, 2)
    rate(make_ended(cast.mentor, cast.mentee), 4)
    assert release_empathy(NOON + DAY) == 0
    rate(ended(cast.mentor, 1)[0], 2)
    assert release_empathy(NOON + DAY) == 1
    assert aggregate(cast.mentor) == (3, 1.75)


def test_programs_and_mentors_are_counted_apart(cast: Any) -> None:
    elsewhere = factories.make_member(
        factories.make_program(), cast.mentor.person, is_mentor=True, is_mentee=False, capacity=2
    )
    for one in [*ended(cast.mentor, 2), *ended(elsewhere, 2), *ended(factories.make_mentor(cast.program), 2)]:
        rate(one)
    assert release_empathy(NOON + DAY) == 0


@pytest.mark.parametrize(("each", "total"), [(0, 0.5), (4, 2.5)])
def test_a_batch_never_shows_that_all_said_the_same_end(cast: Any, each: int, total: float) -> None:
    for one in ended(cast.mentor, 3):
        rate(one, each)
    release_task()
    assert aggregate(cast.mentor) == (3, total)


def test_what_is_erased_later_changes_no_figure(cast: Any) -> None:
    for each, one in enumerate(ended(cast.mentor, 4)):
        rate(one, each)
    release_empathy(NOON + DAY)
    before = aggregate(cast.mentor), figure_of(cast.mentor)
    EmpathyRating.objects.first().delete()
    EmpathyRating.objects.all().delete()
    rate(ended(cast.mentor, 1)[0], 0)
    release_empathy(NOON + 2 * DAY)
    assert (aggregate(cast.mentor), figure_of(cast.mentor)) == before


def test_a_mentor_who_left_is_counted_and_one_who_is_gone_is_not(cast: Any) -> None:
    engagements = ended(cast.mentor, 3)
    for one in engagements[:2]:
        rate(one)
    Membership.objects.filter(pk=cast.mentor.pk).update(left_at=NOON)
    rate(engagements[2])
    assert release_empathy(NOON + DAY) == 1
    later = ended(cast.mentor, 4)
    for one in later[:3]:
        rate(one)
    Membership.objects.filter(pk=cast.mentor.pk).delete()
    with pytest.raises(EngagementError):
        rate(later[3])
    assert release_empathy(NOON + DAY) == 0


# Races


def counted_at_once(mentor: Membership) -> None:
    """Eight wake-ups at the same moment, while others answer anew."""
    engagements = ended(mentor, 5)
    for one in engagements:
        rate(one, 2)
    changes = [partial(rate, one, 2) for one in engagements]
    finishes = race([partial(release_empathy, NOON + DAY)] * 8 + changes)
    assert {type(finish.raised) for finish in finishes} <= {type(None), EngagementError}


@pytest.mark.django_db(transaction=True)
def test_wake_ups_at_once_count_once(cast: Any) -> None:
    counted_at_once(cast.mentor)
    assert aggregate(cast.mentor) == (5, 2.5)


@pytest.mark.django_db(transaction=True)
def test_wake_ups_at_once_without_the_lock_count_twice_or_fail(
    cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = False
    for _ in range(5):
        with without_locks(monkeypatch, Membership):
            try:
                counted_at_once(cast.mentor)
            except AssertionError:
                broken = True
        broken = broken or aggregate(cast.mentor) != (5, 2.5)
        EmpathyAggregate.objects.all().delete()
        EmpathyRating.objects.all().delete()
    assert broken


# Who sees the figure, and where it stands


def batch_for(mentor: Membership, each: int = 4, raters: int = 3) -> None:
    for one in ended(mentor, raters):
        rate(one, each)
    release_empathy(NOON + DAY)


def test_figure_is_the_same_on_every_page_and_in_matching(cast: Any, client_of: Callable) -> None:
    batch_for(cast.mentor)
    batch_for(factories.make_mentor(cast.program), each=1, raters=4)
    found = fits(cast.program, Goal.objects.filter(pk=cast.goal.pk), NOON.date())
    said = found.explanation(0, found.column_of(cast.mentor.person_id), voice="admin", zone="UTC")
    (in_matching,) = (round(100 * part.score) for part in said.parts if part.name == "empathy")
    assert figure_of(cast.mentor).value == in_matching
    mean = (2.5 + 1) / 7
    assert in_matching == round(100 * (2.5 + 5 * mean) / 8)
    own = Template("{% load empathy %}{% empathy_of person %}").render(
        Context({"person": cast.mentor.person})
    )
    page = reverse("programs:person-detail", args=[cast.program.slug, cast.mentor.person_id])
    for html in (own, client_of(cast.admin.person).get(page).content.decode()):
        assert f"{in_matching} of 100" in html


def test_figure_is_for_the_mentor_and_admins_who_are_not_their_mentee(cast: Any, client_of: Callable) -> None:
    batch_for(cast.mentor)
    page = reverse("programs:person-detail", args=[cast.program.slug, cast.mentor.person_id])
    assert "of 100</span>" in client_of(cast.admin.person).get(page).content.decode()
    assert "of 100</span>" not in client_of(cast.mentee.person).get(page).content.decode()
    Membership.objects.filter(pk=cast.mentee.pk).update(is_admin=True)
    assert "of 100</span>" in client_of(cast.mentee.person).get(page).content.decode()
    make_ended(cast.mentor, cast.mentee)
    assert "of 100</span>" not in client_of(cast.mentee.person).get(page).content.decode()


def test_below_three_nothing_is_shown_nor_how_many_wait(cast: Any) -> None:
    def own() -> str:
        return Template("{% load empathy %}{% empathy_of person %}").render(
            Context({"person": cast.mentor.person})
        )

    before = own()
    assert "Shown from three answers on" in before
    for one in ended(cast.mentor, 2):
        rate(one)
    release_empathy(NOON + DAY)
    assert own() == before
    assert figures_of(cast.mentee.person) == []


def test_waiting_answers_move_no_match(cast: Any) -> None:
    batch_for(cast.mentor, raters=3)

    def points() -> list[Any]:
        return fits(cast.program, Goal.objects.filter(pk=cast.goal.pk), NOON.date()).points.tolist()

    before = points()
    for one in ended(cast.mentor, 2):
        rate(one, 0)
    release_empathy(NOON + 2 * DAY)
    assert points() == before
    rate(ended(cast.mentor, 1)[0], 0)
    release_empathy(NOON + 2 * DAY)
    assert points() != before


# Nothing else reads them


def test_single_ratings_are_read_by_the_service_and_ones_own_data_alone() -> None:
    root = Path(settings.BASE_DIR)
    files = [path for top in ("accounts", "matching", "mentoring") for path in (root / top).rglob("*.py")]
    files = [path for path in files if "migrations" not in path.parts]
    files += (root / "templates").rglob("*.html")
    names = re.compile(r"EmpathyRating\b|empathy_?ratings?(_given)?\b")
    named = {path.relative_to(root).as_posix() for path in files if names.search(path.read_text())}
    own = {path for path in named if path.startswith("mentoring/owndata/")}
    assert named - own == {
        "accounts/models/__init__.py",
        "accounts/models/empathy.py",
        "mentoring/engagements/empathy.py",
        "mentoring/engagements/forms_empathy.py",
    }
    assert not apps.is_installed("django.contrib.admin")  # where it is, neither may be registered


def test_pages_of_mentor_and_admin_never_ask_for_a_rating(cast: Any, client_of: Callable) -> None:
    """Not even in a query."""
    batch_for(cast.mentor)
    engagement = make_ended(cast.mentor, cast.mentee)
    rate(engagement)
    slug = [cast.program.slug]
    pages = [
        reverse("engagements:engagement-list", args=slug),
        reverse("engagements:engagement-detail", args=[engagement.pk]),
        reverse("programs:person-detail", args=[*slug, cast.mentor.person_id]),
        reverse("matching:mentor-list", args=slug),
        reverse("accounts:profile"),
    ]
    for person in (cast.mentor.person, cast.admin.person):
        client = client_of(person)
        for page in pages:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page).status_code == 200
            assert [q for q in queries if "accounts_empathyrating" in q["sql"]] == []


# What was given before there were batches


def test_migration_counts_the_old_in_one_batch_each(cast: Any) -> None:
    few = factories.make_mentor(cast.program)
    for each, one in enumerate([make_ended(cast.mentor, cast.mentee), *ended(cast.mentor, 3)]):
        rate(one, each)
    rate(make_ended(cast.mentor, cast.mentee), 4)
    for one in ended(few, 2):
        rate(one)
    release = import_module("mentoring.engagements.migrations.0008_release_empathy").release
    release(apps, SimpleNamespace(connection=connection))
    assert aggregate(cast.mentor) == (4, 0.5 + 0.25 + 0.5 + 0.75)
    assert aggregate(few) is None
    assert EmpathyRating.objects.filter(released_at=None).count() == 2
    release(apps, SimpleNamespace(connection=connection))
    assert aggregate(cast.mentor) == (4, 2.0)
