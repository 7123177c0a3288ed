"""A directory as storage: what the machine refuses is an error in words, and what vanishes is no error."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from robustcheck.errors import SetupError
from robustcheck.store.local_storage import LocalStorage
from robustcheck.store.locks import lock_file


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda storage: storage.read("a"), "the store cannot be read"),
        (lambda storage: storage.remove("a"), "the file cannot be removed"),
        (lambda storage: storage.take_lock("b/c", wait=False), "the store cannot be written"),
    ],
    ids=["read", "remove", "lock"],
)
def test_what_the_machine_refuses_is_said_with_its_place(
    tmp_path: Path, act: Callable[[LocalStorage], object], said: str
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "inside").write_text("x")
    (tmp_path / "b").write_text("a file where a directory is wanted")
    with pytest.raises(SetupError) as caught:
        act(LocalStorage(tmp_path))
    assert said in caught.value.found
    assert str(tmp_path) in str(caught.value.where)


def test_a_file_that_vanishes_while_others_are_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, stat = LocalStorage(tmp_path), Path.stat
    for name in ("a", "b"):
        storage.write(name, [b"x"])

    def vanish(path: Path, *arguments: object, **settings: object) -> os.stat_result:
        if path.name == "a":
            raise FileNotFoundError(2, "No such file or directory")
        return stat(path, *arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "stat", vanish)
    assert [kept.name for kept in storage.files()] == ["b"]


def test_a_lock_whose_file_was_removed_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a lock may get that of a file that the last holder has just removed: it guards nothing."""
    path, opened = tmp_path / "locks" / "a", os.open

    def open_and_lose(*arguments: object) -> int:
        descriptor = opened(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(os, "open", opened)
        path.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", open_and_lose)
    lock = lock_file(path, wait=False)
    assert lock is not None
    assert path.is_file()
    assert lock_file(path, wait=False) is None
    lock.release()
