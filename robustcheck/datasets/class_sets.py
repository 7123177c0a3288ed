"""ImageNet's class list and named selections of it, read from the packages that carry them.

The 1000 names come from open_clip, the WordNet ids and the lists of ImageNet-A and -R from timm.
Their files are located without importing either package, so torch stays out. What no package carries
is tabulated in ``masks/``, each file with its source.
"""

from __future__ import annotations

import csv
import functools
import importlib.util
from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import IntArray
from robustcheck.errors import DataError, SetupError, did_you_mean

IMAGENET = "imagenet"
_TIMM_LISTS = {"imagenet-a": "imagenet_a_indices.txt", "imagenet-r": "imagenet_r_indices.txt"}
_OWN_LISTS = {"imagenet-o": "imagenet-o.txt"}
OBJECTNET = "objectnet"


def known_class_sets() -> frozenset[str]:
    """Return the names of the class sets that are selections of ImageNet's 1000 classes."""
    return frozenset({IMAGENET, OBJECTNET, *_TIMM_LISTS, *_OWN_LISTS})


def class_set_indices(name: str) -> IntArray:
    """Return the ImageNet class indices of a class set, ascending."""
    if name not in known_class_sets():
        raise DataError(
            f"unknown class set {name!r}",
            expected="one of " + ", ".join(sorted(known_class_sets())),
            fix=did_you_mean(name, known_class_sets()),
        )
    return _indices(name).copy()


def class_set_names(name: str) -> tuple[str, ...]:
    """Return the class names of a class set, in the order of their indices."""
    names = imagenet_class_names()
    return tuple(names[index] for index in class_set_indices(name))


@functools.cache
def imagenet_class_names() -> tuple[str, ...]:
    """Return the 1000 class names that open_clip ships."""
    path = package_directory("open_clip", "open_clip_torch") / "zero_shot_metadata.py"
    spec = importlib.util.spec_from_file_location("_robustcheck_open_clip_metadata", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SetupError("open_clip has no zero_shot_metadata.py", fix="pip install 'open_clip_torch>=3'")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(module.IMAGENET_CLASSNAMES)


@functools.cache
def imagenet_wnids() -> tuple[str, ...]:
    """Return the WordNet ids of the 1000 classes, in class order."""
    return tuple(timm_info("imagenet_synsets.txt").read_text(encoding="ascii").split())


def infer_class_set(class_names: tuple[str, ...], wnids: tuple[str, ...]) -> str:
    """Return the class set whose list this is exactly, or an empty string."""
    if len(class_names) not in {len(_indices(name)) for name in known_class_sets()}:
        return ""
    for name in sorted(known_class_sets()):
        if wnids == class_set_wnids(name) or class_names == class_set_names(name):
            return name
    return ""


def class_set_wnids(name: str) -> tuple[str, ...]:
    """Return the WordNet ids of a class set, in class order."""
    wnids = imagenet_wnids()
    return tuple(wnids[index] for index in class_set_indices(name))


def mask_rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a table of ``masks/``, without its comments."""
    lines = (Path(__file__).parent / "masks" / name).read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(line for line in lines if not line.startswith("#")))


def package_directory(package: str, distribution: str) -> Path:
    """Return where an installed package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SetupError(f"the package {package!r} is not installed", fix=f"pip install {distribution}")
    return Path(next(iter(spec.submodule_search_locations)))


@functools.cache
def _indices(name: str) -> IntArray:
    if name == IMAGENET:
        return np.arange(1000, dtype=np.int64)
    if name == OBJECTNET:
        listed = " ".join(row["imagenet"] for row in mask_rows("objectnet.csv"))
        return np.array(sorted(int(index) for index in listed.split()), dtype=np.int64)
    own = name in _OWN_LISTS
    path = Path(__file__).parent / "masks" / _OWN_LISTS[name] if own else timm_info(_TIMM_LISTS[name])
    lines = path.read_text(encoding="utf-8").splitlines()
    return np.array(sorted(int(line) for line in lines if line and not line.startswith("#")), dtype=np.int64)


def timm_info(name: str) -> Path:
    """Return one of timm's files about ImageNet."""
    path = package_directory("timm", "timm") / "data" / "_info" / name
    if not path.is_file():
        raise SetupError(f"timm has no {name}", fix="pip install 'timm>=1.0'")
    return path
