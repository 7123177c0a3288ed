"""One rich progress line while images are measured; silent where nobody watches."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from robustcheck.run.session import Listener

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from robustcheck.measure import ProgressEvent


class ProgressLine(Listener):
    """Draws on the real terminal, past pytest's capture."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def on_progress(self, event: ProgressEvent) -> None:
        """Draw the state of the pass."""
        if not self._watched():
            return
        capture = self._config.pluginmanager.getplugin("capturemanager")
        if capture is None:
            self._draw(event)
            return
        with capture.global_and_fixture_disabled():
            self._draw(event)

    def _watched(self) -> bool:
        return (
            sys.__stderr__ is not None
            and self._config.get_terminal_writer().hasmarkup
            and not os.environ.get("CI")
            and not hasattr(self._config, "workerinput")
        )

    def _draw(self, event: ProgressEvent) -> None:
        progress = self._progress or self._start()
        label = f"{' under '.join(filter(None, (event.dataset, event.transform)))}, {len(event.models)} models"
        if label not in self._tasks:
            self._tasks[label] = progress.add_task(label, total=event.total, rate=0.0)
        progress.update(self._tasks[label], completed=event.done, rate=event.images_per_second)
        progress.refresh()
        if event.done >= event.total:
            progress.remove_task(self._tasks.pop(label))
        if not self._tasks:
            progress.stop()
            self._progress = None

    def _start(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        # auto_refresh would draw from a thread, while pytest captures again.
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.0f} images/s"),
            TimeRemainingColumn(),
            console=Console(file=sys.__stderr__),
            auto_refresh=False,
            transient=True,
        )
        self._progress.start()
        return self._progress
