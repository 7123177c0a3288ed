"""What classes of ImageNet are called by those who publish classifiers, and which lists their outputs follow.

The lists lie in the packages open_clip, torchvision and timm, and are read there without importing these.
"""

from __future__ import annotations

import ast
import csv
import functools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids, package_directory, timm_info

# The background class of heads with 1,001 outputs.
BACKGROUND = "background"
# A head of so many outputs follows this list of timm's: the counts are distinct, and timm tells them by the same rule.
_FILES: Mapping[int, tuple[str, str]] = {
    1000: ("ImageNet-1k", "imagenet_synsets.txt"),
    10450: ("ImageNet-21k-P, winter 2021", "imagenet21k_miil_w21_synsets.txt"),
    11221: ("ImageNet-21k-P", "imagenet21k_miil_synsets.txt"),
    11821: ("ImageNet-12k", "imagenet12k_synsets.txt"),
    21841: ("ImageNet-22k", "imagenet22k_synsets.txt"),
    21842: ("ImageNet-22k, Microsoft's order", "imagenet22k_ms_synsets.txt"),
    21843: ("ImageNet-21k, Google's list", "imagenet21k_goog_synsets.txt"),
}
_BETWEEN_WORDS = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class LabelList:
    """A published list of what the outputs of classifiers stand for: WordNet ids, in the order of the outputs."""

    name: str
    labels: tuple[str, ...]


@functools.cache
def label_list_of(outputs: int) -> LabelList | None:
    """Return the published list that a classifier with so many outputs follows, or None.

    >>> [label_list_of(count).labels[0] for count in (1000, 1001, 21843)], label_list_of(10)
    (['n01440764', 'background', 'n00004475'], None)
    """
    if outputs == 1001:
        return LabelList("ImageNet-1k after a background class", (BACKGROUND, *imagenet_wnids()))
    if outputs not in _FILES:
        return None
    name, file = _FILES[outputs]
    return LabelList(name, tuple(timm_info(file).read_text(encoding="ascii").split()))


def canonical_name(name: str) -> str:
    """Return a class name without what only its spelling decides: case, underscores, hyphens.

    >>> canonical_name("Great_white-shark ")
    'great white shark'
    """
    return _spaced(name).casefold()


def _spaced(name: str) -> str:
    return _BETWEEN_WORDS.sub(" ", name).strip()


def possible_wnids(names: Sequence[str]) -> list[frozenset[str]] | None:
    """Return for each class name the WordNet ids that it may mean; None where some name is not ImageNet's.

    The names may be those of open_clip, torchvision (timm), Keras, or the synsets' lemmas as timm writes them. Where
    one of these lists has all of the names, they are read as that list has them, by place where it is all of that
    list; else each name is looked up in all lists, and among all lemmas. An id in more sets than one is not certain.
    """
    readings = [found for found in (_read_as(known, names) for known in _lists()) if found is not None]
    if not readings:
        return _looked_up([canonical_name(name) for name in names], _all_places())
    return [frozenset().union(*sets) for sets in zip(*readings, strict=True)]


def _read_as(known: Sequence[str], names: Sequence[str]) -> list[frozenset[str]] | None:
    """Return what names mean in one list; None where it lacks one. Case counts where it can: "Cardigan" is a dog."""
    for spelling in (_spaced, canonical_name):
        own, listed = [spelling(name) for name in names], [spelling(name) for name in known]
        if own == listed:
            return [frozenset((wnid,)) for wnid in imagenet_wnids()]
        found = _looked_up(own, _places(listed))
        if found is not None:
            return found
    return None


def _looked_up(names: Sequence[str], places: Mapping[str, frozenset[str]]) -> list[frozenset[str]] | None:
    counts = Counter(names)
    found = [places.get(name, frozenset()) for name in names]
    # A list that has a name less often than it is asked for is not the list that these names are from.
    fits = all(len(ids) >= counts[name] for name, ids in zip(names, found, strict=True))
    return found if fits else None


@functools.cache
def _lists() -> tuple[tuple[str, ...], ...]:
    """Return the lists of the 1,000 names in class order."""
    lemmas = [_lemmas()[wnid] for wnid in imagenet_wnids()]
    first = [text.partition(",")[0] for text in lemmas]
    return imagenet_class_names(), _torchvision_names(), tuple(lemmas), tuple(first)


def _places(names: Sequence[str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, wnid in zip(names, imagenet_wnids(), strict=True):
        found.setdefault(name, set()).add(wnid)
    return {name: frozenset(ids) for name, ids in found.items()}


@functools.cache
def _all_places() -> Mapping[str, frozenset[str]]:
    single = [[canonical_name(lemma) for lemma in _lemmas()[wnid].split(",")] for wnid in imagenet_wnids()]
    found: dict[str, set[str]] = {}
    for known in _lists():
        for name, ids in _places([canonical_name(name) for name in known]).items():
            found.setdefault(name, set()).update(ids)
    for wnid, names in zip(imagenet_wnids(), single, strict=True):
        for name in names:
            found.setdefault(name, set()).add(wnid)
    return {name: frozenset(ids) for name, ids in found.items()}


@functools.cache
def _lemmas() -> Mapping[str, str]:
    with timm_info("imagenet_synset_to_lemma.txt").open(encoding="utf-8", newline="") as file:
        return {row[0]: row[1] for row in csv.reader(file, delimiter="\t")}


@functools.cache
def _torchvision_names() -> tuple[str, ...]:
    path = package_directory("torchvision", "torchvision") / "models" / "_meta.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    values = (node.value for node in tree.body if isinstance(node, ast.Assign))
    lists = (tuple(ast.literal_eval(value)) for value in values if isinstance(value, ast.List))
    return next(names for names in lists if len(names) == len(imagenet_wnids()))
