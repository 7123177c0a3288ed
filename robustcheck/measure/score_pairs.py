"""Pairs of scores: what two of them have in common is worked out once, from their samples, and then stored.

A pair is a difference over the same images, or the covariance of two values. Its key holds the keys of both scores;
samples that lie outside of the store, such as a baseline's, are stamped, and a pair of other samples is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from robustcheck.measure.scores import SCORING
from robustcheck.stats.compare import Difference, paired_difference
from robustcheck.stats.ends import intervals_between, tabulate_ends
from robustcheck.stats.intervals import shared_covariance
from robustcheck.stats.sureness import seed_of
from robustcheck.store import Store, content_key
from robustcheck.values import Ends, Samples

MakePair = Callable[[], Mapping[str, Any]]

_EMPTY = np.empty(0)


@dataclass(frozen=True, slots=True)
class Partner:
    """One score of a pair: its key, and how its samples are read.

    ``stamp`` tells what changes when the file of samples that lie outside of the store does.
    """

    key: str
    read: Callable[[], Samples]
    stamp: Callable[[], Sequence[int]] = tuple


@dataclass(slots=True)
class PairBook:
    """The pairs of a store."""

    store: Store
    _known: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def difference(self, first: Partner, second: Partner) -> Difference:
        """Return the paired difference, second minus first; raises ValueError as ``paired_difference``."""

        def make() -> Mapping[str, Any]:
            found = paired_difference(first.read(), second.read(), seed=seed_of(first.key, second.key))
            ends = tabulate_ends(found.interval)
            facts = {name: getattr(found, name) for name in ("value", "error", "n", "discordant", "p_value", "test")}
            return {**facts, "lows": ends.lows, "highs": ends.highs}

        found = dict(self._get("difference", first, second, make))
        ends = Ends(tuple(found.pop("lows")), tuple(found.pop("highs")))
        return Difference(**found, interval=intervals_between(ends))

    def covariance(self, first: Partner, second: Partner) -> float:
        """Return the sampling covariance of two values of which some samples are the same."""
        found = self._get(
            "covariance", first, second, lambda: {"value": shared_covariance(first.read(), second.read())}
        )
        return float(found["value"])

    def _get(
        self, what: str, first: Partner, second: Partner, make: Callable[[], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        key = content_key({"pair": [first.key, second.key], "of": what, "scoring": SCORING})
        stamps = [list(first.stamp()), list(second.stamp())]
        if key not in self._known:
            stored = self.store.read("pairs", key)
            if stored is not None and stored.facts["stamps"] == stamps:
                self._known[key] = stored.facts["found"]
            else:
                self._known[key] = make()
                self.store.write("pairs", key, _EMPTY, {"found": dict(self._known[key]), "stamps": stamps})
        return self._known[key]
