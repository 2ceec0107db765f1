"""What is packed comes back as it was, whatever its kind."""

import numpy as np
import pytest

from matching.packing import pack, unpack


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.int16).reshape(3, 4),
        np.zeros((0, 5), dtype=np.float32),
        np.zeros((3, 0), dtype=bool),
        np.arange(77) % 3 == 0,
        (np.arange(77) % 3 == 0).reshape(7, 11),
        np.eye(40, dtype=np.float32) * 0.5,
        np.zeros((9, 9), dtype=np.int8),
        np.array([], dtype=np.int64),
        np.array([-(2**62), 2**62]),
    ],
)
def test_pack_keeps_values_kind_and_shape(array):
    arrays, facts = unpack(memoryview(pack({"one": array, "other": np.arange(2)}, {"floor": 3})))
    assert set(arrays) == {"one", "other"}
    assert arrays["one"].dtype == array.dtype
    assert arrays["one"].shape == array.shape
    assert np.array_equal(arrays["one"], array)
    assert arrays["other"].tolist() == [0, 1]
    assert facts == {"floor": 3}


def test_pack_takes_less_for_sparse_arrays_and_bits():
    assert len(pack({"x": np.eye(1000, dtype=np.float32)}, {})) < 20_000
    assert len(pack({"x": np.ones(80_000, dtype=bool)}, {})) < 12_000


def test_pack_refuses_what_only_pickle_could_keep():
    with pytest.raises(ValueError, match="pickle"):
        pack({"x": np.array([object()])}, {})
