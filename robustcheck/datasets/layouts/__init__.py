"""The layouts that a directory of images can have, and which one it has."""

from __future__ import annotations

from pathlib import Path

from robustcheck.datasets.dataset import Contents
from robustcheck.datasets.layouts import imagefolder, manifest, webdataset
from robustcheck.errors import DataError
from robustcheck.listing import name_first

LAYOUTS = """a directory in one of the known layouts:
    webdataset   classnames.txt, zeroshot_classification_templates.txt, test/nshards.txt, test/0.tar, ...
    manifest     manifest.csv or manifest.jsonl with the columns path and label (or that file itself)
    imagefolder  one sub-directory of images a class"""


def read_directory(path: Path, index_dir: Path | None) -> Contents:
    """Read what a directory (or a manifest file) holds, in whichever known layout it is."""
    try:
        return _read_directory(path, index_dir)
    except OSError as error:
        raise DataError(f"cannot read the directory: {error.strerror or error}", where=str(path)) from error


def _read_directory(path: Path, index_dir: Path | None) -> Contents:
    if manifest.is_manifest(path):
        return manifest.read_manifest(path)
    if webdataset.is_webdataset(path):
        return webdataset.read_webdataset(path, index_dir)
    if imagefolder.is_imagefolder(path):
        return imagefolder.read_imagefolder(path)
    raise DataError(f"found {_listing(path)}", where=str(path), expected=LAYOUTS)


def _listing(path: Path) -> str:
    if path.is_file():
        return f"a file {path.name}"
    names = sorted(child.name + "/" * child.is_dir() for child in path.iterdir())
    return f"a directory with {name_first(names)}" if names else "an empty directory"
