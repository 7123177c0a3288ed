"""Quantities and suites as they are compared between checkouts: their paths counted from where the run was started."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath

from robustcheck.values import Quantity, Result

Key = tuple[str, str, str]


def is_same_quantity(first: Quantity, root: str, second: Quantity, other_root: str) -> bool:
    """Tell whether two quantities are one: equal, or equal but for where the two checkouts lie.

    ``root`` and ``other_root`` are where the two runs were started; of a run that does not say, the last names of
    the paths must do.
    """
    if first == second:
        return True
    if not root or not other_root:
        return _by_name(first) == _by_name(second)
    return _from(first, root) == _from(second, other_root)


def suite_of(result: Result, root: str) -> str:
    """Return the path of a result's suite, counted from where the run was started."""
    return portable_path(result.suite, root)


def key_of(result: Result, root: str) -> Key:
    """Return by what a check on a model is known again in another run: its suite, its own key, and the model."""
    return suite_of(result, root), result.check_key, result.model.id


def portable_path(path: str, root: str) -> str:
    """Return a path counted from where a run was started; as it is for a run that does not say."""
    return _relative(path, root) if root else path


def _from(quantity: Quantity, root: str) -> Quantity:
    return _changed(quantity, lambda text: _relative(text, root))


def _by_name(quantity: Quantity) -> Quantity:
    return _changed(quantity, lambda text: PurePath(text).name)


def _changed(quantity: Quantity, change: Callable[[str], str]) -> Quantity:
    def portable(text: str) -> str:
        return change(text) if os.path.isabs(text) else text

    return replace(
        quantity,
        dataset=portable(quantity.dataset),
        prompts=None if quantity.prompts is None else portable(quantity.prompts),
        options=tuple((name, portable(text)) for name, text in quantity.options),
    )


def _relative(text: str, root: str) -> str:
    return os.path.relpath(text, root) if os.path.isabs(text) else text
