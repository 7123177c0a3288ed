"""The suites that ship: in the package when it is installed, beside it in the repository."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from robustcheck.errors import SetupError, did_you_mean

_PACKAGE = Path(__file__).parents[1]
_SUFFIX = ".robust.yaml"
# What a suite may name that lies beside it.
_BESIDE = (".csv", ".yaml")
_SCHEMA_LINE = re.compile(r"^# yaml-language-server: .*\n")


def shipped_suites() -> dict[str, Path]:
    """Return the shipped suites by name: ``quickstart``, ``findings/published``, ..."""
    place = next((each for each in (_PACKAGE / "suites", _PACKAGE.parent / "suites") if each.is_dir()), None)
    if place is None:
        raise SetupError("the shipped suites are not beside the package", fix="install robustcheck again")
    paths = sorted(place.rglob(f"*{_SUFFIX}"))
    return {path.relative_to(place).as_posix().removesuffix(_SUFFIX): path for path in paths}


def copy_suites(names: Sequence[str], schema_file: str) -> dict[str, str]:
    """Return the text of each named suite, of all without a name, by its path below the directory of suites.

    The tables and lists of models that a suite names lie beside it and come along. The first line then names
    ``schema_file``, from the directory of each suite. Raises SetupError for an unknown name.
    """
    known = shipped_suites()
    for name in names:
        if name not in known:
            raise SetupError(
                f"no shipped suite {name!r}", expected="one of " + ", ".join(known), fix=did_you_mean(name, known)
            )
    copied: dict[str, str] = {}
    for name in names or known:
        text = known[name].read_text(encoding="utf-8")
        copied[f"{name}{_SUFFIX}"] = _with_schema(text, name, schema_file)
        others = [path for path in sorted(known[name].parent.iterdir()) if path.suffix in _BESIDE]
        beside = [path for path in others if path not in known.values() and path.name in text]
        copied |= {f"{name.rpartition('/')[0]}/{path.name}".lstrip("/"): path.read_text("utf-8") for path in beside}
    return copied


def _with_schema(text: str, name: str, schema_file: str) -> str:
    up = "../" * name.count("/")
    return _SCHEMA_LINE.sub(f"# yaml-language-server: $schema={up}{schema_file}\n", text)
