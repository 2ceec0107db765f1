"""How close two texts are in their letters: the cosine of character trigrams, the rare ones counting more.

It knows nothing of meaning ("public speaking" and "rhetoric" share little), works in any language, needs no
model, and gives the same figures on every machine: trigrams are hashed by arithmetic of our own (Python's
hash() differs from process to process), and vectors are rounded to a fixed grid before they are multiplied,
so that sums come out the same in whatever order a machine adds them.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BUCKET_BITS = 13
BUCKETS = 1 << BUCKET_BITS  # trigrams are hashed into this many; two that meet by chance add a little noise
BLOCK = 1024  # texts compared at a time, to bound the memory
GRID = float(1 << 25)  # products of two such numbers add up exactly in 53 bits

_END = 0x0A  # between texts; no trigram crosses it


def closeness(queries: Sequence[str], texts: Sequence[str]) -> NDArray[np.float64]:
    """(len(queries), len(texts)) in 0..1: cosine of TF-IDF vectors of character trigrams.

    A trigram counts (1 + ln count) * idf, where idf = 1 + ln((1 + texts) / (1 + texts that hold it)) is taken
    over `texts` alone, so that a query gets the same figures alone as among others. An empty text is 0
    to all.
    """
    result = np.zeros((len(queries), len(texts)))
    query_text, query_bucket, query_count = _trigrams(queries)
    text, bucket, count = _trigrams(texts)
    if not query_text.size or not text.size:
        return result
    idf = 1 + np.log((1 + len(texts)) / (1 + np.bincount(bucket, minlength=BUCKETS)))
    value = _unit_values(text, count, idf[bucket], len(texts))
    query_value = _unit_values(query_text, query_count, idf[query_bucket], len(queries))

    columns, column = np.unique(query_bucket, return_inverse=True)  # what no query holds adds nothing
    place = np.full(BUCKETS, -1)
    place[columns] = np.arange(columns.size)
    dense = np.zeros((len(queries), columns.size))
    dense[query_text, column] = query_value
    asked = place[bucket] >= 0
    text, at, value = text[asked], place[bucket[asked]], value[asked]
    for first in range(0, len(texts), BLOCK):
        low, high = np.searchsorted(text, (first, first + BLOCK))
        block = np.zeros((min(BLOCK, len(texts) - first), columns.size))
        block[text[low:high] - first, at[low:high]] = value[low:high]
        result[:, first : first + BLOCK] = dense @ block.T
    return np.clip(result, 0.0, 1.0, out=result)


def _unit_values(
    text: NDArray[np.intp], count: NDArray[np.intp], idf: NDArray[np.float64], texts: int
) -> NDArray[np.float64]:
    value = (1 + np.log(np.arange(1, count.max() + 1)))[count - 1] * idf
    length = np.sqrt(np.bincount(text, weights=value * value, minlength=texts))
    value /= length[text]
    return np.rint(value * GRID) / GRID


def _trigrams(
    texts: Sequence[str],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Sorted by text and bucket: (text, bucket, how often), one entry for each trigram that a text holds."""
    letters = _letters(texts)
    end = letters == _END
    within = ~(end[:-2] | end[1:-1] | end[2:])
    mixed = letters[:-2] * np.uint32(0x9E3779B1)
    mixed ^= letters[1:-1] * np.uint32(0x85EBCA77)
    mixed ^= letters[2:] * np.uint32(0xC2B2AE3D)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x2C1B3C6D)
    bucket = (mixed[within] >> np.uint32(32 - BUCKET_BITS)).astype(np.uint16)
    size = np.maximum(np.diff(np.flatnonzero(end), prepend=-1, append=letters.size) - 3, 0)  # of each text
    stops = np.cumsum(size).tolist()
    for first, stop in zip([0, *stops], stops, strict=False):
        bucket[first:stop].sort()  # many short sorts of 16 bits take a tenth of the time of a long one
    text = np.repeat(np.arange(size.size), size)
    new = np.ones(bucket.size, dtype=bool)
    new[1:] = (bucket[1:] != bucket[:-1]) | (text[1:] != text[:-1])
    starts = np.flatnonzero(new)
    return text[starts], bucket[starts].astype(np.intp), np.diff(starts, append=bucket.size)


def _letters(texts: Sequence[str]) -> NDArray[np.uint32]:
    """Code points of ' one \\n two ': lower case, no accents, one space for all that is not a letter."""
    joined = " \n ".join(text.replace("\n", " ") for text in texts)
    plain = unicodedata.normalize("NFKD", joined.casefold())
    codes = np.frombuffer(f"  {plain}  ".encode("utf-32-le"), dtype=np.uint32)
    codes = codes[(codes < 0x300) | (codes > 0x36F)]  # combining accents
    codes = np.where(_no_letter(codes), np.uint32(0x20), codes)
    repeated = (codes[1:] == 0x20) & (codes[:-1] == 0x20)
    return codes[np.concatenate(([True], ~repeated))]


_ASCII = np.array([not re.match(r"[0-9a-z\n]", chr(code)) for code in range(128)])


def _no_letter(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """ASCII, Latin, general and Chinese punctuation; what else there is counts as a letter."""
    small = _ASCII[np.minimum(codes, 127)] & (codes < 128)
    return (
        small
        | ((codes >= 0x80) & (codes < 0xC0))
        | ((codes >= 0x2000) & (codes < 0x2070))
        | ((codes >= 0x3000) & (codes < 0x3040))
    )
