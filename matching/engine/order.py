"""The order of people that settles ties: made from their ids alone, so that it favours nobody."""

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray


def order_of(ids: Sequence[str], role: Literal["mentee", "mentor"]) -> NDArray[np.intp]:
    """The places of ids, in the order of a hash of role and id: the same on every machine."""
    digests = [hashlib.blake2b(f"{role} {one}".encode(), digest_size=16).digest() for one in ids]
    return np.array(sorted(range(len(ids)), key=digests.__getitem__), dtype=np.intp)
