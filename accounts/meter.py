"""What a profile holds and lacks, as steps. What each weighs is known to matching, a higher app."""

from dataclasses import dataclass

from accounts.portrait import Portrait


@dataclass(frozen=True)
class Step:
    """Something that a profile may hold, why it helps, and the page (a URL name) on which to add it."""

    key: str
    title: str
    why: str
    url_name: str
    is_done: bool


def steps_of(portrait: Portrait, *, mentors: bool, mentees: bool) -> list[Step]:
    """`mentors`, `mentees`: what the person is anywhere. Steps of both, of the one, of the other."""
    steps = _of_everybody(portrait)
    if mentors:
        steps += _of_mentors(portrait)
    if mentees:
        steps += _of_mentees(portrait)
    return steps


def _of_everybody(portrait: Portrait) -> list[Step]:
    return [
        Step(
            "languages",
            "Your languages",
            "Two people without a shared language are never matched, whatever else they have in common.",
            "accounts:basics",
            bool(portrait.languages),
        ),
        Step(
            "hours",
            "Your hours",
            "Times for sessions are proposed, and counted, where both have hours.",
            "accounts:availability",
            portrait.hours_a_week != "0",
        ),
        Step(
            "headline",
            "A headline",
            "It stands beside your name wherever people choose.",
            "accounts:basics",
            bool(portrait.profile.headline),
        ),
        Step(
            "about",
            "A few words about you",
            "Where you come from and how you work: people read it before they ask or say yes.",
            "accounts:basics",
            bool(portrait.profile.about),
        ),
        Step(
            "learning",
            "A learning record",
            "Passion for learning is seen in what you learnt lately, not in what you say of yourself.",
            "accounts:learning-new",
            bool(portrait.learning),
        ),
    ]


def _of_mentors(portrait: Portrait) -> list[Step]:
    is_backed = any(done.skills.all() for done in portrait.accomplishments)  # fetched with the portrait
    return [
        Step(
            "skills",
            "Your skills",
            "A mentor is found by the skills that a goal asks for; nothing weighs more.",
            "accounts:skills",
            bool(portrait.skill_groups),
        ),
        Step(
            "backing",
            "An accomplishment, with the skills it shows",
            "What you did, and how, says more than a title; a skill with one behind it counts for more.",
            "accounts:accomplishment-new",
            is_backed,
        ),
        Step(
            "wishes",
            "What you would like to learn",
            "Mentoring gives to both: a mentee who can show it to you is a better match.",
            "accounts:exchange",
            bool(portrait.wishes),
        ),
    ]


def _of_mentees(portrait: Portrait) -> list[Step]:
    return [
        Step(
            "offers",
            "What you can offer in return",
            "A mentor who wants to learn it is a better match for you.",
            "accounts:exchange",
            bool(portrait.offers),
        ),
        Step(
            "accomplishment",
            "An accomplishment",
            "What you did, and how: a mentor sees from it where you stand.",
            "accounts:accomplishment-new",
            bool(portrait.accomplishments),
        ),
    ]
