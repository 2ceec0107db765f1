"""Arrays as bytes that a row can hold, and back. No pickle: what is read is never run."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

_FACTS = ".facts"  # no field of ours begins with a dot
_SPARSE = 0.1  # an array with fewer entries than this share of its size is kept as places and entries


def pack(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> bytes:
    """`facts` is what JSON can say beside the arrays. Bits take a bit each, sparse arrays their entries."""
    stored: Arrays = {}
    shapes: dict[str, list[int]] = {}
    for name, array in arrays.items():
        if array.dtype == np.bool_:
            stored[f"{name}.bits"] = np.packbits(array)
        elif array.ndim > 1 and np.count_nonzero(array) < _SPARSE * array.size:
            places = np.flatnonzero(array)
            stored[f"{name}.places"] = places.astype(np.uint32 if array.size < 1 << 32 else np.uint64)
            stored[f"{name}.entries"] = array.ravel()[places]
        else:
            stored[name] = array
            continue
        shapes[name] = list(array.shape)
    said = json.dumps({"shapes": shapes, "facts": facts}).encode()
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **stored, **{_FACTS: np.frombuffer(said, dtype=np.uint8)})
    return buffer.getvalue()


def unpack(packed: bytes | memoryview) -> tuple[Arrays, dict[str, Any]]:
    with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
        arrays: Arrays = dict(stored)
    said = json.loads(arrays.pop(_FACTS).tobytes())
    for name, shape in said["shapes"].items():
        if f"{name}.bits" in arrays:
            size = int(np.prod(shape))
            arrays[name] = np.unpackbits(arrays.pop(f"{name}.bits"), count=size).astype(bool).reshape(shape)
            continue
        entries = arrays.pop(f"{name}.entries")
        whole = np.zeros(int(np.prod(shape)), dtype=entries.dtype)
        whole[arrays.pop(f"{name}.places")] = entries
        arrays[name] = whole.reshape(shape)
    return arrays, said["facts"]
