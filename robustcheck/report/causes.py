"""The few reasons behind many results: fails that share a cause stand as one sentence, not as a card each.

A cause is a pair of conditions, one on the checks (under one kind of corruption, on one data set, ...) and one
on the models (one model, one architecture, all of them). Causes are chosen greedily. Among the results that no
earlier cause is about, let p be the share that fails, and q that share where a pair holds, drawn towards p as if
one more result had been seen: q = (fails + p) / (results + 1). The next cause is the pair with the largest
fails * log(q / p). A wide pair has q = p and explains nothing; a narrow one has few fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import log
from typing import Any, NamedTuple

from robustcheck.listing import counted
from robustcheck.report.missing import first_reason_line, suite_name
from robustcheck.values import Quantity, Result, Status

MOST_CAUSES = 5
# Facets that say what a model is; the others are numbers, or repeat one of these.
_FACETS = ("family", "source", "architecture", "finetuning", "adapter", "task", "loss", "curation", "language")
_VERBS: dict[Status, tuple[str, str]] = {
    "fail": ("fails", "fail"),
    "error": ("ends in an error", "end in errors"),
    "unsure": ("is unsure", "are unsure"),
    "warn": ("passes with a warning", "pass with a warning"),
}

# From what names the fewest checks to what names the most: of two pairs that explain the same, the first is said.
_CHECK_KINDS = (
    "message", "key", "corruptions", "corruption", "dataset", "slice", "metric", "check", "suite", "tag", "any",
)  # fmt: skip
_MODEL_KINDS = ("groups", "model", "any", *_FACETS)

_ALWAYS = ("message", "key", "model", "groups", "any")


class Condition(NamedTuple):
    """What some checks, or some models, have in common."""

    kind: str
    value: str = ""


Pair = tuple[Condition, Condition]


@dataclass(frozen=True, slots=True)
class Cause:
    """Results of one status that share a cause, the worst first.

    ``judged`` is how many results the two conditions match, ``models`` how many models those are of.
    """

    status: Status
    pair: Pair
    results: tuple[Result, ...]
    judged: int
    models: int

    @property
    def sentence(self) -> str:
        """Say it: ``12 checks under blur fail for all 3 models of architecture cnn``."""
        checks = len({(result.suite, result.check_key) for result in self.results})
        noun = "claim" if self.pair[1].kind == "groups" else "check"
        named = self.pair[0].kind == "key"
        subject = self.pair[0].value if named else " ".join(filter(None, (counted(checks, noun), _said(self.pair[0]))))
        return f"{subject} {_VERBS[self.status][checks > 1]}{self._for_whom()}"

    @property
    def share(self) -> str:
        """Say how many of the results that the sentence is about turned out so, where not all did."""
        return f"{len(self.results):,} of {counted(self.judged, 'verdict')}" if len(self.results) < self.judged else ""

    @property
    def worst(self) -> Result:
        """Return the result that lies furthest beyond its limit."""
        return self.results[0]

    def _for_whom(self) -> str:
        condition, hit = self.pair[1], len({result.model.id for result in self.results})
        if condition.kind == "groups":
            return ""
        if condition.kind == "model" or self.models == 1:
            return f" for {self.worst.model.id}"
        number = f"all {self.models:,}" if hit == self.models else f"{hit:,} of {self.models:,}"
        of = "" if condition.kind == "any" else f" of {condition.kind} {condition.value}"
        return f" for {number} models{of}"


def causes(results: Iterable[Result], most: int = MOST_CAUSES) -> tuple[Cause, ...]:
    """Explain what needs attention, the gravest status first."""
    judged = [result for result in results if result.verdict.status != "skip"]
    fails, errors = (_causes_of(status, judged, most) for status in ("fail", "error"))
    if fails or errors:
        # One place is kept for an error where fails would take them all.
        return (*fails[: most - bool(errors)], *errors)[:most]
    return (*_causes_of("unsure", judged, most), *_causes_of("warn", judged, most))[:most]


def _causes_of(status: Status, results: Sequence[Result], most: int) -> tuple[Cause, ...]:
    bad = [result for result in results if result.verdict.status == status]
    bad.sort(key=lambda result: result.verdict.margin if result.verdict.margin is not None else 0.0)
    return tuple(_explained(status, results, bad, most))


def _explained(status: Status, results: Sequence[Result], bad: Sequence[Result], most: int) -> Iterator[Cause]:
    if not bad:
        return
    tally = _Tally(results, bad, _Conditions(results, status))
    while most and (best := tally.best()):
        members = tally.matching(results, best)
        yield Cause(
            status, best, tuple(tally.matching(bad, best)), len(members), len({result.model.id for result in members})
        )
        tally.leave_out(members)
        most -= 1


class _Tally:
    """How many results each pair matches, and how many of these are bad, among those that no cause is about yet."""

    def __init__(self, results: Sequence[Result], bad: Sequence[Result], conditions: _Conditions) -> None:
        self.bad = {id(result) for result in bad}
        hits = frozenset().union(*(conditions.pairs(result) for result in bad))
        self.pairs = {id(result): conditions.pairs(result) & hits for result in results}
        self.left = set(self.pairs)
        self.judged = Counter(pair for pairs in self.pairs.values() for pair in pairs)
        self.failed = Counter(pair for key in self.bad for pair in self.pairs[key])

    def best(self) -> Pair | None:
        """Return the pair that explains most of what is left, None where nothing is."""
        number = len(self.bad & self.left)
        usual = number / max(1, len(self.left))
        weights = {
            pair: fails * log((fails + usual) / (self.judged[pair] + 1) / usual)
            for pair, fails in self.failed.items()
            if fails
        }
        return max(weights, key=lambda pair: (round(weights[pair], 9), self.failed[pair], _rank(pair)), default=None)

    def matching(self, results: Sequence[Result], pair: Pair) -> list[Result]:
        """Return the results that meet a pair."""
        return [result for result in results if pair in self.pairs[id(result)]]

    def leave_out(self, results: Sequence[Result]) -> None:
        """Count some results no more."""
        gone = {id(result) for result in results} & self.left
        self.left -= gone
        for key in gone:
            self.judged.subtract(self.pairs[key])
            if key in self.bad:
                self.failed.subtract(self.pairs[key])


class _Conditions:
    """The pairs of conditions that results meet, worked out once for each check and model."""

    def __init__(self, results: Sequence[Result], status: Status) -> None:
        self.status = status
        self.of_checks: dict[tuple[str, ...], list[Condition]] = {}
        self.of_models: dict[str, list[Condition]] = {}
        for result in results:
            self.of_checks.setdefault(self._key(result), _of_check(result, status))
            self.of_models.setdefault(result.model.id, _of_model(result))
        for conditions in (self.of_checks, self.of_models):
            _drop_common(conditions)

    def pairs(self, result: Result) -> set[Pair]:
        """Return the pairs that a result meets."""
        checks, models = self.of_checks[self._key(result)], self.of_models[result.model.id]
        return set(product(checks, models))

    def _key(self, result: Result) -> tuple[str, ...]:
        reason = first_reason_line(result.verdict.reason) if self.status == "error" else ""
        return result.suite, result.check_key, reason


def _rank(pair: Pair) -> tuple[int, int, Pair]:
    """Order pairs that explain the same: the narrower condition first, then by name."""
    return -_CHECK_KINDS.index(pair[0].kind), -_MODEL_KINDS.index(pair[1].kind), pair


def _drop_common(conditions: dict[Any, list[Condition]]) -> None:
    """Drop what holds of all checks, or of all models: it explains nothing."""
    common = set.intersection(*map(set, conditions.values())) if conditions else set()
    for key, listed in conditions.items():
        conditions[key] = [one for one in listed if one not in common or one.kind in _ALWAYS]


def _of_check(result: Result, status: Status) -> list[Condition]:
    quantity = result.quantity or (result.score.cell.quantity if result.score else None)
    found = [Condition("message", first_reason_line(result.verdict.reason))] * (status == "error")
    found += [Condition("key", result.check_key), Condition("check", result.check_id)]
    found += [Condition("suite", suite_name(result.suite)), Condition("any")]
    found += [Condition("tag", tag) for tag in result.tags]
    return found + (_of_quantity(quantity) if quantity else [])


def _of_quantity(quantity: Quantity) -> list[Condition]:
    dataset, *parts = quantity.dataset.split("/")
    found = [Condition("dataset", dataset), Condition("metric", quantity.metric)]
    found += [Condition("slice", f"{name} {value}") for name, value in quantity.where]
    corruption = quantity.transform.split(":")[0] if quantity.transform else parts[0] if parts else ""
    if corruption:
        # gaussian_blur, motion_blur and the like are all blur.
        found += [Condition("corruption", corruption), Condition("corruptions", corruption.rsplit("_", 1)[-1])]
    return found


def _of_model(result: Result) -> list[Condition]:
    if result.is_about_groups:
        return [Condition("groups")]
    facets = [Condition(name, value) for name, value in result.model.facets if name in _FACETS]
    return [Condition("model", result.model.id), Condition("any"), *facets]


def _said(condition: Condition) -> str:
    """Say which checks a condition names: ``under blur``, ``on imagenet-a``."""
    before = {"corruptions": "under", "corruption": "under", "dataset": "on", "slice": "of", "metric": "of"}
    before |= {"check": "of", "suite": "in", "tag": "tagged"}
    word = before.get(condition.kind)
    return f"{word} {condition.value}" if word else ""
