"""One display of how far measuring is, for every engine: redrawn on a terminal, a line now and then where nobody looks.

It goes to the error stream, so that what a command prints stays what it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from robustcheck.listing import counted
from robustcheck.measure import ProgressEvent
from robustcheck.printing import one_line
from robustcheck.report.words import duration
from robustcheck.run.tally import SetTally, Tally, tally_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_REDRAWN_EVERY, _LINE_EVERY = 0.25, 60.0
_SHOWN = 4


@dataclass(slots=True)
class Display:
    """Shows tallies on a stream; ``begins`` is called before new lines, and ends a line that somebody else began."""

    stream: TextIO
    is_terminal: bool
    begins: Callable[[], object] = lambda: None
    clock: Callable[[], float] = time.monotonic
    _next: float | None = None
    _drawn: Progress | None = None
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def show(self, tally: Tally) -> None:
        """Show how far it is, if it is time to; nothing where there is nothing to do, or no more."""
        if tally.total <= tally.done:
            self.clear()
        elif not self._is_due():
            return
        elif self.is_terminal:
            self._draw(tally)
        else:
            self.begins()
            print(one_line(tally_line(tally), 1_000), file=self.stream, flush=True)

    def clear(self) -> None:
        """Take the lines off the terminal."""
        if self._drawn is not None:
            self._drawn.stop()
            self._drawn = None
            self._tasks.clear()

    def _is_due(self) -> bool:
        """Say whether it is time to show something; of lines in a log the first comes after a while."""
        now = self.clock()
        if self._next is None:
            self._next = now if self.is_terminal else now + _LINE_EVERY
        if now < self._next:
            return False
        self._next = now + (_REDRAWN_EVERY if self.is_terminal else _LINE_EVERY)
        return True

    def _draw(self, tally: Tally) -> None:
        progress = self._drawn or self._begin()
        whole = SetTally(tally.done, tally.total)
        left = "" if tally.seconds_left is None else f"{duration(tally.seconds_left)} left"
        self._line("measuring", whole, f"{tally.images_per_second:,.0f} images/s  {left}")
        under_way = {name: one for name, one in tally.sets.items() if one.is_under_way}
        for name, one in list(under_way.items())[:_SHOWN]:
            self._line(name, one, counted(one.models, "model"))
        for name in self._tasks.keys() - under_way.keys() - {"measuring"}:
            progress.remove_task(self._tasks.pop(name))
        progress.refresh()

    def _line(self, name: str, one: SetTally, said: str) -> None:
        assert self._drawn is not None, "a display that has begun"
        if name not in self._tasks:
            self._tasks[name] = self._drawn.add_task(one_line(name), total=one.total, said=said)
        self._drawn.update(self._tasks[name], completed=int(one.done), total=round(one.total), said=said)

    def _begin(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self.begins()
        # auto_refresh would draw from a thread of its own.
        self._drawn = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("chunks  {task.fields[said]}", markup=False),
            console=Console(file=self.stream, force_terminal=True),
            auto_refresh=False,
            transient=True,
        )
        self._drawn.start()
        return self._drawn


@dataclass(slots=True)
class Counting:
    """Keeps the tally of this process, and hands it on with every event and when the whole is known."""

    tell: Callable[[Tally], None]
    clock: Callable[[], float] = time.monotonic
    tally: Tally = field(default_factory=Tally)
    _started: float | None = None

    def expect(self, planned: Callable[[], Tally]) -> None:
        """Take note of all that is to be done, before the first image is read."""
        self.tally = planned()
        self._started = self.clock()
        self.tell(self.tally)

    def on_progress(self, event: ProgressEvent) -> None:
        """Take note of one progress event."""
        if self._started is None:
            self._started = self.clock()
        self.tally = self.tally.after(event, self.clock() - self._started)
        self.tell(self.tally)
