"""Which output of a classifier is which class of a data set: the one rule, for live models and saved outputs alike.

What the outputs are called is known from the model itself (its configuration, a list beside its weights), else from
their number where ImageNet's published lists have as many. Classes are found among them by name or by WordNet id, and
names of ImageNet's classes are known in several spellings. A head whose outputs nobody names, with as many outputs as
the set has classes, is taken to be trained on these classes in their order, and the verdict says so. Everything else
is an error: a wrong pairing would be a number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.class_sets import imagenet_wnids
from robustcheck.datasets.label_lists import canonical_name, label_list_of, possible_wnids
from robustcheck.datasets.wordnet import is_wnid
from robustcheck.errors import ModelError
from robustcheck.listing import name_first
from robustcheck.measure.memo import Memo
from robustcheck.measure.parts import Derived
from robustcheck.measure.recipe import Recipe
from robustcheck.models.output_names import HOW_TO_NAME, OutputNames
from robustcheck.store import Stored

Ints = npt.NDArray[np.int64]
Candidates = Sequence[frozenset[int]]

NO_OUTPUT = -1
_PAIRINGS = "pairings"


@dataclass(frozen=True, slots=True, eq=False)
class AskedClasses:
    """The classes that outputs are held against.

    ``columns`` are their places among ImageNet's 1,000, where these are known; ``seen`` are the places of the classes
    that have a sample.
    """

    names: tuple[str, ...]
    columns: Ints | None
    seen: frozenset[int]
    where: str


@dataclass(frozen=True, slots=True, eq=False)
class OutputPairing:
    """The output of each class, NO_OUTPUT where it has none; how that is known, and what a verdict must say of it."""

    outputs: Ints
    how: str
    remark: str = ""


def pairing_part(recipe: Recipe) -> Derived:
    """Return the part that holds the output of each class that a recipe scores."""
    return _part(recipe, lambda memo: memo.rows(recipe.outputs).take(_first_row(recipe)).shape[1])


def keep_pairing(recipe: Recipe, count: int, memo: Memo) -> None:
    """Keep how the outputs of a loaded classifier are paired, for a reading whose rows do not show their number."""
    memo.get(_part(recipe, lambda _: count))


def kept_remark(recipe: Recipe, memo: Memo) -> tuple[tuple[str, str], ...]:
    """Return how outputs were paired and the remark on it, where ``keep_pairing`` has kept that."""
    found = memo.store.read(_PAIRINGS, recipe.key)
    return () if found is None else ((str(found.facts["how"]), str(found.facts["remark"])),)


def _part(recipe: Recipe, count: Callable[[Memo], int]) -> Derived:
    def make(memo: Memo) -> Stored:
        found = pairing_of(recipe, count(memo))
        return Stored(found.outputs, {"how": found.how, "remark": found.remark})

    return Derived(_PAIRINGS, recipe.key, recipe.parts, make)


def _first_row(recipe: Recipe) -> Ints:
    """Return an image whose outputs are there, to count them by."""
    seen = recipe.seen
    return recipe.rows[:1] if seen is None else np.flatnonzero(seen)[:1]


def pairing_of(recipe: Recipe, count: int) -> OutputPairing:
    """Return the pairing of a model's outputs with the classes that a recipe scores."""
    return pair_outputs(count, recipe.told, asked_classes(recipe))


def asked_classes(recipe: Recipe) -> AskedClasses:
    """Return the classes that a recipe scores."""
    assert recipe.classes is not None, "outputs are paired with classes"
    names = recipe.classes.names
    if not recipe.labelled:
        seen: frozenset[int] = frozenset()
    elif recipe.classes.vocabulary is not None:
        seen = frozenset(range(len(names)))
    else:
        seen = frozenset(np.unique(recipe.dataset.labels).tolist())
    where = f"{recipe.ref.text} on {recipe.dataset.name}"
    return AskedClasses(names, recipe.classes.columns, seen, where)


def pair_outputs(count: int, told: OutputNames | None, classes: AskedClasses) -> OutputPairing:
    """Return which of ``count`` outputs is which class; raise ModelError where that is not known for certain."""
    if told is not None:
        return _by_told_names(count, told, classes)
    published = label_list_of(count)
    if published is not None:
        return _by_published_list(published.labels, published.name, classes)
    if count == len(classes.names):
        return _in_order(classes)
    raise _refusal(
        classes,
        f"a classifier with {count:,} outputs, and {len(classes.names):,} classes",
        "as many outputs as classes, names for the outputs, or one of ImageNet's published numbers of outputs",
    )


def _by_told_names(count: int, told: OutputNames, classes: AskedClasses) -> OutputPairing:
    names = told.of(count)
    if names is None:
        raise _refusal(classes, f"{told.where} names {len(told.names):,} outputs, the classifier has {count:,}")
    places = _places([canonical_name(name) for name in names])
    same = [places.get(canonical_name(name), frozenset()) for name in classes.names]
    if all(same):
        return OutputPairing(_settled(same, classes), f"by the names in {told.where}")
    own, asked = _ids_of(names), _wnids(classes)
    if own is None or asked is None:
        missing = [name for name, found in zip(classes.names, same, strict=True) if not found]
        raise _refusal(
            classes,
            f"{len(missing)} of {len(classes.names)} classes are not an output: {name_first(missing, 3)}",
            f"names such as {name_first([name for name in names if name], 5)}, as {told.where} says",
        )
    found = _matched(own, asked)
    _require_all(found, classes, told.where)
    return OutputPairing(_settled(found, classes), f"by WordNet ids, with the names in {told.where}")


def _by_published_list(labels: Sequence[str], name: str, classes: AskedClasses) -> OutputPairing:
    asked = _wnids(classes)
    if asked is None:
        raise _refusal(
            classes,
            f"a classifier with {len(labels):,} outputs, as {name} has, and classes that are not ImageNet's, "
            f"such as {name_first(classes.names, 3)}",
            "classes by WordNet id or by ImageNet's names, or names for the outputs",
        )
    found = _matched([frozenset((label,)) for label in labels], asked)
    missing = [class_name for class_name, outputs in zip(classes.names, found, strict=True) if not outputs]
    if len(missing) == len(found):
        _require_all(found, classes, name)
    remark = f"{len(missing)} of {len(found)} classes are not an output of {name} and are never predicted, such as "
    return OutputPairing(
        _settled(found, classes), f"by WordNet ids, in the order of {name}", f"{remark}{missing[0]}" if missing else ""
    )


def _in_order(classes: AskedClasses) -> OutputPairing:
    """Return the pairing of a head that is taken to be trained on these very classes."""
    _require_one_order(classes)
    count = len(classes.names)
    remark = (
        f"nothing names the {count} outputs of the classifier: they are paired with the {count} classes in their order "
        f"({HOW_TO_NAME})"
    )
    return OutputPairing(np.arange(count, dtype=np.int64), "in the order of the classes", remark)


def _require_one_order(classes: AskedClasses) -> None:
    """Refuse classes that training tools order in several ways: as text, and by the numbers in the text."""
    keys = _keys(classes)
    natural = sorted(keys, key=_by_numbers)
    is_folder_order = list(keys) in (sorted(keys), natural)
    if (classes.columns is not None and not is_folder_order) or (is_folder_order and sorted(keys) != natural):
        first = next(pair for pair in zip(keys, sorted(keys), natural, strict=True) if len(set(pair)) > 1)
        raise _refusal(
            classes,
            f"{len(keys)} outputs without names, and classes that are ordered in several ways: "
            f"the same output may be {' or '.join(dict.fromkeys(first))}",
        )


def _keys(classes: AskedClasses) -> tuple[str, ...]:
    return classes.names if classes.columns is None else tuple(imagenet_wnids()[place] for place in classes.columns)


def _by_numbers(text: str) -> list[tuple[int, str]]:
    """Return the key by which timm orders folders; torchvision orders them as text."""
    parts = re.split(r"([0-9]+)", text.casefold())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _wnids(classes: AskedClasses) -> list[frozenset[str]] | None:
    if classes.columns is not None:
        ids = imagenet_wnids()
        return [frozenset((ids[place],)) for place in classes.columns]
    return _ids_of(classes.names)


def _ids_of(names: Sequence[str]) -> list[frozenset[str]] | None:
    """Return what the outputs may mean as WordNet ids: their names may be ids, or ImageNet's names."""
    if any(map(is_wnid, names)):
        return [frozenset((name,)) if is_wnid(name) else frozenset() for name in names]
    given = [name for name in names if name]
    found = possible_wnids(given)
    if found is None:
        return None
    rest = iter(found)
    return [next(rest) if name else frozenset() for name in names]


def _matched(own: Sequence[frozenset[str]], asked: Sequence[frozenset[str]]) -> Candidates:
    places: dict[str, set[int]] = defaultdict(set)
    for output, ids in enumerate(own):
        for wnid in ids:
            places[wnid].add(output)
    return [frozenset().union(*(places[wnid] for wnid in ids if wnid in places)) for ids in asked]


def _places(names: Sequence[str]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for place, name in enumerate(names):
        if name:
            found[name].add(place)
    return {name: frozenset(places) for name, places in found.items()}


def _settled(found: Candidates, classes: AskedClasses) -> Ints:
    """Return one output for each class; raise ModelError where more than one way matters.

    Classes that cannot be told apart, with as many outputs, may go in any order where none of them has a sample: the
    same outputs compete either way.
    """
    groups: dict[frozenset[int], list[int]] = defaultdict(list)
    for place, outputs in enumerate(found):
        groups[outputs].append(place)
    settled = np.full(len(found), NO_OUTPUT, dtype=np.int64)
    for outputs, places in groups.items():
        if not outputs:
            continue
        if len(outputs) < len(places):
            raise _refusal(classes, f"the classes {_both(places, classes)} are one output")
        if len(outputs) > len(places) or (len(places) > 1 and classes.seen.intersection(places)):
            raise _refusal(classes, f"the class {classes.names[places[0]]!r} may be each of {len(outputs)} outputs")
        settled[places] = sorted(outputs)
    _require_distinct(settled, classes)
    return settled


def _require_distinct(settled: Ints, classes: AskedClasses) -> None:
    used, counts = np.unique(settled[settled >= 0], return_counts=True)
    if (counts > 1).any():
        places = np.flatnonzero(settled == used[counts > 1][0]).tolist()
        raise _refusal(classes, f"the classes {_both(places, classes)} are one output")


def _both(places: Sequence[int], classes: AskedClasses) -> str:
    return " and ".join(repr(classes.names[place]) for place in places[:2])


def _require_all(found: Candidates, classes: AskedClasses, where: str) -> None:
    missing = [name for name, outputs in zip(classes.names, found, strict=True) if not outputs]
    if missing:
        raise _refusal(
            classes,
            f"{len(missing)} of {len(found)} classes are not an output of {where}: {name_first(missing, 3)}",
            "classes that the classifier was trained on",
        )


def _refusal(
    classes: AskedClasses, found: str, expected: str = "outputs whose classes are known for certain"
) -> ModelError:
    return ModelError(found, where=classes.where, expected=expected, fix=HOW_TO_NAME)
