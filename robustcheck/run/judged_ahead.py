"""Claims about published models, judged by another process while this one goes on.

Such a claim rests on nothing that is measured: only on tables that ship with the package. It costs ten times a check on
a model, and a run has a hundred of them beside thousands of other items.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from threading import Thread

from robustcheck.child_process import answering_output, child_command, child_environment
from robustcheck.errors import RobustcheckError
from robustcheck.judge import Conclusion, conclude, draw_groups
from robustcheck.measure import usable_cores
from robustcheck.run.members import gather_claim
from robustcheck.values import TrendFigure
from robustcheck.values.checks import PlannedCheck

# With fewer of them, a process takes longer to start than it saves.
FEWEST = 20

_CODE = "from robustcheck.run.judged_ahead import answer_claims; answer_claims()"


Judged = tuple[Conclusion, TrendFigure | None]


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """What another process found of a claim: its verdict, and its check's plot."""

    planned: PlannedCheck
    conclusion: Conclusion
    figure: TrendFigure | None


@dataclass(slots=True)
class ClaimsAhead:
    """The claims of a run that another process judges, from the last to the first.

    This process judges from the first to the last. Neither waits for the other: they meet.
    """

    _process: subprocess.Popen[bytes] | None = None
    _reader: Thread | None = None
    _found: dict[str, Judged] = field(default_factory=dict)

    def start(self, items: Sequence[PlannedCheck], today: date) -> None:
        """Begin on the claims among the items, where there are many of them and a core is free."""
        claims = tuple(item for item in reversed(items) if item.is_published_claim)
        if len(claims) < FEWEST or usable_cores() < 2:
            return
        with suppress(OSError):  # where no process can be started, all are judged here
            self._process = subprocess.Popen(
                child_command(_CODE),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=child_environment(),
            )
            self._reader = Thread(target=self._talk, args=(self._process, claims, today), daemon=True)
            self._reader.start()

    def find(self, item: PlannedCheck) -> JudgedClaim | None:
        """Return what the other process found of an item; None where it has not come to it."""
        found = self._found.get(item.address)
        if found is None:
            return None
        # What is left to it has been judged here.
        self.close()
        return JudgedClaim(item, *found)

    def close(self) -> None:
        """End the other process."""
        if self._process is not None and self._reader is not None:
            self._process.kill()
            self._reader.join()
            self._process.wait()
            self._process = self._reader = None

    def _talk(self, process: subprocess.Popen[bytes], claims: Sequence[PlannedCheck], today: date) -> None:
        assert process.stdin is not None, "it is a pipe"
        assert process.stdout is not None, "it is a pipe"
        # It may be killed at any byte; what it has not told is judged here.
        with suppress(OSError, EOFError, pickle.UnpicklingError), process.stdout, process.stdin:
            pickle.dump((claims, today), process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            process.stdin.close()
            while True:
                name, judged = pickle.load(process.stdout)
                self._found[name] = judged


def answer_claims() -> None:
    """Read claims from the standard input, and write what is found of each to the standard output.

    What cannot be judged is left out: whoever asked meets the error when it judges the claim itself.
    """
    # Ctrl-C reaches the whole group; whoever asked decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with answering_output() as answers:
        claims, today = pickle.load(sys.stdin.buffer)
        for item in claims:
            with suppress(RobustcheckError):
                answers.write(pickle.dumps((item.address, _judge(item, today)), protocol=pickle.HIGHEST_PROTOCOL))
                answers.flush()


def _judge(item: PlannedCheck, today: date) -> Judged:
    case, line = gather_claim(item, today), item.check.group_expectation.drawn_line
    return conclude(case), draw_groups(line, case) if line else None
