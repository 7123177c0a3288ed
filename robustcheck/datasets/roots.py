"""Where datasets are looked for: the roots, and a named dataset's directory under them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.errors import DataError, DataMissing, SetupError, did_you_mean
from robustcheck.files.user_paths import user_path
from robustcheck.files.yaml_files import read_mapping

ENVIRON = "ROBUSTCHECK_DATA"
LOCAL_FILE = "datasets.local.yaml"
# A file that says where data sets are may stand in the place of a directory.
_LOCAL_FILES = (".yaml", ".yml")
_LINES = "lines like 'roots: [/data]' and 'imagenet-val: /dir'"


def data_roots(
    option: str | None, environ: Mapping[str, str], rootdir: Path, where: str = "--robust-data"
) -> tuple[Path, ...]:
    """Return the roots in the order they are searched: --robust-data, $ROBUSTCHECK_DATA, datasets.local.yaml.

    A root is a directory, or a YAML file like ``datasets.local.yaml``: ``roots: [DIR, ...]`` and ``NAME: DIR``.
    Relative paths of the option and the environment start where the command runs, those of a file beside it.
    ``where`` is what a message calls the option.
    """
    roots = [
        *_directories(option or "", where),
        *_directories(environ.get(ENVIRON, ""), f"${ENVIRON}"),
    ]
    local = rootdir / LOCAL_FILE
    if local.is_file():
        _read_local(local)
        roots.append(local)
    return tuple(dict.fromkeys(roots))


def find_directory(entry: CatalogueEntry, roots: Sequence[Path]) -> Path:
    """Return the directory of a catalogue dataset; raise DataMissing saying where to put it."""
    for directory in _candidates(entry, roots):
        if directory.is_dir() or directory.is_file():
            return directory
    raise DataMissing(
        f"{entry.name} ({entry.title}) is not on this machine",
        expected=_expected(entry, roots),
        fix=f"get it from {entry.homepage} and put it there, "
        f"or name its directory in {LOCAL_FILE} ({entry.name}: /path/to/it)",
        dataset=entry.name,
    )


def _expected(entry: CatalogueEntry, roots: Sequence[Path]) -> str:
    names = ", ".join(entry.places)
    if not roots:
        return f"a root given by --robust-data, ${ENVIRON} or {LOCAL_FILE} with one of the directories {names}"
    return f"one of the directories {names} under {' or '.join(str(root) for root in _plain_roots(roots))}"


def _candidates(entry: CatalogueEntry, roots: Sequence[Path]) -> Iterator[Path]:
    """Yield where a dataset may be, directories that are named for it before the usual places."""
    for root in roots:
        if root.is_file():
            yield from _named_directories(entry.name, root)
    for root in _plain_roots(roots):
        yield from (root / place for place in entry.places)
        if root.name in entry.places:
            yield root


def _named_directories(name: str, local: Path) -> Iterator[Path]:
    directory = _read_local(local)[0].get(name)
    if directory is not None:
        if not directory.exists():
            raise DataError(f"{name} is said to be in {directory}, which does not exist", where=str(local))
        yield directory


def _plain_roots(roots: Sequence[Path]) -> Iterator[Path]:
    for root in roots:
        if root.is_file():
            yield from _read_local(root)[1]
        else:
            yield root


def _directories(text: str, where: str) -> Iterator[Path]:
    for part in filter(None, text.split(os.pathsep)):
        root = user_path(part, Path(), SetupError, where=where).absolute()
        if not os.path.exists(root):
            raise SetupError(f"there is no directory {root}", where=where, fix="make it, or correct the path")
        if root.is_file() and root.suffix not in _LOCAL_FILES:
            raise SetupError(f"{root} is a file", where=where, expected="a directory that holds data sets")
        yield root


def _read_local(path: Path) -> tuple[Mapping[str, Path], tuple[Path, ...]]:
    """Read a local file: the directories of named datasets, and the roots."""
    record = read_mapping(path, SetupError, expected=_LINES)
    roots = record.pop("roots", [])
    roots = [roots] if isinstance(roots, str) else roots
    if not isinstance(roots, list) or not all(isinstance(text, str) for text in [*roots, *record.values()]):
        raise SetupError("values that are not paths", where=str(path), expected=_LINES)
    for name in record:
        if name not in known_datasets():
            raise SetupError(
                f"unknown dataset {name!r}",
                where=str(path),
                expected="one of roots, " + ", ".join(known_datasets()),
                fix=did_you_mean(name, known_datasets()),
            )
    named = {name: user_path(str(text), path.parent, SetupError, where=str(path)) for name, text in record.items()}
    return named, tuple(user_path(text, path.parent, SetupError, where=str(path)) for text in roots)
