"""IDX files: what is read, and those that lie."""

import gzip
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.support.idx_files import (
    CODES,
    PAIR,
    array_or_refusal,
    header,
    idx_bytes,
    load_bytes,
    peak_memory,
)
from tinyae import datasets


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A folder for Hypothesis, which does not accept a fixture that is new for every test."""
    return tmp_path_factory.mktemp("idx")


# ------------------------------------------------------------------------------------ load_idx


@given(
    array=st.sampled_from(sorted(CODES)).flatmap(
        lambda kind: hnp.arrays(
            kind,
            hnp.array_shapes(min_dims=1, max_dims=4),
            elements={"allow_nan": False} if kind[0] == "f" else None,
        )
    ),
    gzipped=st.booleans(),
)
def test_idx_round_trip(scratch, array, gzipped):
    content = idx_bytes(array)
    loaded = load_bytes(scratch, gzip.compress(content) if gzipped else content)
    assert loaded.dtype == array.dtype
    assert loaded.dtype.isnative
    assert loaded.flags.writeable
    np.testing.assert_array_equal(loaded, array)


def test_idx_numbers_are_big_endian(tmp_path):
    content = header(0x0B, (2,)) + b"\x01\x02\xff\xfe"
    np.testing.assert_array_equal(load_bytes(tmp_path, content), np.array([258, -2], np.int16))


def test_idx_goes_by_content_not_by_extension(tmp_path):
    plain, packed = tmp_path / "plain.gz", tmp_path / "packed"
    plain.write_bytes(PAIR)
    packed.write_bytes(gzip.compress(PAIR))
    for path in (plain, str(packed)):
        np.testing.assert_array_equal(datasets.load_idx(path), [[30, 40]])


def test_idx_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        datasets.load_idx(tmp_path / "absent")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cut short: its header takes 4 bytes, but 0"),
        (PAIR[:9], "cut short: its header takes 8 bytes, but 5"),
        (PAIR[:-1], r"cut short: its array of shape \(1, 2\) takes 2 bytes, but 1"),
        (PAIR + b"\0", r"goes on after the array of shape \(1, 2\)"),
        (b"\x01" + PAIR[1:], "not an IDX file: it begins with 01 00 08 02"),
        (b"PK\x03\x04", "not an IDX file"),
        (header(0x0A, (1,)) + b"\0", "IDX type 0a; expected one of 08, 09, 0b, 0c, 0d, 0e"),
        (header(0x08, ()), "declares 0 dimensions"),
        (header(0x08, (1,) * 65) + b"\0", "declares 65 dimensions; expected 1 to 64"),
        (header(0x08, (2, 0, 3)), r"is empty: it declares the shape \(2, 0, 3\)"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_idx_refuses(tmp_path, content, message, pack):
    with pytest.raises(ValueError, match=f"some-file.*{message}"):
        load_bytes(tmp_path, pack(content))


def test_idx_takes_as_many_dimensions_as_numpy(tmp_path):
    assert load_bytes(tmp_path, header(0x08, (1,) * 64) + b"\7").shape == (1,) * 64


@pytest.mark.parametrize("shape", [(2**32 - 1,), (2**32 - 1,) * 2, (2**31,) * 64])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_idx_does_not_allocate_what_a_header_claims(tmp_path, shape, pack):
    content = pack(header(0x0E, shape) + bytes(100))

    def load():
        with pytest.raises(ValueError, match=f"takes {8 * math.prod(shape)} bytes, but 100 are"):
            load_bytes(tmp_path, content)

    assert peak_memory(load) < 4e6


def test_idx_stops_a_gzip_bomb_where_its_header_ends(tmp_path):
    bomb = gzip.compress(PAIR + bytes(50_000_000), compresslevel=1)

    def load():
        with pytest.raises(ValueError, match="goes on after"):
            load_bytes(tmp_path, bomb)

    assert peak_memory(load) < 4e6


def test_idx_every_truncation_and_every_damaged_byte_of_a_gzip_file(tmp_path):
    array = np.arange(60, dtype=np.int16).reshape(3, 20)
    packed = gzip.compress(idx_bytes(array))
    for end in range(len(packed)):
        with pytest.raises(ValueError, match="some-file"):
            load_bytes(tmp_path, packed[:end])
    refused = 0
    for position in range(len(packed)):
        damaged = bytearray(packed)
        damaged[position] ^= 0xFF
        loaded = array_or_refusal(tmp_path, damaged)
        if loaded is None:
            refused += 1
        else:  # gzip's own header holds a date and the like, which do not matter
            np.testing.assert_array_equal(loaded, array)
    assert refused >= len(packed) - 10


@pytest.mark.parametrize("tail", [b"garbage", gzip.compress(b"more")], ids=["garbage", "stream"])
def test_idx_refuses_what_follows_a_gzip_stream(tmp_path, tail):
    with pytest.raises(ValueError, match=r"some-file (is a damaged gzip file|goes on after)"):
        load_bytes(tmp_path, gzip.compress(PAIR) + tail)


@given(content=st.binary(max_size=64), start=st.sampled_from([b"", b"\0\0", b"\x1f\x8b\x08"]))
def test_idx_arbitrary_bytes_give_an_array_or_a_value_error(scratch, content, start):
    loaded = array_or_refusal(scratch, start + content)
    assert loaded is None or loaded.size > 0
