"""What admins change in a run by hand, and who may not."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from matching import services
from matching.models import Candidates, MatchRun, Pairing, RunChange
from matching.tasks import solve_match_run
from mentoring.engagements.models import Request
from mentoring.programs.models import Exclusion, Membership
from tests import factories

pytestmark = pytest.mark.django_db
State = MatchRun.State


@pytest.fixture
def second(cast):
    """A second mentee and a second mentor who suit each other: the run pairs them."""
    mentee = factories.make_mentee(cast.program, name="Bruno Costa", offers={"accounting": ""})
    factories.make_goal(mentee, title="Read a balance sheet", skills={"accounting": 3})
    factories.make_mentor(
        cast.program, name="Nils Ledger", skills={"accounting": 4}, wishes=("accounting",), capacity=1
    )
    return mentee


@pytest.fixture
def run(cast, second):
    started = services.start_run(program=cast.program, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(started.pk))
    started.refresh_from_db()
    assert started.state == State.READY
    return started


@pytest.fixture
def desk(cast, client_of):
    return client_of(cast.admin.person)


def url(name, thing):
    return reverse(f"matching:{name}", args=[thing.pk])


def standing(run):
    return {(one.mentee.person.name, one.mentor.person.name) for one in run.pairings.standing()}


def pairing_of(run, membership):
    return run.pairings.get(mentee=membership)


def said(response):
    return [str(message) for message in response.context["messages"]]


def test_desk_shows_pairings_with_reasons_summary_and_load(cast, run, desk):
    response = desk.get(url("match-run-detail", run))
    assert [pairing.mentee.person.name for pairing, _ in response.context["rows"]] == [
        pairing.mentee.person.name for pairing in run.pairings.order_by("points")
    ]
    summary = response.context["summary"]
    assert (summary.matched, sum(bar.count for bar in summary.chart.bars)) == (2, 2)
    points = sorted(pairing.points for pairing in run.pairings.all())
    assert (summary.total, summary.worst) == (sum(points), points[0])
    assert [(load.name, load.pairings, load.places) for load in response.context["load"]] == [
        ("Nils Ledger", 1, 1),
        ("Leila Haddad", 1, 2),
    ]
    assert "Leila Haddad covers the skill Amara Eze wants: Negotiation" in response.text
    assert cast.goal.why not in response.text  # an admin reads a goal's title and skills alone


def test_pairing_lock_and_unlock(cast, run, desk):
    pairing = pairing_of(run, cast.mentee)
    response = desk.post(url("pairing-lock", pairing), {"sort": "mentee", "page": "1"})
    assert response["Location"] == f"{url('match-run-detail', run)}?sort=mentee&page=1#pairing-{pairing.pk}"
    desk.post(url("pairing-lock", pairing))
    pairing.refresh_from_db()
    assert pairing.is_locked
    desk.post(url("pairing-unlock", pairing))
    pairing.refresh_from_db()
    assert not pairing.is_locked
    assert [(change.by, change.words) for change in run.changes.all()] == [
        (cast.admin.person, "Unlocked Amara Eze and Leila Haddad"),
        (cast.admin.person, "Locked Amara Eze and Leila Haddad"),
    ]


def test_pairing_remove_leaves_the_mentee_out(cast, run, desk):
    pairing = pairing_of(run, cast.mentee)
    desk.post(url("pairing-remove", pairing))
    assert standing(run) == {("Bruno Costa", "Nils Ledger")}
    assert run.left_out.get().reason == "Ada Admin removed the pairing."
    assert desk.post(url("pairing-remove", pairing)).status_code == 404
    assert run.changes.get().action == RunChange.Action.REMOVE


def test_pairing_swap_shows_what_it_would_do_and_does_it(cast, second, run, desk):
    first, other = pairing_of(run, cast.mentee), pairing_of(run, second)
    before = first.points + other.points
    ((shown, swap),) = desk.get(url("pairing-swap", first)).context["swaps"]
    assert shown == other
    desk.post(url("pairing-swap", first), {"other": str(other.pk)})
    assert standing(run) == {("Amara Eze", "Nils Ledger"), ("Bruno Costa", "Leila Haddad")}
    first.refresh_from_db()
    other.refresh_from_db()
    assert first.is_locked
    assert other.is_locked
    assert (first.points, other.points) == (swap.own, swap.other)
    assert first.points + other.points - before == swap.change
    assert first.parts["reasons_against"][0].startswith("Nils Ledger does not offer")
    assert run.changes.get().words == "Swapped the mentors of Amara Eze and Bruno Costa"


def test_pairing_swap_is_refused_where_two_may_not_meet(cast, second, run, desk):
    first, other = pairing_of(run, cast.mentee), pairing_of(run, second)
    Exclusion.objects.create(by=cast.mentee.person, other=other.mentor.person)
    response = desk.post(url("pairing-swap", first), {"other": str(other.pk)}, follow=True)
    assert said(response) == ["Nils Ledger may not be proposed to Amara Eze."]
    assert standing(run) == {("Amara Eze", "Leila Haddad"), ("Bruno Costa", "Nils Ledger")}


def test_pairing_swap_is_refused_without_a_shared_language(cast, second, run, desk):
    first, other = pairing_of(run, cast.mentee), pairing_of(run, second)
    other.mentor.person.languages.update(code="th")
    response = desk.post(url("pairing-swap", first), {"other": str(other.pk)}, follow=True)
    assert said(response) == ["Amara Eze and Nils Ledger share no language that both can work in."]


def test_pairing_swap_is_refused_while_one_is_locked(cast, second, run, desk):
    first, other = pairing_of(run, cast.mentee), pairing_of(run, second)
    run.pairings.filter(pk=other.pk).update(is_locked=True)
    assert desk.get(url("pairing-swap", first)).context["swaps"] == []
    response = desk.post(url("pairing-swap", first), {"other": str(other.pk)}, follow=True)
    assert said(response) == ["Bruno Costa and Nils Ledger are locked. Unlock them first."]


@pytest.mark.parametrize("other", ["", "garbage", "\x00", str(uuid.uuid4())])
def test_pairing_swap_with_nothing_is_not_found(cast, run, desk, other):
    pairing = pairing_of(run, cast.mentee)
    assert desk.post(url("pairing-swap", pairing), {"other": other}).status_code == 404
    assert desk.post(url("pairing-swap", pairing), {"other": str(pairing.pk)}).status_code == 404


def test_pairing_remove_tells_what_it_would_do_and_solves_the_rest_as_told(cast, second, run, desk):
    """Without Leila, Amara's best is Nils, who is Bruno's: the best total is to exchange the two."""
    first, other = pairing_of(run, cast.mentee), pairing_of(run, second)
    before = first.points + other.points
    page = desk.get(url("pairing-remove", first))
    alone, solved = page.context["alone"], page.context["solved"]
    assert (alone.matched, alone.points) == (-1, -first.points)
    assert alone.lines == (("Amara Eze", "Leila Haddad", None, -first.points),)
    assert solved.matched == 0
    assert {(line.mentee, line.before, line.after) for line in solved.lines} == {
        ("Amara Eze", "Leila Haddad", "Nils Ledger"),
        ("Bruno Costa", "Nils Ledger", "Leila Haddad"),
    }
    desk.post(url("pairing-remove", first), {"key": solved.key})
    assert standing(run) == {("Amara Eze", "Nils Ledger"), ("Bruno Costa", "Leila Haddad")}
    assert sum(pairing.points for pairing in run.pairings.standing()) - before == solved.points
    assert not run.left_out.exists()
    assert run.pairings.get(is_removed=True).pk == first.pk
    change = run.changes.get()
    assert (
        change.words
        == "Removed Amara Eze and Leila Haddad, and solved the rest anew; 1 other changes with it"
    )
    assert second.person_id in change.concerns


def test_pairing_remove_by_moves_that_are_no_longer_true_does_nothing(cast, second, run, desk):
    first, other = pairing_of(run, cast.mentee), pairing_of(run, second)
    key = desk.get(url("pairing-remove", first)).context["solved"].key
    desk.post(url("pairing-lock", other))
    for stale in (key, "garbage", "x" * 5000):
        response = desk.post(url("pairing-remove", first), {"key": stale}, follow=True)
        assert said(response) == ["The run has changed meanwhile. Look again at what this would do now."]
    assert standing(run) == {("Amara Eze", "Leila Haddad"), ("Bruno Costa", "Nils Ledger")}


def test_match_run_costs_tells_what_locking_and_removing_would_cost(cast, second, run, desk):
    first, other = pairing_of(run, cast.mentee), pairing_of(run, second)
    ask = {"pairing": [str(first.pk), str(other.pk), "garbage"]}
    prices = dict(desk.get(url("match-run-costs", run), ask).context["prices"])
    solved = desk.get(url("pairing-remove", first)).context["solved"]
    assert prices[first.pk] == (0, -solved.matched, -solved.points)
    desk.post(url("pairing-swap", first), {"other": str(other.pk)})
    desk.post(url("pairing-unlock", first))
    desk.post(url("pairing-unlock", other))
    # The best would be to swap back. To keep Amara with Nils costs all of that; to keep Bruno with Leila, who
    # has a second place, leaves Amara with her too.
    prices = dict(desk.get(url("match-run-costs", run), ask).context["prices"])
    assert prices[first.pk] == (-solved.points, 0, 0)
    assert 0 < prices[other.pk].locked < -solved.points
    desk.post(url("pairing-lock", first))
    assert set(dict(desk.get(url("match-run-costs", run), ask).context["prices"])) == {other.pk}


def test_match_run_left_out_says_what_would_help(cast, second, run, desk):
    """Two more mentees than places; whoever gives one more place is worth a mentee."""
    for n in range(2):
        factories.make_goal(factories.make_mentee(cast.program, name=f"Late {n}"))
    factories.make_goal(factories.make_mentee(cast.program, name="Speaks Thai", languages={"th": 4}))
    desk.post(url("match-run-solve-again", run))
    solve_match_run(str(run.pk))
    page = desk.get(url("match-run-left-out", run))
    rows = {left.mentee.person.name: left.mentee_id for left in page.context["page"]}
    assert len(rows) == 2
    assert {name for name, pk in rows.items() if pk in page.context["able"]} == set(rows) - {"Speaks Thai"}
    assert {name for name, _ in page.context["helpful"]} == {"Leila Haddad", "Nils Ledger"}
    loads = desk.get(url("match-run-load", run)).context["page"]
    assert [(load.name, load.pairings, load.places, load.worth[0]) for load in loads] == [
        (name, places, places, 1)
        for name, places in sorted(
            [("Leila Haddad", 2), ("Nils Ledger", 1)],
            key=lambda item: -dict(page.context["helpful"])[item[0]],
        )
    ]


def test_a_run_that_keeps_nothing_to_reckon_with_can_still_be_reviewed(cast, second, run, desk):
    """One of an earlier release."""
    Candidates.objects.all().delete()
    MatchRun.objects.update(proof={})
    pairing = pairing_of(run, cast.mentee)
    assert desk.get(url("match-run-detail", run)).context["proof"] == []
    for name in ("match-run-costs", "match-run-left-out", "match-run-load"):
        assert desk.get(url(name, run), {"pairing": str(pairing.pk)}).status_code == 200
    assert desk.get(url("pairing-swap", pairing)).context["swaps"] == []
    assert desk.get(url("match-run-assign", run), {"mentee": str(cast.mentee.pk)}).context["cards"] == []
    assert not desk.get(url("pairing-remove", pairing)).context["solved"]
    desk.post(url("pairing-remove", pairing))
    assert standing(run) == {("Bruno Costa", "Nils Ledger")}


def test_a_run_by_preferences_foretells_no_solving_for_points(cast, second, run, desk):
    MatchRun.objects.update(objective="preferences")
    pairing = pairing_of(run, cast.mentee)
    page = desk.get(url("pairing-remove", pairing))
    assert (page.context["alone"].matched, page.context["solved"]) == (-1, None)
    ask = {"mentee": str(cast.mentee.pk), "mentor": str(pairing_of(run, second).mentor.pk)}
    assert desk.get(url("match-run-assign", run), ask).context["forecast"] is None
    assert "would rather have each other" in desk.get(url("match-run-detail", run)).text


@pytest.mark.parametrize(
    ("ask", "found"),
    [
        ({"words": "amara"}, ["Amara Eze"]),
        ({"words": "NILS"}, ["Bruno Costa"]),
        ({"show": "locked"}, ["Amara Eze"]),
        ({"show": "published"}, []),
        ({"show": "noted"}, ["Bruno Costa"]),
        ({"show": "garbage", "sort": "mentee"}, ["Amara Eze", "Bruno Costa"]),
        ({"words": "\x00", "sort": "mentee"}, ["Amara Eze", "Bruno Costa"]),
    ],
)
def test_desk_lists_what_is_asked_for(cast, second, run, desk, ask, found):
    run.pairings.filter(mentee=cast.mentee).update(is_locked=True)
    run.pairings.filter(mentee=second).update(note="No time.")
    page = desk.get(url("match-run-detail", run), ask)
    assert [pairing.mentee.person.name for pairing, _ in page.context["rows"]] == found


def test_pairing_remove_is_refused_while_it_is_locked(cast, run, desk):
    pairing = pairing_of(run, cast.mentee)
    desk.post(url("pairing-lock", pairing))
    assert not desk.get(url("pairing-remove", pairing)).context["solved"]
    response = desk.post(url("pairing-remove", pairing), follow=True)
    assert said(response) == ["Amara Eze and Leila Haddad are locked. Unlock them first."]


def cards(page):
    return [(card["row"].name, card["choice"].places_left) for card in page.context["cards"]]


def test_match_run_assign_takes_a_place_from_somebody_only_as_told(cast, second, run, desk):
    """Nils has one place, Bruno's; given to Amara, Bruno has Leila."""
    ask = {"mentee": str(cast.mentee.pk)}
    page = desk.get(url("match-run-assign", run), ask)
    nils = pairing_of(run, second).mentor
    assert cards(page) == [("Nils Ledger", 0)]
    ask["mentor"] = str(nils.pk)
    told = desk.get(url("match-run-assign", run), ask).context["forecast"]
    assert {(line.mentee, line.after) for line in told.lines} == {
        ("Amara Eze", "Nils Ledger"), ("Bruno Costa", "Leila Haddad"),
    }  # fmt: skip
    response = desk.post(url("match-run-assign", run), ask, follow=True)
    assert said(response) == ["The run has changed meanwhile. Look again at what this would do now."]
    desk.post(url("match-run-assign", run), ask | {"key": told.key})
    assert standing(run) == {("Amara Eze", "Nils Ledger"), ("Bruno Costa", "Leila Haddad")}
    assert [pairing_of(run, member).is_locked for member in (cast.mentee, second)] == [True, False]
    assert run.changes.get().words == "Assigned Amara Eze to Nils Ledger; 1 other changes with it"


def test_match_run_assign_gives_a_free_place_to_somebody_left_out(cast, second, run, desk):
    desk.post(url("pairing-remove", pairing_of(run, second)))
    ask = {"mentee": str(second.pk)}
    (card,) = desk.get(url("match-run-assign", run), ask).context["cards"]
    assert (card["row"].name, card["choice"].places_left) == ("Leila Haddad", 1)  # not Nils, who was removed
    desk.post(url("match-run-assign", run), ask | {"mentor": str(cast.mentor.pk), "key": card["choice"].key})
    assert standing(run) == {("Amara Eze", "Leila Haddad"), ("Bruno Costa", "Leila Haddad")}
    assert pairing_of(run, cast.mentee).is_locked is False
    assert not run.left_out.exists()


def test_match_run_assign_is_refused_where_all_places_are_locked(cast, second, run, desk):
    desk.post(url("pairing-lock", pairing_of(run, second)))
    ask = {"mentee": str(cast.mentee.pk), "mentor": str(pairing_of(run, second).mentor.pk)}
    assert desk.get(url("match-run-assign", run), ask).context["forecast"] is None
    response = desk.post(url("match-run-assign", run), ask | {"key": "any"}, follow=True)
    assert said(response) == ["This mentor has no place left, or may not be proposed to this mentee."]
    assert standing(run) == {("Amara Eze", "Leila Haddad"), ("Bruno Costa", "Nils Ledger")}


@pytest.mark.parametrize("mentee", ["", "garbage", "\x00", str(uuid.uuid4())])
def test_match_run_assign_of_nobody_is_not_found(run, desk, mentee):
    assert desk.get(url("match-run-assign", run), {"mentee": mentee}).status_code == 404


def test_match_run_assign_of_a_mentor_of_another_program_is_not_found(cast, run, desk):
    desk.post(url("pairing-remove", pairing_of(run, cast.mentee)))
    foreign = Membership.objects.get(person=cast.stranger)
    response = desk.post(
        url("match-run-assign", run), {"mentee": str(cast.mentee.pk), "mentor": str(foreign.pk)}
    )
    assert response.status_code == 404
    assert not run.pairings.standing().filter(mentee=cast.mentee).exists()


def test_nothing_can_be_changed_while_it_is_solved_again(cast, run, desk):
    desk.post(url("match-run-solve-again", run))
    run.refresh_from_db()
    assert run.state == State.QUEUED
    pairing = pairing_of(run, cast.mentee)
    for name in ("pairing-lock", "pairing-unlock", "pairing-remove"):
        response = desk.post(url(name, pairing), follow=True)
        assert said(response) == ["This match run is waiting to start; it cannot be changed now."]
    pairing.refresh_from_db()
    assert (pairing.is_locked, pairing.is_removed) == (False, False)


def test_progress_is_shown_and_then_the_page_is_loaded_anew(run, desk):
    MatchRun.objects.update(state=State.RUNNING, progress=40, stage="Finding the best pairs")
    page = desk.get(url("match-run-detail", run))
    assert 'hx-trigger="every 1s"' in page.text
    fragment = desk.get(url("match-run-progress", run), headers={"HX-Request": "true"})
    assert 'value="40" max="100"' in fragment.text
    assert "Finding the best pairs" in fragment.text
    MatchRun.objects.update(state=State.READY)
    assert desk.get(url("match-run-progress", run), headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def new_run(cast):
    return reverse("matching:match-run-new", args=[cast.program.slug])


def answers(desk, cast, **over):
    """What the page of a new run holds, as a browser would send it."""
    page = desk.get(new_run(cast), {"like": over.pop("like", "")})
    forms = (page.context["objective"], page.context["form"])
    return {name: form[name].value() for form in forms for name in form.fields} | over


def test_match_run_new_takes_the_programs_settings_and_what_is_changed_for_this_run(cast, desk):
    factories.set_matching(cast.program, weights={"time": 40}, must_haves={"skills": 0.2, "language": 0.5})
    desk.post(new_run(cast), answers(desk, cast, objective="fair", weight_time="7", tilt="10"))
    run = MatchRun.objects.get()
    assert (run.objective, run.weights["time"], run.must_haves, run.tilt) == (
        "fair", 7, {"language": 0.5}, 10,
    )  # fmt: skip
    cast.program.refresh_from_db()
    assert cast.program.weights == {"time": 40}


def test_match_run_new_like_another_begins_with_its_settings(cast, run, desk):
    MatchRun.objects.update(objective="fair", weights=run.weights | {"time": 3}, tilt=20)
    filled = answers(desk, cast, like=str(run.pk))
    assert (filled["objective"], filled["weight_time"], filled["tilt"]) == ("fair", 3, 20)
    for foreign in (uuid.uuid4(), "garbage", "\x00"):
        assert answers(desk, cast, like=str(foreign))["objective"] == "most"


def test_match_run_new_says_what_is_wrong_and_starts_nothing(cast, desk):
    for wrong in ({"objective": "luck"}, {"weight_time": "9" * 400}, {"tilt": "51"}):
        page = desk.post(new_run(cast), answers(desk, cast, **wrong))
        assert page.context["objective"].errors or page.context["form"].errors
    assert not MatchRun.objects.exists()


def test_match_run_list_says_what_a_run_would_do_and_starts_one(cast, second, desk):
    page = desk.get(reverse("matching:match-run-list", args=[cast.program.slug]))
    assert (page.context["outlook"].mentees, page.context["outlook"].places) == (2, 3)
    response = desk.post(new_run(cast), answers(desk, cast))
    run = MatchRun.objects.get()
    assert response["Location"] == url("match-run-detail", run)
    again = desk.post(new_run(cast), answers(desk, cast), follow=True)
    assert said(again) == ["A match run is already under way in this program."]
    assert desk.post(url("match-run-cancel", run)).status_code == 302
    run.refresh_from_db()
    assert run.state == State.CANCELLED


ON_RUN = [
    ("get", "match-run-detail"),
    ("get", "match-run-progress"),
    ("post", "match-run-cancel"),
    ("post", "match-run-solve-again"),
    ("get", "match-run-publish"),
    ("post", "match-run-publish"),
    ("get", "match-run-assign"),
    ("post", "match-run-assign"),
]
ON_PAIRING = [
    ("post", "pairing-lock"),
    ("post", "pairing-unlock"),
    ("get", "pairing-remove"),
    ("post", "pairing-remove"),
    ("get", "pairing-swap"),
    ("post", "pairing-swap"),
]


def snapshot(run):
    run.refresh_from_db()
    return (
        run.state,
        sorted(run.pairings.values_list("pk", "mentor_id", "is_locked", "is_removed", "request_id")),
        run.left_out.count(),
        run.changes.count(),
        Request.objects.count(),
    )


@pytest.mark.parametrize("actor", ["mentee", "mentor", "stranger", "former admin"])
def test_whoever_is_no_admin_here_finds_nothing_and_changes_nothing(cast, second, run, client_of, actor):
    if actor == "former admin":
        Membership.objects.filter(pk=cast.admin.pk).update(is_admin=False, is_mentee=True)
        client = client_of(cast.admin.person)
    else:
        client = client_of(cast.stranger if actor == "stranger" else getattr(cast, actor).person)
    pairing, other = pairing_of(run, cast.mentee), pairing_of(run, second)
    form = {"other": str(other.pk), "mentee": str(cast.mentee.pk), "mentor": str(cast.mentor.pk)}
    before = snapshot(run)
    for method, name in ON_RUN:
        assert getattr(client, method)(url(name, run), form).status_code == 404, name
    for method, name in ON_PAIRING:
        assert getattr(client, method)(url(name, pairing), form).status_code == 404, name
    assert client.get(reverse("matching:match-run-list", args=[cast.program.slug])).status_code == 404
    assert client.post(reverse("matching:match-run-new", args=[cast.program.slug])).status_code == 404
    assert snapshot(run) == before


def test_reading_changes_nothing_and_writing_takes_a_post(cast, run, desk):
    pairing = pairing_of(run, cast.mentee)
    before = snapshot(run)
    for method, name in ON_RUN:
        if method == "post" and ("get", name) not in ON_RUN:
            assert desk.get(url(name, run)).status_code == 405
    for name in ("pairing-lock", "pairing-unlock"):
        assert desk.get(url(name, pairing)).status_code == 405
    desk.get(url("match-run-publish", run))
    desk.get(url("pairing-remove", pairing))
    desk.get(url("match-run-assign", run), {"mentee": str(cast.mentee.pk)})
    desk.get(url("pairing-swap", pairing))
    assert snapshot(run) == before


@pytest.mark.parametrize("half", ["mentee", "mentor"])
def test_an_admin_neither_sees_nor_touches_their_own_pairing(cast, second, run, client_of, half):
    member = getattr(cast, half)
    Membership.objects.filter(pk=member.pk).update(is_admin=True)
    client = client_of(member.person)
    own, other = pairing_of(run, cast.mentee), pairing_of(run, second)
    services.record(
        run, cast.admin.person, RunChange.Action.LOCK, "Locked Amara Eze and Leila Haddad", timezone.now(),
        concerns=[cast.mentee.person_id, cast.mentor.person_id],
    )  # fmt: skip
    page = client.get(url("match-run-detail", run))
    assert [pairing.pk for pairing, _ in page.context["rows"]] == [other.pk]
    assert "decided by another admin" in page.text
    summary = page.context["summary"]
    assert (summary.matched, summary.total) == (1, other.points)  # no figure tells of the own pairing
    (listed,) = client.get(reverse("matching:match-run-list", args=[cast.program.slug])).context["page"]
    assert (listed.matched, listed.total) == (1, other.points)
    assert "Locked Amara Eze" not in page.text
    assert cast.mentor.person.name not in {load.name for load in page.context["load"] if load.pairings}
    before = snapshot(run)
    for method, name in ON_PAIRING:
        assert getattr(client, method)(url(name, own), {"other": str(other.pk)}).status_code == 404
    assert client.post(url("pairing-swap", other), {"other": str(own.pk)}).status_code == 404
    assert client.get(url("pairing-swap", other)).context["swaps"] == []
    assert snapshot(run) == before


def test_an_admin_reads_of_no_removed_pairing_of_their_own(cast, run, desk, client_of):
    desk.post(url("pairing-remove", pairing_of(run, cast.mentee)))
    Membership.objects.filter(pk=cast.mentor.pk).update(is_admin=True)
    page = client_of(cast.mentor.person).get(url("match-run-detail", run))
    assert "Ada Admin removed the pairing." in page.text
    assert "with Leila Haddad" not in page.text


@pytest.mark.parametrize("half", ["mentee", "mentor"])
def test_no_forecast_moves_or_names_the_admin_who_reads_it(cast, second, run, client_of, half):
    """Without the admin's own place nothing else can be done than to leave Bruno out."""
    Membership.objects.filter(pk=getattr(cast, half).pk).update(is_admin=True)
    client = client_of(getattr(cast, half).person)
    page = client.get(url("pairing-remove", pairing_of(run, second)))
    solved = page.context["solved"]
    assert getattr(cast, half).person.name not in {name for line in solved.lines for name in line[:3]}
    page = client.get(url("match-run-assign", run), {"mentee": str(second.pk)})
    assert getattr(cast, half).person.name not in {card["row"].name for card in page.context["cards"]}


def test_an_admin_does_not_assign_themselves(cast, run, desk, client_of):
    desk.post(url("pairing-remove", pairing_of(run, cast.mentee)))
    form = {"mentee": str(cast.mentee.pk), "mentor": str(cast.mentor.pk)}
    Membership.objects.filter(pk__in=[cast.mentee.pk, cast.mentor.pk]).update(is_admin=True)
    for member in (cast.mentee, cast.mentor):
        assert client_of(member.person).post(url("match-run-assign", run), form).status_code == 404
    page = client_of(cast.mentor.person).get(url("match-run-assign", run), {"mentee": form["mentee"]})
    assert "Leila Haddad" not in {card["row"].name for card in page.context["cards"]}
    assert not run.pairings.standing().filter(mentee=cast.mentee).exists()


def test_desk_costs_the_same_queries_for_two_pairings_and_for_six(cast, run, desk):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(url("match-run-detail", run)).status_code == 200
        return len(captured)

    desk.get(url("match-run-detail", run))
    few = queries()
    for n in range(4):
        factories.make_goal(factories.make_mentee(cast.program, name=f"Mentee {n}", offers={"sql": ""}))
        factories.make_mentor(cast.program, name=f"Mentor {n}")
    services.solve_again(run_id=run.pk, by=cast.admin.person, now=timezone.now())
    solve_match_run(str(run.pk))
    assert Pairing.objects.standing().count() == 6
    assert queries() == few


def test_desk_says_how_long_each_stage_took(run, desk):
    MatchRun.objects.update(
        proof=run.proof | {"seconds": {"save": 0.3, "read": 1.24, "left out": 0.0, "solve": 2.0}}
    )
    seconds = desk.get(url("match-run-detail", run)).context["seconds"]
    assert seconds["total"] == "3.5 seconds"
    assert [(stage["label"], stage["took"]) for stage in seconds["stages"]] == [
        ("reading people", "1.2 s"),
        ("solving", "2.0 s"),
        ("saving", "0.3 s"),
    ]
