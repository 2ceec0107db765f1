import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import DEFAULT_WEIGHTS, Allowed, explain, explain_all, why_left_out
from matching.engine.explain import Quote, best_for
from tests.matching.engine.cast import (
    LANGUAGES,
    MONDAY,
    crowd,
    make_mentee,
    make_mentor,
    reorder,
    row,
    scoring,
    week,
)


def reasons(mentee=None, mentor=None, voice="mentee", zone="UTC", weights=None, languages=LANGUAGES):
    found = scoring(mentee, mentor, weights)
    return explain(found, 0, 0, zone=zone, on=MONDAY, voice=voice, languages=languages)


def many(make, names, **over):
    """The same person under each of these names, but for what is given."""
    repeated = {
        name: np.repeat(values, len(names), axis=0)
        for name, values in vars(make()).items()
        if isinstance(values, np.ndarray) and not name.startswith("record_")
    }
    return make(**repeated | {"ids": names, "names": names} | over)


def two(make, **over):
    return many(make, ("One", "Two"), **over)


# The named pair, in whole, to each of the three readers


def test_explain_speaks_to_the_mentee():
    said = reasons()
    assert said.reasons_for == (
        "Covers 3 of the 4 skills you want: SQL, negotiation, public speaking",
        "Has shown SQL in their accomplishments",
        "Free with you on Tuesday and Thursday mornings",
        "Would like to learn the budgeting you offer",
        "Says of their work what is close in meaning to your goal",
        "You both speak English well",
    )
    assert said.reasons_against == ("Does not offer coalitions", "Has no recent learning record")


def test_explain_speaks_to_the_mentor():
    said = reasons(voice="mentor")
    assert said.reasons_for == (
        "You cover 3 of the 4 skills they want: SQL, negotiation, public speaking",
        "You have shown SQL in your accomplishments",
        "Free with you on Tuesday and Thursday mornings",
        "Offers the budgeting you would like to learn",
        "Their goal is close in meaning to what you say of your work",
        "You both speak English well",
    )
    assert said.reasons_against == (
        "You do not offer coalitions, which they want too",
        "You have no recent learning record",
    )


def test_explain_speaks_to_an_admin():
    said = reasons(voice="admin")
    assert said.reasons_for == (
        "Jonas Weber covers 3 of the 4 skills Amara Obi wants: SQL, negotiation, public speaking",
        "Jonas Weber has shown SQL in their accomplishments",
        "Both are free on Tuesday and Thursday mornings",
        "Jonas Weber would like to learn the budgeting Amara Obi offers",
        "What Jonas Weber says of their work is close in meaning to Amara Obi's goal",
        "Both speak English well",
    )
    assert said.reasons_against == (
        "Jonas Weber does not offer coalitions",
        "Jonas Weber has no recent learning record",
    )


# Skills


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (row(sql=1), "Covers the skill you want: SQL"),
        (row(sql=1, negotiation=2), "Covers both skills you want: negotiation, SQL"),
        (
            row(sql=1, negotiation=1, speaking=1),
            "Covers all 3 skills you want: SQL, negotiation, public speaking",
        ),
        (row(sql=1, coalitions=1), "Covers 1 of the 2 skills you want: SQL"),
    ],
)
def test_explain_counts_the_skills_covered(wanted, said):
    mentor = make_mentor(level=row(sql=1, data=1, speaking=1, negotiation=1))
    assert reasons(make_mentee(wanted=wanted), mentor).reasons_for[0] == said


def test_explain_names_what_matters_most_and_is_missing():
    mentee = make_mentee(wanted=row(budgeting=3, coalitions=1, speaking=2))
    assert reasons(mentee).reasons_against[:2] == (
        "Does not offer budgeting, which matters most to you",
        "Does not offer coalitions",
    )
    mentee = make_mentee(wanted=row(budgeting=3, coalitions=3, speaking=2))
    assert reasons(mentee).reasons_against[0] == (
        "Does not offer budgeting and coalitions, which matter most to you"
    )


def test_explain_says_nothing_of_most_where_all_matter_alike():
    mentee = make_mentee(wanted=row(budgeting=2, coalitions=2))
    assert reasons(mentee).reasons_against[0] == "Does not offer budgeting or coalitions"


def test_explain_names_a_related_skill_for_one_that_is_not_offered():
    mentee = make_mentee(wanted=row(statistics=2))
    said = reasons(mentee, make_mentor(level=row(data=0.75, sql=0.5)))
    assert said.reasons_for[0] == "Offers data analysis, close to statistics, which you want"
    assert "statistics" not in " ".join(said.reasons_against)


def test_explain_says_when_a_skill_is_offered_at_a_modest_level():
    said = reasons(make_mentee(wanted=row(sql=2)), make_mentor(level=row(sql=0.25)))
    assert said.reasons_for[0] == "Covers the skill you want: SQL"
    assert said.reasons_against[0] == "Offers SQL at a modest level"


# Time


def test_explain_names_times_in_the_readers_zone():
    assert "Free with you on Tuesday and Thursday evenings" in reasons(zone="Asia/Tokyo").reasons_for
    assert "Free with you on Tuesday and Thursday afternoons" in reasons(zone="Asia/Kathmandu").reasons_for


@pytest.mark.parametrize(
    ("free", "said"),
    [
        ([], "No half hour of the week is free for both of you"),
        ([("Tue", 9, 9.5)], "Only one half hour a week is free for both of you"),
        ([("Tue", 9, 9.5), ("Thu", 9, 9.5)], "Only two half hours a week are free for both of you"),
        (
            [("Tue", 9, 9.5), ("Tue", 10, 10.5), ("Thu", 9, 9.5)],
            "Your free times meet, but never for a whole session at a stretch",
        ),
    ],
)
def test_explain_says_when_time_is_short(free, said):
    mentee = make_mentee(half_hours_needed=np.array([3]))
    assert reasons(mentee, make_mentor(free=week(*free))).reasons_against[1] == said


# Reciprocity, language, and what raters said


def test_explain_says_when_no_offer_meets_a_wish():
    said = reasons(make_mentee(offers=row(sql=1)))
    assert "Nothing you offer is among what they would like to learn" in said.reasons_against
    said = reasons(make_mentee(offers=row(sql=1)), make_mentor(wishes=row()))
    assert "Nothing you offer is among what they would like to learn" not in said.reasons_against


def test_explain_names_an_offer_related_to_a_wish():
    said = reasons(make_mentee(offers=row(data=1)), make_mentor(wishes=row(sql=1)))
    assert "Would like to learn SQL, close to data analysis, which you offer" in said.reasons_for


@pytest.mark.parametrize(
    ("fluency", "side", "said"),
    [
        (0.75, "reasons_for", "You both speak English well"),
        (0.5, "reasons_against", "Your shared language, English, is not fluent on both sides"),
        (0.25, "reasons_against", "You share no language that both of you can work in"),
    ],
)
def test_explain_names_the_shared_language(fluency, side, said):
    assert said in getattr(reasons(mentor=make_mentor(languages=np.array([[fluency, 0.0]]))), side)


@pytest.mark.parametrize(
    ("voice", "raters", "said"),
    [
        ("mentor", 3, ["Your mentees say that they feel understood"]),
        ("admin", 3, ["Mentees of One say that they feel understood"]),
        ("mentee", 3, []),
        ("mentor", 2, []),
        ("admin", 2, []),
        ("mentee", 2, []),
    ],
)
def test_explain_speaks_of_empathy_to_mentor_and_admin_and_from_three_raters(voice, raters, said):
    # Two is well rated, so that One's score is high even when it is only the program's mean
    counts = np.array([raters, 50])
    rated = two(make_mentor, rating_sum=counts * 1.0, rating_count=counts)
    unrated = two(make_mentor)
    told, untold = (reasons(mentor=mentor, voice=voice).reasons_for for mentor in (rated, unrated))
    assert [reason for reason in told if reason not in untold] == said


def test_explain_gives_no_reason_for_what_does_not_count():
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0) | {"political": 1}
    said = reasons(weights=weights)
    assert said.reasons_for == ()
    assert said.reasons_against == ("Does not offer coalitions",)


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ("mentee", "Says “I coach speakers”, close in meaning to your “Speak with confidence”"),
        ("mentor", "You say “I coach speakers”, close in meaning to their “Speak with confidence”"),
        (
            "admin",
            "Jonas Weber says “I coach speakers”, close in meaning to Amara Obi's “Speak with confidence”",
        ),
    ],
)
def test_explain_quotes_the_two_sentences_nearest_in_meaning(voice, said):
    quote = Quote("Speak with confidence.", "I coach speakers.")
    told = explain(scoring(), 0, 0, zone="UTC", on=MONDAY, voice=voice, quote=quote)
    assert said in told.reasons_for
    long = explain(scoring(), 0, 0, zone="UTC", on=MONDAY, quote=Quote("speak " * 99, "coach " * 99))
    assert "speak…”" in next(reason for reason in long.reasons_for if "close in meaning" in reason)


# Parts


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["mentee", "mentor", "admin"]))
def test_explain_parts_add_up_to_the_total(seed, voice):
    found = scoring(*crowd(2, 3, seed))
    said = explain(found, 1, 2, zone="Asia/Kathmandu", on=MONDAY, voice=voice, languages=LANGUAGES)
    assert sum(part.points for part in said.parts) == pytest.approx(said.total, abs=1e-9)
    assert sum(part.weight for part in said.parts) == pytest.approx(100)
    points = found.pair_points([1], [2])[0]
    assert points < 0 or said.total == pytest.approx(points / 100, abs=0.006)
    for part in said.parts:
        assert part.points == pytest.approx(part.weight * part.score)
        assert part.applies or part.weight == 0


def test_explain_shows_a_mentee_learning_and_empathy_as_one_part():
    names = [part.name for part in reasons().parts]
    assert "empathy" not in names
    assert "passion" not in names
    assert names[4] == "person"
    assert [part.name for part in reasons(voice="admin").parts] == list(DEFAULT_WEIGHTS)


def test_explain_all_says_the_same_as_one_by_one():
    found = scoring(*crowd(3, 4, seed=8))
    options = {"zone": "UTC", "on": MONDAY, "voice": "admin", "languages": LANGUAGES}
    one_by_one = [explain(found, i, j, **options) for i, j in ((2, 0), (0, 3))]
    assert explain_all(found, [2, 0], [0, 3], **options) == one_by_one
    assert explain_all(found, [], [], **options) == []


# Why nobody


def left_out(mentee=None, mentors=None, apart=(), forbidden=(), capacity=None, best=False, **settings):
    """Why Amara Obi has nobody, to an admin and to her."""
    mentors = make_mentor() if mentors is None else mentors
    allowed = Allowed(np.ones(len(mentors), bool), np.array(apart, dtype=np.intp).reshape(-1, 2))
    found = scoring(mentee, mentors, allowed=allowed, **settings)
    capacity = None if capacity is None else np.array(capacity)
    return tuple(
        why_left_out(
            found,
            0,
            capacity=capacity,
            forbidden=forbidden,
            voice=voice,
            best=best_for(found, np.array([0]), forbidden)[0] if best else (),
        )
        for voice in ("admin", "mentee")
    )


def test_why_left_out_when_the_one_who_fits_is_full():
    assert left_out() == (
        "Only Jonas Weber could work with Amara Obi, and is full. "
        "One more place there would make room for Amara Obi.",
        "The one mentor who could work with you is full.",
    )


def test_why_left_out_when_all_who_fit_are_full():
    assert left_out(mentors=two(make_mentor, capacity=np.array([1, 0]))) == (
        "All who could work with Amara Obi are full: One and Two. "
        "One more place with any of them would make room for Amara Obi.",
        "Every mentor who could work with you is full.",
    )


def test_why_left_out_names_the_best_five_and_counts_the_rest():
    level = np.concatenate([row(sql=better) for better in (0.1, 0.9, 0.5, 0.3, 0.7, 1, 0.8)])
    mentors = many(make_mentor, ("G", "C", "A", "F", "B", "D", "E"), level=level)
    assert left_out(mentors=mentors)[0].startswith(
        "All who could work with Amara Obi are full: A, B, C, D, E and 2 more. "
    )
    assert left_out(mentors=mentors, best=True)[0].startswith(
        "All who could work with Amara Obi are full: D, C, E, B and A, who fit best, and 2 more. "
    )


def test_why_left_out_when_nobody_who_fits_had_a_place():
    told = (
        "Nobody who could work with Amara Obi had a free place before this run: One and Two.",
        "Every mentor who could work with you has all their places taken.",
    )
    assert left_out(mentors=two(make_mentor, capacity=np.array([0, 0]))) == told
    assert left_out(mentors=two(make_mentor), capacity=[0, 0]) == told


def test_why_left_out_when_there_is_no_shared_language():
    mentee = make_mentee(languages=np.array([[0.25, 1.0]]))
    assert left_out(mentee, two(make_mentor)) == (
        "No mentor shares a language with Amara Obi that both can work in.",
        "No mentor of the program shares a language with you that both can work in.",
    )


def test_why_left_out_when_all_are_ruled_out():
    assert left_out(mentors=two(make_mentor), apart=[(0, 0)], forbidden=[(0, 1)]) == (
        "No mentor may be proposed to Amara Obi: pauses, reporting lines, exclusions or forbidden pairs.",
        "No mentor of the program can be proposed to you.",
    )


def test_why_left_out_when_one_is_ruled_out_and_the_other_shares_no_language():
    mentors = two(make_mentor, languages=np.array([[1.0, 0], [0, 0]]))
    assert left_out(mentors=mentors, apart=[(0, 0)])[0] == (
        "No mentor who may be proposed to Amara Obi shares a language with them that both can work in."
    )


def test_why_left_out_when_nobody_has_time():
    mentors = two(make_mentor, free=week(("Sun", 0, 1)).repeat(2, axis=0))
    assert left_out(mentors=mentors, needs_time=True, must_haves={"passion": 1}) == (
        "No mentor who could work with Amara Obi keeps a half hour of the week free at the same time.",
        "No mentor who could work with you keeps a half hour of the week free at the same time.",
    )


def test_why_left_out_when_nobody_has_what_must_be():
    assert left_out(must_haves={"passion": 1}) == (
        "No mentor who could work with Amara Obi has what this program requires of a pair: "
        "Learning passion of 100 or more.",
        "No mentor who could work with you has what this program requires of a pair: "
        "Learning passion of 100 or more.",
    )


def test_why_left_out_when_there_are_no_mentors():
    assert left_out(mentors=reorder(make_mentor(), []))[0] == "The program has no mentors yet."


def test_why_left_out_when_one_lacks_time_and_the_other_what_must_be():
    mentors = two(
        make_mentor,
        free=np.concatenate([week(("Sun", 0, 1)), make_mentor().free]),
        record_owner=np.zeros(40, dtype=int),
        record_age_days=np.zeros(40),
    )
    assert left_out(mentors=mentors, needs_time=True, must_haves={"passion": 1})[0] == (
        "Every mentor who could work with Amara Obi lacks a half hour of the week at the same time, "
        "or what this program requires of a pair: Learning passion of 100 or more."
    )
