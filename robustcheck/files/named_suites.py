"""The suites that somebody names, as files or by their directories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.files.suite_files import SUFFIX, name_of_suite, suites_below

_SUITES = f"a suite, which is a file named *{SUFFIX}, or a directory that holds one"


def suites_named(paths: Sequence[Path]) -> list[Path]:
    """Return the suites that are named or lie in the directories named, each once; raise SetupError for other paths."""
    for path in paths:
        _require_suites(path)
    found = [suites_below(path) if path.is_dir() else [path] for path in paths]
    flat = list(dict.fromkeys(path for group in found for path in group))
    if not flat:
        raise SetupError("no suite here", where=", ".join(map(str, paths)), expected=_SUITES)
    return flat


def _require_suites(path: Path) -> None:
    where = str(path)
    if not path.exists():
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        fix = did_you_mean(path.name, beside)
        raise SetupError("there is no such file or directory", where=where, expected=_SUITES, fix=fix)
    if path.is_file() and not path.name.endswith(SUFFIX):
        # pytest would not collect it.
        fix = f"rename it to {name_of_suite(path)}"
        raise SetupError("the file is not called as suites are", where=where, expected=_SUITES, fix=fix)
