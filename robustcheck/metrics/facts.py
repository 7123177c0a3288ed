"""What is known of each metric before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from robustcheck.values import Pairs, Task

Protocol = Literal[
    "classify",
    "calibrate",
    "detect",
    "retrieve",
    "cue_conflict",
    "corruption",
    "sequence",
    "video",
    "typographic",
    "overlap",
    "factors",
]


# What a data set must be for, for a protocol to score it.
TASKS: Mapping[Protocol, tuple[Task, ...]] = {
    "classify": ("classification", "cue-conflict", "typographic"),
    "calibrate": ("classification", "typographic"),
    "detect": ("ood",),
    "retrieve": ("retrieval",),
    "cue_conflict": ("cue-conflict",),
    "corruption": ("classification",),
    "sequence": ("sequences",),
    "video": ("video",),
    "typographic": ("classification", "typographic"),
    "overlap": ("classification",),
    "factors": ("classification",),
}


@dataclass(frozen=True, slots=True)
class OptionFacts:
    """A setting of a metric: its default, and the values it may have.

    Without choices it is the name of a data set.
    """

    name: str
    default: str
    choices: tuple[str, ...]
    description: str

    @property
    def is_dataset(self) -> bool:
        """Whether the value names a data set."""
        return not self.choices


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """What is known of a metric: unit, polarity, statistic, and the protocol that measures it.

    ``n_min`` samples are the fewest it needs; ``options`` are the settings that a check may give it.
    ``bounded`` says that its values lie between 0 and 1.
    """

    name: str
    unit: Literal["%", ""]
    higher_is_better: bool
    statistic: str
    description: str
    n_min: int = 1
    protocol: Protocol = "classify"
    options: tuple[OptionFacts, ...] = ()
    bounded: bool = True

    @property
    def is_share(self) -> bool:
        """Whether a value is a share of counted samples, so that the value and n give its interval."""
        return self.unit == "%" and self.bounded and self.statistic in ("mean", "group_mean", "ratio")

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What a data set must be for."""
        return TASKS[self.protocol]

    def option(self, name: str, given: Pairs) -> str:
        """Return the value of an option: the one given, or its default."""
        default = next(option.default for option in self.options if option.name == name)
        return dict(given).get(name, default)
