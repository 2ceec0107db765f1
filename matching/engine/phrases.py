"""The sentences of explanations, each for three readers: the mentee, the mentor, and a program admin.

The reader is "you"; to a mentee or a mentor the other is "they" or goes without saying, to an admin both have
names. Skills and languages come in as named, so their names should read well inside a sentence.
"""

from dataclasses import dataclass
from typing import Literal

Voice = Literal["mentee", "mentor", "admin"]


@dataclass(frozen=True)
class Phrase:
    mentee: str
    mentor: str
    admin: str

    def to(self, voice: Voice, **words: str) -> str:
        template: str = getattr(self, voice)
        return template.format(**words)


COVERS = Phrase(
    "Covers {part} you want: {skills}",
    "You cover {part} they want: {skills}",
    "{mentor} covers {part} {mentee} wants: {skills}",
)
SHOWN = Phrase(
    "Has shown {skills} in their accomplishments",
    "You have shown {skills} in your accomplishments",
    "{mentor} has shown {skills} in their accomplishments",
)
CLOSE = Phrase(
    "Offers {offered}, close to {wanted}, which you want",
    "Your {offered} is close to {wanted}, which they want",
    "{mentor} offers {offered}, close to {wanted}, which {mentee} wants",
)
TIMES = Phrase("Free with you on {times}", "Free with you on {times}", "Both are free on {times}")
WISHES = Phrase(
    "Would like to learn the {skills} you offer",
    "Offers the {skills} you would like to learn",
    "{mentor} would like to learn the {skills} {mentee} offers",
)
WISHES_CLOSE = Phrase(
    "Would like to learn {wish}, close to {offer}, which you offer",
    "Offers {offer}, close to {wish}, which you would like to learn",
    "{mentor} would like to learn {wish}, close to {offer}, which {mentee} offers",
)
ALIKE = Phrase(
    "Says of their work what is close in meaning to your goal",
    "Their goal is close in meaning to what you say of your work",
    "What {mentor} says of their work is close in meaning to {mentee}'s goal",
)
ALIKE_QUOTED = Phrase(
    "Says “{mentor_says}”, close in meaning to your “{goal_says}”",
    "You say “{mentor_says}”, close in meaning to their “{goal_says}”",
    "{mentor} says “{mentor_says}”, close in meaning to {mentee}'s “{goal_says}”",
)
LEARNING = Phrase(
    "Has learned new things recently and says what they changed",
    "Your recent learning records count in your favour",
    "{mentor} has several recent learning records",
)
FELT_UNDERSTOOD = Phrase(
    "",  # what raters said is not for other mentees' eyes
    "Your mentees say that they feel understood",
    "Mentees of {mentor} say that they feel understood",
)
SPEAK = Phrase(
    "You both speak {language} well", "You both speak {language} well", "Both speak {language} well"
)

LACKS_MOST = Phrase(
    "Does not offer {skills}, which {matters} most to you",
    "You do not offer {skills}, which {matters} most to them",
    "{mentor} does not offer {skills}, which {matters} most to {mentee}",
)
LACKS = Phrase(
    "Does not offer {skills}",
    "You do not offer {skills}, which they want too",
    "{mentor} does not offer {skills}",
)
MODEST = Phrase(
    "Offers {skills} at a modest level",
    "You offer {skills} at a modest level",
    "{mentor} offers {skills} at a modest level",
)
NO_TIME = Phrase(
    "No half hour of the week is free for both of you",
    "No half hour of the week is free for both of you",
    "No half hour of the week is free for both",
)
LITTLE_TIME = Phrase(
    "Only {count} a week {is_are} free for both of you",
    "Only {count} a week {is_are} free for both of you",
    "Only {count} a week {is_are} free for both",
)
SPLIT_TIME = Phrase(
    "Your free times meet, but never for a whole session at a stretch",
    "Your free times meet, but never for a whole session at a stretch",
    "Their free times meet, but never for a whole session at a stretch",
)
WISHES_MISSED = Phrase(
    "Nothing you offer is among what they would like to learn",
    "Nothing they offer is among what you would like to learn",
    "Nothing {mentee} offers is among what {mentor} would like to learn",
)
NOT_LEARNING = Phrase(
    "Has no recent learning record",
    "You have no recent learning record",
    "{mentor} has no recent learning record",
)
NO_LANGUAGE = Phrase(
    "You share no language that both of you can work in",
    "You share no language that both of you can work in",
    "They share no language that both can work in",
)
HALTING = Phrase(
    "Your shared language, {language}, is not fluent on both sides",
    "Your shared language, {language}, is not fluent on both sides",
    "Their shared language, {language}, is not fluent on both sides",
)

# Why a mentee was left out: (to the mentee, to an admin).
LEFT_OUT = {
    "no_mentors": ("The program has no mentors yet.", "The program has no mentors yet."),
    "not_allowed": (
        "No mentor of the program can be proposed to you.",
        "No mentor may be proposed to {mentee}: pauses, reporting lines, exclusions or forbidden pairs.",
    ),
    "no_language": (
        "No mentor of the program shares a language with you that both can work in.",
        "No mentor shares a language with {mentee} that both can work in.",
    ),
    "neither": (
        "No mentor who could be proposed to you shares a language with you that both can work in.",
        "No mentor who may be proposed to {mentee} shares a language with them that both can work in.",
    ),
    "no_time": (
        "No mentor who could work with you keeps a half hour of the week free at the same time.",
        "No mentor who could work with {mentee} keeps a half hour of the week free at the same time.",
    ),
    "must_have": (
        "No mentor who could work with you has what this program requires of a pair: {required}.",
        "No mentor who could work with {mentee} has what this program requires of a pair: {required}.",
    ),
    "no_time_or_must_have": (
        "Every mentor who could work with you lacks a half hour of the week at the same time, "
        "or what this program requires of a pair: {required}.",
        "Every mentor who could work with {mentee} lacks a half hour of the week at the same time, "
        "or what this program requires of a pair: {required}.",
    ),
    "no_places": (
        "Every mentor who could work with you has all their places taken.",
        "Nobody who could work with {mentee} had a free place before this run: {mentors}.",
    ),
    "full": (
        "Every mentor who could work with you is full.",
        "All who could work with {mentee} are full: {mentors}. "
        "One more place with any of them would make room for {mentee}.",
    ),
    "full_one": (
        "The one mentor who could work with you is full.",
        "Only {mentors} could work with {mentee}, and is full. "
        "One more place there would make room for {mentee}.",
    ),
}
