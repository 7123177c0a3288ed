"""The ``where`` of a quantity: which samples it keeps, held against what its data set is known to have."""

from __future__ import annotations

from robustcheck.errors import did_you_mean
from robustcheck.files.yaml_scalars import is_text_or_number, scalar_text
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.names import KnownNames
from robustcheck.spec.problems import list_known
from robustcheck.spec.source import Loc
from robustcheck.spec.unknown_names import check_known

# Every set can be sliced by these, whatever columns it has.
_ANY_COLUMN = ("class", "classes")


def check_slice(scope: Scope, loc: Loc, where: dict[str, object], names: KnownNames, mistakes: Mistakes) -> None:
    """Report what the data set of a slice cannot have."""
    _check_class_set(scope, (*loc, "classes"), where.get("classes"), names, mistakes)
    _check_class(scope, (*loc, "class"), where.get("class"), names, mistakes)
    _check_picked_subsets(scope, loc, where, names, mistakes)
    _check_columns(scope, loc, where, names, mistakes)


def _check_class_set(scope: Scope, loc: Loc, value: object, names: KnownNames, mistakes: Mistakes) -> None:
    if not isinstance(value, str):
        return
    check_known(scope, loc, "class set", value, names.class_sets, names, mistakes)
    dataset = _dataset_of(scope, loc)
    if value in names.class_sets and names.has_own_classes(dataset):
        summary = f"the classes of {dataset} are not ImageNet's, so they cannot be restricted to {value!r}"
        mistakes.at_value(scope, loc, summary, expected="no condition on 'classes'")


def _check_class(scope: Scope, loc: Loc, value: object, names: KnownNames, mistakes: Mistakes) -> None:
    """Report a class that a data set of known classes does not have, or has twice."""
    dataset = _dataset_of(scope, loc)
    listed = dict(names.columns.get(dataset.partition("/")[0]) or ())
    if "class" in listed or not is_text_or_number(value):
        return
    known, name = names.class_names(dataset), scalar_text(value)
    if known:
        check_known(scope, loc, f"class of {dataset!r}:", name, known, names, mistakes)
    if known.count(name) > 1:
        summary = f"the class name {name!r} stands for {known.count(name)} classes of {dataset}"
        mistakes.at_value(scope, loc, summary, expected="the name of one class")


def check_column(scope: Scope, loc: Loc, name: str, names: KnownNames, mistakes: Mistakes) -> None:
    """Report an option that names a column which the measured data set cannot have."""
    dataset = _dataset_of(scope, loc)
    columns = names.columns.get(dataset.partition("/")[0])
    if columns is not None:
        known = {*dict(columns), _ANY_COLUMN[0]}
        check_known(scope, loc, f"column of {dataset!r}:", name, known, names, mistakes)


def _dataset_of(scope: Scope, loc: Loc) -> str:
    """Return the data set of the quantity whose ``where`` or ``options`` has an item at a place."""
    return str(scope.block(loc[:-2]).get("dataset", ""))


def _check_picked_subsets(
    scope: Scope, loc: Loc, where: dict[str, object], names: KnownNames, mistakes: Mistakes
) -> None:
    family = scope.block(loc[:-1]).get("dataset")
    axes = names.families.get(family, ()) if isinstance(family, str) else ()
    for axis, values in axes:
        value = where.get(axis)
        if is_text_or_number(value):
            check_known(scope, (*loc, axis), axis, scalar_text(value), (*values, "all"), names, mistakes)


def _check_columns(scope: Scope, loc: Loc, where: dict[str, object], names: KnownNames, mistakes: Mistakes) -> None:
    """Report a column that the data set cannot have, and a value that none of its samples has."""
    dataset = _dataset_of(scope, (*loc, "")).partition("/")[0]
    axes, columns = dict(names.families.get(dataset, ())), names.columns.get(dataset)
    listed = {**axes, **dict(columns or ())}
    for key, value in where.items():
        if key in listed or key in _ANY_COLUMN:
            known = listed.get(key, ()) if key not in axes else ()
            if known and is_text_or_number(value):
                check_known(scope, (*loc, key), f"{key} of {dataset!r}:", scalar_text(value), known, names, mistakes)
        elif columns is not None or did_you_mean(key, axes):
            expected, hint = list_known({*listed, *_ANY_COLUMN}), did_you_mean(key, [*listed, *_ANY_COLUMN])
            mistakes.at_key(scope, (*loc, key), f"{dataset} has no column {key!r}", expected=expected, hint=hint)
