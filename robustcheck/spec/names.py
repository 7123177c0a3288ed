"""The names that a suite may use, filled in by `run`, which knows the registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from robustcheck.values import Pairs, WrongOption

Facets = Mapping[str, frozenset[str]]
Axes = tuple[tuple[str, tuple[str, ...]], ...]
Kind = Literal["metric", "data set", "transform", "prompt set", "population", "model"]


_PATH = re.compile(r".*\.(csv|txt|json|jsonl|log(:[0-9]+)?)", re.DOTALL)


def is_path(text: str) -> bool:
    """Tell a path from a name."""
    return "/" in text or _PATH.fullmatch(text) is not None


def file_of(text: str) -> str:
    """Return the file that a text names: of ``found.log:49``, the first 49 prompts of a file, ``found.log``."""
    head, mark, count = text.rpartition(":")
    return head if mark and head.endswith(".log") and count.isdecimal() else text


def _any_model(_: str) -> str | None:
    return None


def _all_names(_: tuple[str, ...]) -> frozenset[str] | None:
    return None


def _no_facets(_: str) -> Facets:
    return {}


def _no_classes(_: str) -> tuple[str, ...]:
    return ()


def _never(_: str) -> bool:
    return False


def _no_datasets(_: str) -> frozenset[str]:
    return frozenset()


class KnownOption(Protocol):
    """A setting of a metric: which values it may have, and the one way to write each."""

    @property
    def sort(self) -> str:
        """Return what a value is: a choice, a number, a fraction, a switch, a data set or a model."""

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the values by name, where they are few."""

    @property
    def expected(self) -> str:
        """Say which values there are."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the smallest and the largest number, of an option that is one."""

    @property
    def is_required(self) -> bool:
        """Whether the metric has no meaning without it."""

    @property
    def is_other_side(self) -> bool:
        """Whether it names the data set that the measured one is held against."""

    def canonical(self, text: str) -> str:
        """Return the one text that stands for a value; raise ValueError where it cannot be one."""


FindWrong = Callable[[Pairs], Iterable[WrongOption]]


@dataclass(frozen=True)
class KnownNames:
    """What may be named in a suite: ``metrics`` maps a name to its unit (``%`` or none).

    ``nouns`` maps a metric to what people call it, ``options`` to its settings, and ``wrong_options`` to what finds
    those that do not go with each other. Of the metrics,
    ``lower_is_better`` are those where a smaller value is better, ``either_side`` those of which a limit on either side
    can be meant; ``value_ranges`` are those of metrics that leave 0 to 1.
    ``families`` maps a data set that comes in subsets to their axes and the values of each.
    ``columns`` maps a data set to all that a slice of it can name and the values of each (none listed: any), where
    that is known; ``tasks`` maps it to what it is for, and ``scored_tasks`` a metric to the tasks that it scores.
    ``model_names`` returns the ids and the references of the models that texts stand for, and of every known one.
    ``class_sets`` are the lists of classes that ``where: {classes: ...}`` can keep, of a data set unless
    ``has_own_classes`` is true of it; ``class_names`` returns a data set's classes, nothing where they are not known.
    ``transforms`` maps a name to its variants; ``facets`` maps a facet of the models to its known values, and
    ``population_facets`` returns those of a population's members, which may have others, and
    ``population_datasets`` the data sets of its figures, such as averages that nobody can measure;
    ``is_model`` returns None for a usable model text, or what is wrong with it, and ``is_one_model`` for a usable one
    of a single model.
    """

    metrics: Mapping[str, str]
    nouns: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, KnownOption]] = field(default_factory=dict)
    wrong_options: Mapping[str, FindWrong] = field(default_factory=dict)
    lower_is_better: frozenset[str] = frozenset()
    either_side: frozenset[str] = frozenset()
    value_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    datasets: frozenset[str] = frozenset()
    families: Mapping[str, Axes] = field(default_factory=dict)
    columns: Mapping[str, Axes] = field(default_factory=dict)
    tasks: Mapping[str, str] = field(default_factory=dict)
    scored_tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    class_sets: frozenset[str] = frozenset()
    class_names: Callable[[str], tuple[str, ...]] = _no_classes
    has_own_classes: Callable[[str], bool] = _never
    populations: frozenset[str] = frozenset()
    transforms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prompts: frozenset[str] = frozenset()
    facets: Facets = field(default_factory=dict)
    population_facets: Callable[[str], Facets] = _no_facets
    population_datasets: Callable[[str], frozenset[str]] = _no_datasets
    model_sets: frozenset[str] = frozenset()
    is_model: Callable[[str], str | None] = _any_model
    is_one_model: Callable[[str], str | None] = _any_model
    model_names: Callable[[tuple[str, ...]], frozenset[str] | None] = _all_names

    def kinds_of(self, name: str) -> tuple[Kind, ...]:
        """Return what a name stands for, wherever it was written: a metric, a data set, a model..."""
        listed: Mapping[Kind, bool] = {
            "metric": name in self.metrics,
            "data set": name in self.datasets or name.partition("/")[0] in self.families,
            "transform": name.partition(":")[0] in self.transforms,
            "prompt set": name in self.prompts,
            "population": name in self.populations,
        }
        found = tuple(kind for kind, is_known in listed.items() if is_known)
        # Any text may be a model where nothing is known of models.
        is_named = name in self.model_sets or (self.is_model is not _any_model and self.is_model(name) is None)
        return (*found, "model") if is_named else found
