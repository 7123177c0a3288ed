"""One registry: whatever a suite can name is found by an entry point, ours in the same way as others'.

A package adds a metric, a data set, a layout, a transform, a prompt set, a population, a kind of model, a reading or
an adapter by declaring an entry point in the group ``robustcheck.<group>``. Its object is one value, or a tuple of
values; each value has a ``name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, TypeVar

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
_OURS = "robustcheck"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Point:
    """An entry point of ours, with the name and version of the package that declares it."""

    entry: EntryPoint
    owner: str
    version: str

    @property
    def group(self) -> str:
        return self.entry.group.removeprefix("robustcheck.")


@dataclass(frozen=True, slots=True)
class _Registered:
    """A value of an entry point, with the package that brought it."""

    value: Any
    package: str
    version: str


def registered(group: str) -> tuple[Any, ...]:
    """Return every value of a group: ours first, then those of other packages by name."""
    return tuple(found.value for found in _find_values(group).values())


@cache
def named(group: str) -> Mapping[str, Any]:
    """Return the values of a group by name; raise SetupError when two packages give one name."""
    return MappingProxyType({name: found.value for name, found in _find_values(group).items()})


def known(group: str, kind: type[Value] | tuple[type[Value], ...]) -> Mapping[str, Value]:
    """Return the values of a group by name; raise SetupError for one that is not of the kind that the group holds."""
    _require_kind(group, kind if isinstance(kind, tuple) else (kind,))
    return named(group)


def foreign_maker(group: str, name: str) -> str:
    """Return the package and version that brought a value, for keys; an empty string for our own and unknown ones."""
    found = _find_values(group).get(name)
    return "" if found is None or found.package == _OURS else f"{found.package} {found.version}"


def other_packages() -> tuple[tuple[str, str], ...]:
    """Return the name and version of every other package that adds something; nothing is loaded."""
    return tuple(sorted({(point.owner, point.version) for point in _points() if point.owner != _OURS}))


def forget() -> None:
    """Read the entry points anew at the next look-up: for tests that install or remove a package."""
    for remembered in (_points, _find_values, _require_kind, named):
        remembered.cache_clear()


@cache
def _require_kind(group: str, kinds: tuple[type[Any], ...]) -> None:
    for name, found in _find_values(group).items():
        if not isinstance(found.value, kinds):
            raise SetupError(
                f"{name!r} of {found.package} is a {type(found.value).__name__}",
                where=f"robustcheck.{group}",
                expected="a value of the type " + " or ".join(kind.__name__ for kind in kinds),
                fix=f"correct or uninstall {found.package}",
            )


@cache
def _find_values(group: str) -> Mapping[str, _Registered]:
    assert group in GROUPS, f"{group!r} is not a group of the registry"
    own_group = [point for point in _points() if point.group == group]
    points = sorted(own_group, key=lambda point: (point.owner != _OURS, point.owner, point.entry.name))
    if not any(point.owner == _OURS for point in points):
        raise SetupError(
            f"the installation of robustcheck declares no {group}",
            expected=f"the entry points robustcheck.{group} of its pyproject.toml",
            fix="install it again: pip install -e . in its directory, or pip install --force-reinstall robustcheck",
        )
    found: dict[str, _Registered] = {}
    for point in points:
        for value in _each(_load(point)):
            _add(found, value, point)
    return MappingProxyType(found)


@cache
def _points() -> tuple[_Point, ...]:
    """Read the entry points of all groups; the metadata of a package with many of them are parsed once."""
    packages: dict[int, tuple[str, str]] = {}
    every, found = entry_points(), []
    for entry in (entry for group in GROUPS for entry in every.select(group=f"robustcheck.{group}")):
        if id(entry.dist) not in packages:
            packages[id(entry.dist)] = _package(entry)
        found.append(_Point(entry, *packages[id(entry.dist)]))
    return tuple(found)


def _package(entry: EntryPoint) -> tuple[str, str]:
    return ("an unknown package", "") if entry.dist is None else (entry.dist.name, entry.dist.version)


def _add(found: dict[str, _Registered], value: Any, point: _Point) -> None:
    name, owner, group = getattr(value, "name", None), point.owner, point.group
    if not isinstance(name, str) or not name:
        raise SetupError(
            f"the entry point {point.entry.name!r} of {owner} gives a {type(value).__name__} without a name",
            where=point.entry.group,
            expected="a value with a name, or a tuple of such values",
            fix=f"correct or uninstall {owner}",
        )
    if name in found:
        raise SetupError(
            f"two packages register the {group} name {name!r}: {found[name].package} and {owner}",
            fix="uninstall one of them",
        )
    found[name] = _Registered(value, owner, point.version)


def _each(loaded: Any) -> tuple[Any, ...]:
    return tuple(loaded) if isinstance(loaded, tuple | list) else (loaded,)


def _load(point: _Point) -> Any:
    try:
        return point.entry.load()
    except (ImportError, AttributeError, NameError, TypeError, ValueError, SyntaxError, OSError) as error:
        raise SetupError(
            f"the entry point {point.entry.name!r} of {point.owner} cannot be loaded ({error})",
            where=point.entry.group,
            fix=f"reinstall or uninstall {point.owner}",
        ) from error
