"""How far a command's measuring is, on the error stream: what it prints stays what it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from robustcheck.measure import ProgressEvent
from robustcheck.run.progress_display import Counting, Display
from robustcheck.run.session import Listener
from robustcheck.run.tally import Tally


@dataclass(slots=True)
class ShownProgress(Listener):
    """Keeps count, and shows it."""

    counting: Counting

    def expect(self, planned: Callable[[], Tally]) -> None:
        """Take note of what is to be done."""
        self.counting.expect(planned)

    def on_progress(self, event: ProgressEvent) -> None:
        """Take note of one progress event."""
        self.counting.on_progress(event)


@contextmanager
def showing_progress() -> Iterator[ShownProgress]:
    """Show how far measuring is while the block lasts."""
    display = Display(sys.stderr, sys.stderr.isatty() and not os.environ.get("CI"))
    try:
        yield ShownProgress(Counting(display.show))
    finally:
        display.clear()
