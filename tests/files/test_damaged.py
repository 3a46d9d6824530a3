"""Files that broke: cut off, with changed bytes, or other files altogether."""

import io
import os
import random
import zipfile
from itertools import pairwise

import numpy as np
import pytest

import tinyae as tae
from tests.support.hostile_files import KINDS, load_or_refuse, saved
from tinyae.files.archive import ModelFile


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncation_is_refused(kind, tmp_path):
    path = tmp_path / "model.npz"
    whole = saved(kind)
    path.write_bytes(whole)
    assert load_or_refuse(path, kind) is not None
    for length in range(len(whole) - 1, -1, -1):
        os.truncate(path, length)
        assert load_or_refuse(path, kind) is None


def test_what_is_cut_in_the_middle_of_an_array_says_how_much_is_there(tmp_path):
    path = tmp_path / "model.npz"
    whole = saved("autoencoder")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = archive.infolist()
    for member, end in pairwise([*members, None]):
        cut = (end.header_offset if end else archive.start_dir) - 1
        path.write_bytes(whole[:cut])
        with pytest.raises(tae.ModelFormatError) as caught:
            tae.load(path)
        declared = f"'{member.filename}' declares {member.file_size:,} bytes"
        assert f"{declared}, but the file has {cut:,} in all" in str(caught.value)


def test_what_is_cut_after_it_was_opened_is_missed(tmp_path):
    """Whatever stood before in the memory that is read into."""
    path = tmp_path / "model.npz"
    path.write_bytes(saved("autoencoder"))
    with open(path, "r+b") as file:
        opened = ModelFile(file)
        whole = opened.read("parameters")
        file.truncate(file.tell() - 1)
        with pytest.raises(tae.ModelFormatError, match="'parameters' is damaged"):
            opened.read("parameters", whole.copy())


def test_ten_thousand_changed_bytes(tmp_path):
    """What loads in spite of the change is the same model: only unused bytes were hit."""
    path = tmp_path / "model.npz"
    rng = random.Random(0)
    refused = dict.fromkeys(KINDS, 0)
    for kind, count in (("autoencoder", 6_000), ("sequential", 2_000), ("pca", 2_000)):
        whole = saved(kind)
        path.write_bytes(whole)
        original = tae.load(path)
        with open(path, "r+b") as file:
            for _ in range(count):
                place = rng.randrange(len(whole))
                change(file, place, bytes([whole[place] ^ rng.randrange(1, 256)]))
                loaded = load_or_refuse(path, kind)
                refused[kind] += loaded is None
                if loaded is not None and kind != "pca":
                    np.testing.assert_array_equal(loaded.parameters, original.parameters)
                elif loaded is not None:
                    np.testing.assert_array_equal(loaded.components_, original.components_)
                change(file, place, whole[place : place + 1])
    assert refused["autoencoder"] > 5_000


def change(file, place, value):
    file.seek(place)
    file.write(value)
    file.flush()


def test_bytes_in_a_row_changed_inserted_and_removed(tmp_path):
    path = tmp_path / "model.npz"
    rng = random.Random(1)
    for _ in range(1_000):
        data = bytearray(saved("autoencoder"))
        start = rng.randrange(len(data))
        stop = start + rng.randrange(40)
        data[start:stop] = rng.randbytes(rng.choice([0, 4, stop - start]))
        path.write_bytes(data)
        load_or_refuse(path)


def test_what_is_no_file_of_ours(tmp_path):
    path = tmp_path / "model.npz"
    for data in (b"", b"PK", b"hello" * 100, bytes(10_000), b"\x93NUMPY\x01\x00" + bytes(100)):
        path.write_bytes(data)
        assert load_or_refuse(path) is None
    np.savez(path, x=np.zeros(3))
    with pytest.raises(tae.ModelFormatError, match="it has no document"):
        tae.load(path)
    with pytest.raises(FileNotFoundError):
        tae.load(tmp_path / "none")
    for other in (tmp_path, "/dev/zero"):
        with pytest.raises(tae.ModelFormatError, match="not a plain file"):
            tae.load(other)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_make_it_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(tae.ModelFormatError, match="not a plain file"):
        tae.load(tmp_path / "pipe")
