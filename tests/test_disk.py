"""Files put in their place whole, and the times that tell whether they have changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from dataset_makers import rewrite_with_old_time

from robustcheck.disk import clear_stale, file_stamp, is_settled, write_atomically
from robustcheck.errors import DataError, SetupError


def test_a_file_is_written_with_the_directories_that_lead_to_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "b.json", b"{}")
    assert (tmp_path / "a" / "b.json").read_bytes() == b"{}"


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.array"
    write_atomically(path, b"old")

    def fail(*places: object, **options: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(SetupError, match=r"a\.array: cannot write the file: disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.array"]


def test_others_may_read_what_is_written_if_the_machine_is_set_so(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "shared", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o644


def test_a_stamp_changes_with_the_content_even_when_the_time_is_set_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    before = file_stamp(path)
    rewrite_with_old_time(path, b"two")
    assert file_stamp(path)[:2] == before[:2]
    assert file_stamp(path) != before


def test_a_file_is_settled_when_it_is_older_than_a_tick_can_hide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"")
    stamp = file_stamp(tmp_path / "a")
    monkeypatch.setattr("time.time", lambda: max(stamp[1:]) / 1e9 + 1.5)
    assert not is_settled(stamp)
    monkeypatch.setattr("time.time", lambda: max(stamp[1:]) / 1e9 + 2.5)
    assert is_settled(stamp)


def test_a_file_that_is_not_there_has_no_stamp(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read the file: No such file"):
        file_stamp(tmp_path / "none")


def test_what_a_killed_run_left_is_cleared_once_it_is_old(tmp_path: Path) -> None:
    written = tmp_path / "there" / "a.json"
    write_atomically(written, b"1")
    # The name of a half-written file is that of a temporary one beside its target.
    names: list[str] = []

    def pieces() -> Iterator[bytes]:
        names.extend(path.name for path in written.parent.iterdir() if path != written)
        yield b"2"

    write_atomically(written, pieces())
    [half] = names
    old, fresh = (tmp_path / "there" / f"{half}{end}" for end in ("old", "fresh"))
    for left in (old, fresh):
        left.write_bytes(b"half")
    os.utime(old, (0, 0))
    clear_stale.cache_clear()
    write_atomically(written, b"3")
    assert not old.exists()
    assert fresh.exists()
    assert written.read_bytes() == b"3"


def test_only_a_lasting_file_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    write_atomically(tmp_path / "soon", b"made again soon", lasting=False)
    assert (tmp_path / "soon").read_bytes() == b"made again soon"
    assert synced == []
    write_atomically(tmp_path / "kept", b"kept")
    assert len(synced) == 1
