"""NPZ files: plain arrays, as large as they say, and nothing that expands without end."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from robustcheck.errors import DataError
from robustcheck.files.array_files import parse_arrays, read_arrays


def read(path: Path) -> object:
    return read_arrays(path, DataError, what="the arrays", expected="an NPZ file")


def member(claimed: tuple[int, ...], dtype: str = "<f8", data: bytes = b"") -> bytes:
    """Return an array file whose header claims a shape."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": dtype, "fortran_order": False, "shape": claimed})
    return head.getvalue() + data


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def test_arrays_come_back(tmp_path: Path) -> None:
    given = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(["x", "é"]), "c": np.asfortranarray(np.ones((3, 2)))}
    np.savez_compressed(tmp_path / "x.npz", **given)
    found = read(tmp_path / "x.npz")
    assert isinstance(found, dict)
    for name, array in given.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (3,), (-1,)])
def test_a_header_that_claims_more_than_is_there(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"not as large as its header says|negative"):
        read(archive(tmp_path / "x.npz", a=member(shape, data=b"\0" * 8)))


def test_an_archive_that_expands_without_end(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", member((2**30,), "|u1", bytes(1000)))
        # What is checked is what the directory says: no byte is expanded to find out.
        file.filelist[0].file_size = 2**30
    with pytest.raises(DataError, match=r"bytes that expand to 1,073,741,824"):
        read(tmp_path / "x.npz")


def test_python_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="Python objects"):
        read(tmp_path / "x.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        file.writestr("a.npy", member((1,), data=b"\0" * 8))
        file.writestr("a.npy", member((1,), data=b"\1" * 8))
    with pytest.raises(DataError, match="two arrays of one name"):
        read(tmp_path / "x.npz")


def test_every_flipped_bit_gives_the_same_arrays_or_a_complaint() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, ids=np.array(["a", "b"]), scores=np.array([0.25, 1.0]), clusters=np.array([3, 4]))
    whole = buffer.getvalue()
    given = parse_arrays(whole)
    assert given is not None
    for place in range(len(whole)):
        for bit in (0, 3, 7):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            found = parse_arrays(bytes(flipped))
            assert found is None or (
                found.keys() == given.keys() and all((found[name] == given[name]).all() for name in given)
            ), (place, bit)


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 100, b"\x93NUMPY\x01\x00"])
def test_what_is_not_an_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(DataError, match="cannot read the arrays"):
        read(tmp_path / "x.npz")
