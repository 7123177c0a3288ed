"""What was skipped, one entry for each data set that is not on this machine, and for each other reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from robustcheck.listing import counted
from robustcheck.values import Result

_TO_DO = "  to do: "


@dataclass(frozen=True, slots=True)
class Skipped:
    """Results that were skipped for one reason; ``dataset`` is what would let them be judged, where it is that.

    ``remedy`` says what to do, ``suites`` are the names of the suites that would be decided.
    """

    dataset: str
    reason: str
    remedy: str
    results: tuple[Result, ...]
    suites: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the data set, or the reason where no data set is missing."""
        return self.dataset or self.reason

    @property
    def extent(self) -> str:
        """Say how much it would decide: ``41 checks, 39 models``, and ``3 claims`` where there are any."""
        checks = {(result.suite, result.check_key) for result in self.results if not result.is_about_groups}
        models = {result.model.id for result in self.results if not result.is_about_groups}
        claims = sum(result.is_about_groups for result in self.results)
        parts = [counted(len(checks), "check")] * bool(checks) + [counted(len(models), "model")] * bool(models)
        return ", ".join([*parts, *[counted(claims, "claim")] * bool(claims)])

    @property
    def decides(self) -> str:
        """Say what would be decided, and in which suites: ``6 checks, 39 models (ood, prompts)``."""
        return f"{self.extent} ({', '.join(self.suites)})"


def skipped(results: Iterable[Result]) -> tuple[Skipped, ...]:
    """Group the skips: by missing data set, the one that would decide most first, then by other reasons."""
    groups: dict[tuple[bool, str], list[Result]] = {}
    for result in results:
        if result.verdict.status == "skip":
            missing = result.verdict.missing
            groups.setdefault((not missing, missing or _reason(result)), []).append(result)
    ordered = sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]), group[0][1]))
    return tuple(_skipped("" if is_other else name, members) for (is_other, name), members in ordered)


def skips_said(found: Iterable[Skipped]) -> str:
    """Say in one sentence how much was skipped and why."""
    listed = list(found)
    number = sum(len(one.results) for one in listed)
    missing = sum(bool(one.dataset) for one in listed)
    if not missing:
        return f"{number:,} skipped"
    verb = "is" if missing == 1 else "are"
    return f"{number:,} skipped: {counted(missing, 'data set')} {verb} not on this machine"


def _skipped(dataset: str, results: list[Result]) -> Skipped:
    suites = dict.fromkeys(suite_name(result.suite) for result in results)
    return Skipped(dataset, _reason(results[0]), _remedy(results[0]), tuple(results), tuple(suites))


def suite_name(path: str) -> str:
    """Return the short name of a suite: its file's, without what all suites end in."""
    return PurePath(path).name.removesuffix(".yaml").removesuffix(".robust")


def first_reason_line(reason: str) -> str:
    """Return what was found; what was expected and what to do stand on lines of their own below it."""
    return reason.split("\n", 1)[0]


def further_lines(reason: str) -> list[str]:
    """Return what stands below the first line."""
    return [line.strip() for line in reason.split("\n")[1:]]


def _reason(result: Result) -> str:
    """Return the first line of a reason without its model, so that models which lack the same thing stand together."""
    return first_reason_line(result.verdict.reason).removeprefix(f"{result.model.text}: ")


def _remedy(result: Result) -> str:
    lines = (line.removeprefix(_TO_DO) for line in result.verdict.reason.split("\n") if line.startswith(_TO_DO))
    return next(lines, "")
