"""For every reason to keep two people apart, or to leave a mentor alone: they are absent from every mode."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import search
from matching import services
from matching.fits import fits
from matching.models import MatchRun, Suggestion
from matching.publishing import plan_publishing
from matching.suggesting import shown_to, suggest
from matching.tasks import publish_due, solve_match_run
from matching.wishes import preferable_to
from mentoring.engagements.models import Request
from mentoring.goals.models import Goal
from mentoring.programs.models import Exclusion, Favourite, Membership, ReportingLine
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()
DAY = timedelta(days=1)


def line(junior, senior, steps):
    ReportingLine.objects.create(
        program=junior.program, junior=junior.person, senior=senior.person, steps=steps
    )


def pause(mentor, **dates):
    Membership.objects.filter(pk=mentor.pk).update(**dates or {"is_paused": True})


REASONS = {
    "manager": lambda mentee, mentor: line(mentee, mentor, 1),
    "manager's manager": lambda mentee, mentor: line(mentee, mentor, 2),
    "five above": lambda mentee, mentor: line(mentee, mentor, 5),
    "reports to the mentee": lambda mentee, mentor: line(mentor, mentee, 1),
    "four below": lambda mentee, mentor: line(mentor, mentee, 4),
    "excluded by the mentee": lambda mentee, mentor: exclude(mentee, mentor),
    "excluded by the mentor": lambda mentee, mentor: exclude(mentor, mentee),
    "pauses": lambda mentee, mentor: pause(mentor),
    "pauses today": lambda mentee, mentor: pause(mentor, paused_from=TODAY, paused_until=TODAY),
    "pauses since long": lambda mentee, mentor: pause(
        mentor, paused_from=TODAY - 9 * DAY, paused_until=TODAY + 9 * DAY
    ),
    "is full": lambda mentee, mentor: Membership.objects.filter(pk=mentor.pk).update(capacity=0),
}


def exclude(by, other):
    Exclusion.objects.create(by=by.person, other=other.person)


@pytest.fixture(params=REASONS)
def reason(request):
    return request.param


@pytest.fixture
def pair(cast):
    """The mentor would be the best there is, and stands in each mode before the reason comes about."""
    mentor = factories.make_mentor(
        cast.program, name="Quirina Xanthopoulos", skills={"negotiation": 4}, wishes=("sql",)
    )
    Favourite.objects.create(by=cast.mentee, whom=mentor, created_at=timezone.now())
    search.heal()
    suggest(cast.program.pk, timezone.now())
    return cast.mentee, mentor


@pytest.fixture
def client(pair, client_of):
    return client_of(pair[0].person)


def apart(reason, pair):
    mentee, mentor = pair
    REASONS[reason](mentee, mentor)
    return Membership.objects.get(pk=mentee.pk), Membership.objects.get(pk=mentor.pk)


def listed_in(client, name, program, query):
    response = client.get(reverse(name, args=[program.slug]), query)
    assert response.status_code == 200
    return "Xanthopoulos" in response.text.replace('value="Quirina Xanthopoulos"', "")


LISTS = [
    ("programs:directory", {}),
    ("programs:directory", {"words": "Quirina Xanthopoulos"}),
    ("programs:directory", {"words": "Kwirina Xantopoulos", "sort": "newest"}),
    ("programs:directory", {"favourites": "on"}),
    ("matching:mentor-list", {}),
    ("matching:mentor-list", {"words": "Quirina Xanthopoulos"}),
    ("home:program-home", {}),
]


def test_no_list_shows_the_person(reason, pair, client):
    program = pair[0].program
    assert [each for each in LISTS if not listed_in(client, each[0], program, each[1])] == []
    apart(reason, pair)
    assert [each for each in LISTS if listed_in(client, each[0], program, each[1])] == []


def test_asking_for_full_mentors_too_shows_nobody_who_is_kept_apart(reason, pair, client):
    apart(reason, pair)
    query = {"full": "on", "words": "xanthopoulos"}
    found = client.get(reverse("programs:directory", args=[pair[0].program.slug]), query)
    assert ("Xanthopoulos" in found.text.replace('value="xanthopoulos"', "")) is (reason == "is full")
    assert ask_url(pair) not in found.text


def ask_url(pair):
    return reverse("engagements:request-new", args=[pair[0].program.slug, pair[1].person_id])


def asked_for(pair):
    first = factories.next_weekday(1, TODAY + 3 * DAY)
    return {
        "goal": Goal.objects.get(mentee=pair[0].person).pk, "message": "Would you?", "offer": "A hand.",
        "cadence": "1w", "minutes": "60", "ends_on": first + timedelta(weeks=8),
        "start": "other", "on": first, "at": "09:00",
    }  # fmt: skip


def preferred(mentor):
    return {"order": str(mentor.pk)}


def test_request_is_not_made_by_the_form_nor_by_a_posted_id(reason, pair, client):
    assert client.get(ask_url(pair)).status_code == 200
    apart(reason, pair)
    response = client.post(ask_url(pair), asked_for(pair))
    assert response.status_code in (404, 200)
    assert not Request.objects.exists()
    if reason != "is full":
        assert client.get(ask_url(pair)).status_code == 404


def test_no_suggestion_is_shown_or_made(reason, pair):
    mentee, mentor = apart(reason, pair)
    assert mentor.pk not in [each.mentor_id for each in shown_to(mentee)]
    Goal.objects.get(mentee=mentee.person).suggestions.all().delete()
    suggest(mentee.program_id, timezone.now())
    assert not Suggestion.objects.filter(mentor=mentor).exists()


def test_nobody_can_prefer_the_person(reason, pair, client):
    if reason == "is full":
        pytest.skip("who is full may be wished for: a place may come free before the run")
    mentee, mentor = apart(reason, pair)
    assert mentor not in preferable_to(mentee, as_mentor=False)
    if "pauses" not in reason:
        assert mentee not in preferable_to(mentor, as_mentor=True)
    url = reverse("matching:preferred-mentors", args=[mentee.program.slug])
    client.post(url, preferred(mentor))
    assert not mentee.preferences.exists()


def test_no_fit_is_computed_for_the_pair(reason, pair):
    if reason == "is full":
        pytest.skip("fits say how well two fit, places are counted by whoever pairs")
    mentee, mentor = apart(reason, pair)
    found = fits(mentee.program, Goal.objects.filter(mentee=mentee.person), TODAY)
    assert found.points[0, found.column_of(mentor.person_id)] < 0


@pytest.fixture
def run(reason, pair, cast):
    """Made after the reason came about; another mentee stands beside, to swap with."""
    other = factories.make_mentee(cast.program, name="Bruno Costa")
    factories.make_goal(other)
    apart(reason, pair)
    return solved(cast)


def solved(cast):
    run = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    return MatchRun.objects.get(pk=run.pk)


def together(run, pair):
    return run.pairings.filter(mentee=pair[0], mentor=pair[1], is_removed=False).exists()


def test_no_run_pairs_them_and_no_admin_can(run, pair, cast, client_of):
    mentee, mentor = pair
    assert not together(run, pair)
    desk = client_of(cast.admin.person)
    ask = {"mentee": mentee.pk, "mentor": mentor.pk, "key": "any"}
    refused = desk.post(reverse("matching:match-run-assign", args=[run.pk]), ask, follow=True)
    assert "The run has changed meanwhile" not in refused.text  # as it says for a wrong key
    assert not together(run, pair)
    own = run.pairings.get(mentee=mentee)
    theirs = run.pairings.filter(mentor=mentor).first()
    if theirs:
        desk.post(reverse("matching:pairing-swap", args=[own.pk]), {"other": theirs.pk})
    assert not together(run, pair)


def test_reporting_line_set_after_the_run_bites_at_once(pair, cast):
    """As an import sets it: what was paired and not yet published reaches nobody."""
    run = solved(cast)
    assert together(run, pair)
    line(pair[0], pair[1], 3)
    plan_publishing(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    publish_due()
    assert not Request.objects.filter(mentor=pair[1].person, mentee=pair[0].person).exists()


def test_without_a_reason_the_same_is_done(pair, client):
    """What is posted above is refused for the reason, and for nothing else."""
    mentee, mentor = pair
    client.post(ask_url(pair), asked_for(pair))
    assert Request.objects.get().mentor == mentor.person
    client.post(reverse("matching:preferred-mentors", args=[mentee.program.slug]), preferred(mentor))
    assert mentee.preferences.get().whom == mentor
