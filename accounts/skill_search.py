"""Skills by what people type: the beginning of a name, a synonym, or something mistyped.

In memory, over some three hundred skills and their thousand names: a search reads the list in two queries
and takes a few milliseconds, needs no index and no table kept in step, and sees each program's own names
and merges as they are now. The measure is that of pg_trgm: letters three by three, of which typing errors
leave most alone.
"""

from functools import lru_cache
from typing import NamedTuple

from accounts.plain import plain
from accounts.vocabulary import Called, Vocabulary

MOST_LETTERS = 80  # a name has no more
_NEAR = 0.6  # share of the typed letters, three by three, from which a name is worth showing
_SURE = 0.5  # likeness from which what was typed can only be a mistyped name …
_SWAPPED = 0.8
_AHEAD = 0.12  # … where no other is nearly as like


class Found(NamedTuple):
    skill: Called
    parent: str
    by: str  # the synonym or other name that was found, if it is not the skill's own


@lru_cache(maxsize=16384)
def _known(name: str) -> tuple[str, frozenset[str]]:
    words = plain(name)
    return words, _threes(words)


def _threes(words: str, *, is_whole: bool = True) -> frozenset[str]:
    """Three by three, with two spaces before each word and one behind; half typed, none behind the last."""
    found = {f"  {word} "[start : start + 3] for word in words.split() for start in range(len(word) + 1)}
    if not is_whole and words:
        last = words.split()[-1]
        found.discard(f"  {last} "[-3:])
    return frozenset(found)


def find(vocabulary: Vocabulary, typed: str, limit: int) -> list[Found]:
    """Best first: the name itself, its beginnings, those of other names, then what is merely like it."""
    words = plain(typed[:MOST_LETTERS])
    if not words:
        return []
    asked, half = _threes(words), _threes(words, is_whole=False)
    ranked = []
    for pk, names in vocabulary.words.items():
        best = min((*_rank(words, asked, half, name, place > 0), name) for place, name in enumerate(names))
        if best[0] < _TOO_FAR:
            ranked.append((*best[:2], names[0].casefold(), pk, best[2]))
    return [_found(vocabulary, pk, by) for *_, pk, by in sorted(ranked)[:limit]]


_TOO_FAR = 9


def _rank(
    words: str, asked: frozenset[str], half: frozenset[str], name: str, is_other: bool
) -> tuple[int, float]:
    """How well a name answers, lower is better: how it was found, then how unlike it is."""
    own, threes = _known(name)
    unlike = 1 - likeness(words, asked, name)
    if own == words:
        return int(is_other), 0.0
    if own.startswith(words):
        return 2 + is_other, unlike
    parts = own.split()
    if all(any(part.startswith(word) for part in parts) for word in words.split()):
        return 4 + is_other, unlike
    if unlike <= 1 - _SWAPPED or (half and len(half & threes) / len(half) >= _NEAR):
        return 6, unlike
    return _TOO_FAR, unlike


def likeness(words: str, asked: frozenset[str], name: str) -> float:
    """0 to 1: what the two have in common of what either has (Dice). Letters swapped, the commonest slip,
    cost a short word most of its threes: the same letters in another order are alike."""
    own, threes = _known(name)
    common = 2 * len(asked & threes) / (len(asked) + len(threes)) if asked or threes else 0.0
    return max(common, _SWAPPED) if sorted(own) == sorted(words) else common


def _found(vocabulary: Vocabulary, pk: int, by: str) -> Found:
    called = vocabulary.of(pk)
    assert called is not None
    parent = vocabulary.parent_of(pk)
    return Found(called, parent.name if parent else "", "" if plain(by) == plain(called.name) else by)


class Meant(NamedTuple):
    """The one skill that can have been meant, or else those that may have been."""

    skill: int | None
    choices: list[str]


def meant(vocabulary: Vocabulary, typed: str) -> Meant:
    """A name or synonym as it is; else a mistyped one where a single skill is clearly the likest."""
    words = plain(typed[:MOST_LETTERS])
    if not words:
        return Meant(None, [])
    asked = _threes(words)
    exact: dict[bool, set[int]] = {True: set(), False: set()}
    like: list[tuple[float, int]] = []
    for pk, names in vocabulary.words.items():
        for place, name in enumerate(names):
            if _known(name)[0] == words:
                exact[place == 0].add(pk)
        like.append((max(likeness(words, asked, name) for name in names), pk))
    for same in (exact[True], exact[False]):
        if len(same) == 1:
            return Meant(same.pop(), [])
    first, second = sorted(like, reverse=True)[:2] if len(like) > 1 else (*like, (0.0, 0))
    if not (exact[True] or exact[False]) and first[0] >= _SURE and first[0] - second[0] >= _AHEAD:
        return Meant(first[1], [])
    return Meant(None, [found.skill.name for found in find(vocabulary, typed, 3)])
