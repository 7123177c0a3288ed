"""The phrases that the sentences of several expectations are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from robustcheck.listing import name_any
from robustcheck.values import Amount, Quantity
from robustcheck.values.expectations.fields import FacetQuery, QuantityModel


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sentence is about: the measured quantity in words, how to say another, and where better lies."""

    label: str
    describe: Callable[[Quantity], str]
    is_higher_better: bool = True

    @property
    def better(self) -> str:
        """The side on which a better value lies."""
        return "above" if self.is_higher_better else "below"

    @property
    def worse(self) -> str:
        """The side on which a worse value lies."""
        return "below" if self.is_higher_better else "above"

    def says(self, quantity: QuantityModel) -> str:
        """Describe another quantity."""
        return self.describe(quantity.quantity())


def query_words(query: FacetQuery) -> str:
    """Say a facet query in words.

    >>> query_words({"source": ["laion", "wit"], "samples": ">=1e9", "size": "!=test"})
    'source laion or wit and samples >=1e9 and size not test'
    """
    return " and ".join(f"{facet} {_alternatives(values)}" for facet, values in query.items())


def _alternatives(values: str | list[str]) -> str:
    texts = values.split("|") if isinstance(values, str) else values
    words = name_any([text.strip() for text in texts])
    return f"not {words.removeprefix('!=').strip()}" if words.startswith("!=") else words


def share_text(value: float) -> str:
    """Write a share as a percentage.

    >>> share_text(0.975)
    '97.5%'
    """
    return f"{round(value * 100, 10):g}%"


def by_margin(margin: Amount) -> str:
    """Say a margin where there is one; ends with a space."""
    return f"at least {margin} " if margin.value else ""


def within(distance: Amount) -> str:
    """Say a distance that counts as equal."""
    return f"within {distance} of"


def more_than(quantity: QuantityModel | None, subject: Subject) -> str:
    """Say in which other quantity the same is less, where one is named."""
    return "" if quantity is None else f", by more than for {subject.says(quantity)}"


def on_axes(axis: str, default: str = "probit") -> str:
    """Name the axes where they are not those that the kind has by default."""
    return f" on {axis} axes" if axis != default else ""
