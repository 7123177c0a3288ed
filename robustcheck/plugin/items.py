"""A suite as a pytest module and a planned check as a pytest function."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

from robustcheck.errors import DataMissing, RobustcheckError
from robustcheck.plugin.guest import in_pytests_terms, is_dry, module_of, showing_warnings
from robustcheck.plugin.pytest_run import Run, error_text, robust_run
from robustcheck.printing import flowing, one_line, printable
from robustcheck.run.session import status_of_error
from robustcheck.values import Result, Verdict
from robustcheck.values.checks import Check, PlannedCheck


class CheckFailedError(Exception):
    """A check whose claim is false (or, when strict, unsure)."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.verdict.reason)
        self.result = result


class SpecFile(pytest.Module):
    """One ``*.robust.yaml``; a Module, so that module-scoped fixtures have a node."""

    @property  # type: ignore[misc]
    def obj(self) -> ModuleType:
        """Return what stands for the module, which fixtures of other people read."""
        if self._stand_in is None:
            self._stand_in = module_of(self.path, "A robustcheck suite.")
        return self._stand_in

    _stand_in: ModuleType | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one item per check and model; every mistake of the file is one collection error."""
        run = self.config.stash[robust_run]
        with showing_warnings(), in_pytests_terms(self.CollectError):
            suite = run.session.load(self.path)
            plan = run.session.plan(suite)
        if not plan.items:
            run.unmatched.append(suite.path)
        for tag in sorted({tag for planned in plan.items for tag in planned.check.tags}):
            self.config.addinivalue_line("markers", f"{tag}: a tag of a robustcheck suite")
        functions = {planned.check.key: _function(planned.check) for planned in plan.items}
        return iter([self._item(planned, functions[planned.check.key]) for planned in plan.items])

    def _item(self, planned: PlannedCheck, function: Callable[[], None]) -> CheckItem:
        item: CheckItem = CheckItem.from_parent(self, name=planned.name, callobj=function)
        item.planned = planned
        return item


class CheckItem(pytest.Function):
    """One check on one model: measured in setup, judged in the call."""

    planned: PlannedCheck
    result: Result

    def setup(self) -> None:
        """Gather the evidence and weigh it; what cannot be judged is an error, what has no data a skip."""
        started = time.perf_counter()
        super().setup()
        if is_dry(self.config):
            return
        session = self._run.session
        try:
            with showing_warnings():
                self.result = session.judge(session.gather(self.planned), self.nodeid, started)
        except RobustcheckError as error:
            self._end_without_verdict(error, started)
        self._run.attach(self, self.planned, self.result)

    def runtest(self) -> None:
        """Fail when the claim is false (or, when strict, unsure)."""
        status = self.result.verdict.status
        if status == "fail" or (status == "unsure" and self._run.settings.strict):
            raise CheckFailedError(self.result)

    def teardown(self) -> None:
        """Let go of the result: its report carries it."""
        super().teardown()
        vars(self).pop("result", None)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> str:
        """Return plain text for a false claim: a report object would change its look across xdist."""
        if isinstance(excinfo.value, CheckFailedError):
            return failure_text(excinfo.value.result)
        return str(super().repr_failure(excinfo))

    def skip_place(self, skipped: object) -> object:
        """Make a skip point at the check's line, not at the plugin's."""
        if not isinstance(skipped, tuple):
            return skipped
        return str(self.path), self.planned.check.position.line, skipped[-1]

    def reportinfo(self) -> tuple[Path, int, str]:
        """Point at the check in its YAML file."""
        return self.path, self.planned.check.position.line - 1, self.name

    @cached_property
    def id(self) -> Any:
        """Return the structured id as pytest 9.2 parses it back from text, or ``--lf`` finds nothing.

        ``pytest.Function`` takes the bracket of a name for parameters only when it made them itself.
        """
        return type(super().id).parse(self.nodeid)

    def __repr__(self) -> str:
        """Show the check's sentence in ``--collect-only``."""
        check = self.planned.check
        doubts = "".join(f" Most likely a mistake: {doubt}." for doubt in check.doubts)
        return f"<Check {one_line(self.name)}: {flowing(check.sentence + doubts)}>"

    @property
    def _run(self) -> Run:
        return self.config.stash[robust_run]

    def _end_without_verdict(self, error: RobustcheckError, started: float) -> NoReturn:
        status = status_of_error(error, self.planned.model)
        missing = error.dataset if isinstance(error, DataMissing) else ""
        verdict = Verdict(status=status, reason=str(error), missing=missing)
        result = self._run.session.make_result(self.planned, self.nodeid, verdict, started)
        self._run.attach(self, self.planned, result)
        if status == "skip" and not self._run.settings.strict:
            raise pytest.skip.Exception(str(error)) from None
        raise pytest.fail.Exception(error_text(result, self._cause(error)), pytrace=False) from None

    def _cause(self, error: RobustcheckError) -> str:
        """Return what the code of others raised, with -v: it says where, and the error in words says what."""
        if error.__cause__ is None or self.config.option.verbose < 1:
            return ""
        return "\nraised:\n" + "".join(traceback.format_exception(error.__cause__)).rstrip()


def failure_text(result: Result) -> str:
    """Say the verdict with its numbers, then the place, the details and one command."""
    verdict = result.verdict
    lines = [
        f"{verdict.status.upper()}: {printable(verdict.reason)}",
        one_line(str(result.position)),
        f"  {flowing(result.sentence)}",
        *(f"  {name}: {flowing(value)}" for name, value in verdict.facts),
        *(f"  note: {flowing(note)}" for note in verdict.notes),
        *([f"  claim: {flowing(_quoted(result))}"] if result.claim else []),
        *([f"  why: {flowing(result.why)}"] if result.why else []),
        one_line(result.rerun),
    ]
    return "\n".join(lines)


def _quoted(result: Result) -> str:
    return f"{result.claim} ({result.source})" if result.source else result.claim


def _function(check: Check) -> Callable[[], None]:
    """Return what the items of a check have for a test function, with the marks of its tags."""

    def function() -> None:
        """Never called: CheckItem.runtest judges."""

    function.__doc__ = check.sentence
    for tag in check.tags:
        # Marks must be on the function before an item is made; later ones are ignored.
        function = getattr(pytest.mark, tag)(function)
    return function
