"""One registry: whatever a suite can name is found by an entry point, ours in the same way as others'.

A package adds a metric, a data set, a layout, a transform, a prompt set, a population, a kind of model, a reading or
an adapter by declaring an entry point in the group ``robustcheck.<group>``. Its object is one value, or a tuple of
values; each value has a ``name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

from robustcheck.errors import SetupError

GROUPS = (
    "metrics",
    "datasets",
    "layouts",
    "transforms",
    "prompts",
    "populations",
    "model_kinds",
    "readings",
    "adapters",
)


@cache
def registered(group: str) -> tuple[Any, ...]:
    """Return every value of a group: ours first, then those of other packages by name."""
    return tuple(value for value, _ in _values(group))


@cache
def named(group: str) -> Mapping[str, Any]:
    """Return the values of a group by name; raise SetupError when two packages give one name."""
    owners: dict[str, str] = {}
    found: dict[str, Any] = {}
    for value, owner in _values(group):
        if value.name in found:
            raise SetupError(
                f"two packages register the {group} name {value.name!r}: {owners[value.name]} and {owner}",
                fix="uninstall one of them",
            )
        found[value.name], owners[value.name] = value, owner
    return MappingProxyType(found)


def forget() -> None:
    """Read the entry points anew at the next look-up: for tests that install or remove a package."""
    registered.cache_clear()
    named.cache_clear()


def _values(group: str) -> list[tuple[Any, str]]:
    assert group in GROUPS, f"{group!r} is not a group of the registry"
    points = sorted(entry_points(group=f"robustcheck.{group}"), key=lambda point: (not _is_ours(point), point.name))
    return [(value, _owner(point)) for point in points for value in _each(_load(point))]


def _each(loaded: Any) -> tuple[Any, ...]:
    return tuple(loaded) if isinstance(loaded, tuple | list) else (loaded,)


def _load(point: EntryPoint) -> Any:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise SetupError(
            f"the entry point {point.name!r} of {_owner(point)} cannot be loaded ({error})",
            where=point.group,
            fix=f"reinstall or uninstall {_owner(point)}",
        ) from error


def _is_ours(point: EntryPoint) -> bool:
    return _owner(point) == "robustcheck"


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown package"
