"""Which pairs may be formed at all. What is infeasible is never a low score: such a pair does not exist."""

from enum import IntFlag

WORKING_FLUENCY = 0.5  # of both, in the same language, to work together in it


class Infeasible(IntFlag):
    """Why a pair cannot be; several may hold at once."""

    NOT_ALLOWED = 1  # themselves, their reporting line, an exclusion, a pause; which is not ours to tell
    NO_LANGUAGE = 2
    NO_TIME = 8  # no half hour of the week in common, where the settings ask for one
    MUST_HAVE = 16  # a part lies below what the settings ask for
