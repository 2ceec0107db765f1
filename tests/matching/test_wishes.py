import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from matching import wishes
from matching.engine import CRITERIA
from matching.models import Emphasis, Preference
from mentoring.programs.models import Exclusion, ReportingLine
from tests import factories
from tests.pages import queries_of

pytestmark = pytest.mark.django_db
NAMES = [criterion.name for criterion in CRITERIA]


def url_of(name, cast):
    return reverse(f"matching:{name}", args=[cast.program.slug])


def ranked(member, *, as_mentor=False):
    rows = Preference.objects.filter(by=member, as_mentor=as_mentor).order_by("rank")
    return list(rows.values_list("rank", "whom"))


# What matters


def test_what_matters_is_kept_and_shown_again(cast, client_of):
    client, url = client_of(cast.mentee.person), url_of("what-matters", cast)

    response = client.post(url, dict.fromkeys(NAMES, "0") | {"time": "1", "passion": "1", "language": "-1"})

    assert response.url == url_of("mentor-list", cast)
    kept = Emphasis.objects.get(membership=cast.mentee)
    assert (kept.more, kept.less) == (["passion", "time"], ["language"])
    form = client.get(url).context["form"]
    assert {name: int(form[name].value()) for name in NAMES} == dict.fromkeys(NAMES, 0) | {
        "time": 1, "passion": 1, "language": -1,
    }  # fmt: skip


def test_what_matters_can_be_taken_back(cast, client_of):
    wishes.keep_emphasis(cast.mentee, {"time": wishes.MORE, "empathy": wishes.LESS})

    client_of(cast.mentee.person).post(url_of("what-matters", cast), dict.fromkeys(NAMES, "0"))

    assert wishes.emphasis_of(cast.mentee) == {}


def test_what_matters_asks_of_what_the_program_weighs_alone_and_keeps_the_rest(cast, client_of):
    wishes.keep_emphasis(cast.mentee, {"time": wishes.MORE})
    factories.set_matching(cast.program, weights={"time": 0}, must_haves={}, tilt=20)
    client, url = client_of(cast.mentee.person), url_of("what-matters", cast)

    page = client.get(url)
    client.post(url, dict.fromkeys(NAMES, "0") | {"time": "-1", "empathy": "1"})

    assert list(page.context["form"].fields) == [name for name in NAMES if name != "time"]
    assert "weighs 20% more" in page.text
    assert wishes.emphasis_of(cast.mentee) == {"time": wishes.MORE, "empathy": wishes.MORE}


def weight_in_list(cast, client, label):
    """How many points of 100 the criterion can give the first mentor of the list."""
    parts = client.get(url_of("mentor-list", cast)).context["cards"][0]["parts"]
    return next(float(part["note"].split()[2]) for part in parts if part["label"] == label)


def test_what_matters_moves_ones_own_list_by_the_tilt_and_nobody_elses(cast, client_of):
    other = factories.make_mentee(cast.program)
    factories.make_goal(other)
    factories.set_matching(
        cast.program, weights=dict.fromkeys(NAMES, 0) | {"time": 50, "empathy": 50}, must_haves={}
    )
    own, others = client_of(cast.mentee.person), client_of(other.person)
    assert weight_in_list(cast, own, "Time") == 50

    wishes.keep_emphasis(cast.mentee, {"time": wishes.MORE, "empathy": wishes.LESS})

    assert weight_in_list(cast, own, "Time") == 65  # 50 × 1.3 of 50 × 1.3 + 50 × 0.7
    assert weight_in_list(cast, others, "Time") == 50


@pytest.mark.parametrize("value", ["2", "", "NaN", "more"])
def test_what_matters_refuses_what_is_no_choice(cast, client_of, value):
    response = client_of(cast.mentee.person).post(
        url_of("what-matters", cast), dict.fromkeys(NAMES, "1") | {"time": value}
    )

    assert list(response.context["form"].errors) == ["time"]
    assert response.context["form"]["empathy"].value() == "1"
    assert not Emphasis.objects.exists()


def test_program_that_weighs_the_same_for_everybody_says_so_and_takes_nothing(cast, client_of):
    factories.set_matching(cast.program, weights={}, must_haves={}, tilt=0)
    client, url = client_of(cast.mentee.person), url_of("what-matters", cast)

    answers = [client.get(url), client.post(url, dict.fromkeys(NAMES, "1"))]

    assert [(answer.status_code, "weighs the same for everybody" in answer.text) for answer in answers] == [
        (200, True)
    ] * 2
    assert 'type="radio"' not in answers[0].text
    assert not Emphasis.objects.exists()


def test_emphasis_is_loaded_in_the_order_of_the_criteria_in_one_query(cast):
    other = factories.make_mentee(cast.program)
    elsewhere = factories.make_member(factories.make_program(), cast.mentee.person)
    wishes.keep_emphasis(cast.mentee, {NAMES[0]: wishes.MORE, NAMES[-1]: wishes.LESS})
    wishes.keep_emphasis(elsewhere, dict.fromkeys(NAMES, wishes.LESS))
    Emphasis.objects.create(membership=other, more=["no longer here"])

    persons = [other.person_id, cast.mentee.person_id, cast.mentee.person_id]
    with CaptureQueriesContext(connection) as queries:
        counts = wishes.load_emphasis(cast.program, persons)

    assert len(queries) == 1
    own = [1, *[0] * (len(NAMES) - 2), -1]
    assert counts.tolist() == [[0] * len(NAMES), own, own]


# Whom one prefers


def test_mentee_ranks_mentors_and_changes_the_order(cast, client_of):
    second = factories.make_mentor(cast.program, name="Zora Best")
    client, url = client_of(cast.mentee.person), url_of("preferred-mentors", cast)

    page = client.get(url)
    assert [one.person.name for one in page.context["page"]] == ["Leila Haddad", "Zora Best"]
    client.post(url, {"order": f"{page.context['after']}{cast.mentor.pk}"})
    client.post(url, {"order": f"{client.get(url).context['after']}{second.pk}"})
    assert ranked(cast.mentee) == [(1, cast.mentor.pk), (2, second.pk)]

    last = client.get(url).context["choices"][1]
    assert client.post(url, {"order": last["up"]}).url == url
    assert ranked(cast.mentee) == [(1, second.pk), (2, cast.mentor.pk)]

    client.post(url, {"order": client.get(url).context["choices"][0]["down"]})
    assert ranked(cast.mentee) == [(1, cast.mentor.pk), (2, second.pk)]


def test_first_goes_no_further_up_and_last_no_further_down(cast, client_of):
    wishes.prefer(cast.mentee, as_mentor=False, order=[cast.mentor.pk])

    only = client_of(cast.mentee.person).get(url_of("preferred-mentors", cast)).context["choices"][0]

    assert only["up"] == only["down"] == str(cast.mentor.pk)


def test_last_of_a_list_can_be_removed_but_nothing_posted_loses_nothing(cast, client_of):
    wishes.prefer(cast.mentee, as_mentor=False, order=[cast.mentor.pk])
    client, url = client_of(cast.mentee.person), url_of("preferred-mentors", cast)

    refused = client.post(url, {})
    assert refused.context["form"].errors == {"order": ["Choose whom to rank."]}
    assert ranked(cast.mentee) == [(1, cast.mentor.pk)]

    client.post(url, {"order": client.get(url).context["choices"][0]["without"]})
    assert ranked(cast.mentee) == []


def test_mentor_ranks_current_mentees_and_is_not_told_who_has_a_goal(cast, client_of):
    factories.make_mentee(cast.program, name="No Goal")
    paused = factories.make_mentee(cast.program, name="Paused")
    paused.is_paused = True
    paused.save(update_fields=["is_paused"])
    gone = factories.make_mentee(cast.program, name="Gone")
    gone.left_at = timezone.now()
    gone.save(update_fields=["left_at"])
    elsewhere = factories.make_mentee(factories.make_program(), name="Elsewhere")
    for member in (paused, gone, elsewhere):
        factories.make_goal(member)
    client, url = client_of(cast.mentor.person), url_of("preferred-mentees", cast)

    page = client.get(url)
    client.post(url, {"order": str(cast.mentee.pk)})

    assert [one.person.name for one in page.context["page"]] == ["Amara Eze", "No Goal"]
    assert ranked(cast.mentor, as_mentor=True) == [(1, cast.mentee.pk)]


def unknown(cast):
    return "00000000-0000-4000-8000-000000000000"


def excluded(cast):
    other = factories.make_mentor(cast.program)
    Exclusion.objects.create(by=other.person, other=cast.mentee.person)
    return other.pk


def senior(cast):
    other = factories.make_mentor(cast.program)
    ReportingLine.objects.create(program=cast.program, junior=cast.mentee.person, senior=other.person)
    return other.pk


def oneself(cast):
    return cast.mentee.pk


@pytest.mark.parametrize(
    "whom",
    [
        unknown,
        excluded,
        senior,
        oneself,
        lambda cast: factories.make_mentor(cast.program, is_paused=True).pk,
        lambda cast: factories.make_mentor(factories.make_program()).pk,
        lambda cast: factories.make_mentee(cast.program).pk,
        lambda cast: cast.mentor.person_id,
    ],
    ids=["unknown", "excluded", "senior", "oneself", "paused", "elsewhere", "mentee", "person"],
)
def test_who_may_not_be_proposed_is_refused_like_somebody_unknown(cast, client_of, whom):
    wishes.prefer(cast.mentee, as_mentor=False, order=[cast.mentor.pk])
    client, url = client_of(cast.mentee.person), url_of("preferred-mentors", cast)

    response = client.post(url, {"order": f"{cast.mentor.pk},{whom(cast)}"})

    assert response.context["form"].errors == {
        "order": ["Somebody on this list cannot be ranked at present. Choose again."]
    }
    assert ranked(cast.mentee) == [(1, cast.mentor.pk)]
    assert [one.person.name for one in response.context["page"]] == []


@pytest.mark.parametrize("order", ["x", ",", "nobody,", "{0},", "{0},{0}", "{0} {0}"])
def test_order_that_cannot_be_read_or_names_one_twice_changes_nothing(cast, client_of, order):
    response = client_of(cast.mentee.person).post(
        url_of("preferred-mentors", cast), {"order": order.format(cast.mentor.pk)}
    )

    assert list(response.context["form"].errors) == ["order"]
    assert ranked(cast.mentee) == []


def test_five_are_the_most(cast, client_of):
    mentors = [factories.make_mentor(cast.program).pk for _ in range(5)]
    wishes.prefer(cast.mentee, as_mentor=False, order=mentors)
    client, url = client_of(cast.mentee.person), url_of("preferred-mentors", cast)

    page = client.get(url)
    refused = client.post(url, {"order": f"{page.context['after']}{cast.mentor.pk}"})

    assert page.context["is_full"]
    assert refused.context["form"].errors == {"order": ["You can rank 5 people at most. Remove one first."]}
    assert ranked(cast.mentee) == list(enumerate(mentors, start=1))


def test_who_can_no_longer_be_proposed_leaves_the_list_without_a_word(cast, client_of):
    second = factories.make_mentor(cast.program)
    wishes.prefer(cast.mentee, as_mentor=False, order=[cast.mentor.pk, second.pk])
    Exclusion.objects.create(by=cast.mentor.person, other=cast.mentee.person)

    page = client_of(cast.mentee.person).get(url_of("preferred-mentors", cast))

    assert [choice["membership"].pk for choice in page.context["choices"]] == [second.pk]
    assert "Leila Haddad" not in page.text


def test_who_is_both_keeps_two_lists(cast, client_of):
    both = factories.make_mentor(cast.program, is_mentee=True)
    client = client_of(both.person)
    client.post(url_of("preferred-mentors", cast), {"order": str(cast.mentor.pk)})
    client.post(url_of("preferred-mentees", cast), {"order": str(cast.mentee.pk)})

    assert ranked(both) == [(1, cast.mentor.pk)]
    assert ranked(both, as_mentor=True) == [(1, cast.mentee.pk)]
    assert url_of("preferred-mentees", cast) in client.get(url_of("preferred-mentors", cast)).text


def test_search_finds_by_name_and_headline_but_not_by_mail_address(cast, client_of):
    found = factories.make_mentor(cast.program, name="Zora Best", headline="Unties knots", email="zz@zz.org")
    client, url = client_of(cast.mentee.person), url_of("preferred-mentors", cast)

    hits = {
        words: [one.pk for one in client.get(url, {"words": words}).context["page"]]
        for words in ("zora", "KNOTS", "zz@zz", "nobody of that name")
    }

    assert hits == {"zora": [found.pk], "KNOTS": [found.pk], "zz@zz": [], "nobody of that name": []}


def test_nobody_else_is_shown_a_list(cast, client_of):
    factories.make_mentor(cast.program, name="Zora Best")
    pages = [
        (cast.mentor, url_of("preferred-mentees", cast)),
        (cast.mentor, reverse("programs:person-detail", args=[cast.program.slug, cast.mentee.person_id])),
        (cast.admin, reverse("programs:member-edit", args=[cast.program.slug, cast.mentee.pk])),
        (cast.admin, url_of("match-run-list", cast)),
        (cast.admin, url_of("match-settings", cast)),
    ]

    def contents():
        answers = [client_of(member.person).get(url) for member, url in pages]
        return [re.sub(r"\b[A-Za-z0-9]{64}\b", "token", answer.text) for answer in answers]

    before = contents()
    wishes.prefer(cast.mentee, as_mentor=False, order=[cast.mentor.pk])

    assert contents() == before


def test_preferences_of_a_program_are_loaded_in_one_query(cast):
    second = factories.make_mentor(cast.program)
    there = factories.make_program()
    stranger = factories.make_mentee(there)
    wishes.prefer(stranger, as_mentor=False, order=[factories.make_mentor(there).pk])
    wishes.prefer(cast.mentee, as_mentor=False, order=[second.pk, cast.mentor.pk])
    wishes.prefer(second, as_mentor=True, order=[cast.mentee.pk])

    with CaptureQueriesContext(connection) as queries:
        found = wishes.preferences_of(cast.program)

    assert len(queries) == 1
    assert found.of_mentees == {cast.mentee.pk: (second.pk, cast.mentor.pk)}
    assert found.of_mentors == {second.pk: (cast.mentee.pk,)}


@pytest.mark.parametrize("name", ["preferred-mentors", "preferred-mentees"])
def test_preferences_ask_as_often_for_one_as_for_many(cast, client_of, name):
    both = factories.make_mentor(cast.program, is_mentee=True)
    client, url = client_of(both.person), url_of(name, cast)
    wishes.prefer(both, as_mentor=False, order=[cast.mentor.pk])
    wishes.prefer(both, as_mentor=True, order=[cast.mentee.pk])
    factories.make_mentor(cast.program)
    factories.make_goal(factories.make_mentee(cast.program))
    queries = queries_of(client, url)

    more = [factories.make_mentor(cast.program).pk for _ in range(3)]
    factories.make_goal(factories.make_mentee(cast.program))
    wishes.prefer(both, as_mentor=False, order=[cast.mentor.pk, *more[:2]])

    assert queries_of(client, url) == queries
