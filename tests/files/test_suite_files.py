"""Suites below a directory are those that pytest would collect there."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcheck.files.suite_files import suites_below


def test_suites_are_found_at_any_depth_in_order(tmp_path: Path) -> None:
    for name in ("b.robust.yaml", "a/z.robust.yaml", "a/b/c.robust.yaml", "a/notes.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in suites_below(tmp_path)]
    assert found == ["a/b/c.robust.yaml", "a/z.robust.yaml", "b.robust.yaml"]


@pytest.mark.parametrize("left_out", [".venv", "venv", "node_modules", "build", "x.egg"])
def test_what_is_installed_is_no_suite_of_the_project(tmp_path: Path, left_out: str) -> None:
    place = tmp_path / left_out / "site-packages"
    place.mkdir(parents=True)
    (place / "a.robust.yaml").touch()
    assert suites_below(tmp_path) == []
    # Whoever names it means it.
    assert suites_below(place) == [place / "a.robust.yaml"]


def test_an_environment_of_any_name_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "a.robust.yaml").touch()
    assert len(suites_below(tmp_path)) == 1
    (tmp_path / "env" / "pyvenv.cfg").touch()
    assert suites_below(tmp_path) == []
