"""How far measuring is, while pytest runs: shown by the process that owns the terminal, of all workers together."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from pathlib import Path

import pytest

from robustcheck.disk import write_atomically
from robustcheck.errors import SetupError
from robustcheck.measure import ProgressEvent
from robustcheck.plugin.guest import progress_directory
from robustcheck.run.progress_display import Counting, Display
from robustcheck.run.session import Listener
from robustcheck.run.tally import Tally, dump_tally, joined_tally, load_tally

_EVERY_SECONDS, _SHOWN_EVERY = 0.5, 0.1


class MeasuringProgress(Listener):
    """Keeps count in this process, and shows it; a worker of xdist leaves it where the controller looks."""

    def __init__(self, config: pytest.Config) -> None:
        worker = getattr(config, "workerinput", {}).get("workerid")
        self._shown = None if worker else Shown(config)
        left = Left(progress_directory(config) / worker) if worker else None
        self._counting = Counting(left.tell if left else self._show)

    def expect(self, planned: Callable[[], Tally]) -> None:
        """Take note of what is to be done."""
        self._counting.expect(planned)

    def on_progress(self, event: ProgressEvent) -> None:
        """Take note of one progress event."""
        self._counting.on_progress(event)

    def watch_workers(self) -> None:
        """Begin to show what the workers leave."""
        if self._shown is not None:
            self._shown.watch()

    def close(self) -> None:
        """Take it off the terminal."""
        if self._shown is not None:
            self._shown.close()

    def _show(self, tally: Tally) -> None:
        assert self._shown is not None, "a worker shows nothing itself"
        self._shown.show(tally)


class Left:
    """Leaves the tally of a worker in a file, now and then."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock, self._next = path, clock, 0.0

    def tell(self, tally: Tally) -> None:
        """Write it, if it is time or all is done; a full disk is no reason to end a run."""
        if self._clock() < self._next and tally.done < tally.total:
            return
        self._next = self._clock() + _EVERY_SECONDS
        with suppress(SetupError):
            write_atomically(self._path, dump_tally(tally))


class Shown:
    """Draws on the real terminal, past pytest's capture, and never while pytest writes a line of its own."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._lock = threading.RLock()
        self._next = 0.0
        self._ended = threading.Event()
        self._watcher: threading.Thread | None = None
        config.pluginmanager.register(self, "robustcheck-progress")

    def show(self, tally: Tally) -> None:
        """Show a tally, if it is time to."""
        now = time.monotonic()
        if now < self._next and tally.done < tally.total:
            return
        self._next = now + _SHOWN_EVERY
        # A stream that is captured is no terminal.
        with self._lock, self._uncaptured():
            if self._display is not None:
                self._display.show(tally)

    def clear(self) -> None:
        """Take the lines off the terminal."""
        if "_display" in vars(self) and self._display is not None:
            self._display.clear()

    def watch(self) -> None:
        """Begin to look at what the workers leave."""
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._look, name="robustcheck-progress", daemon=True)
            self._watcher.start()

    def close(self) -> None:
        """Stop looking, and remove what the workers left."""
        self._ended.set()
        if self._watcher is not None:
            self._watcher.join()
            shutil.rmtree(progress_directory(self._config), ignore_errors=True)
        with self._lock:
            self.clear()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self):  # type: ignore[no-untyped-def]
        """Make room for the line that pytest begins."""
        with self._lock:
            self.clear()
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self):  # type: ignore[no-untyped-def]
        """Make room for what pytest writes of a report."""
        with self._lock:
            self.clear()
            return (yield)

    def _look(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            tally = joined_tally(_tallies(progress_directory(self._config)))
            if tally.sets:
                self.show(tally)

    @cached_property
    def _display(self) -> Display | None:
        """The display, made when pytest's own terminal is there; None where there is none."""
        stream, terminal = sys.__stderr__, self._config.pluginmanager.getplugin("terminalreporter")
        if stream is None or terminal is None:
            return None
        is_drawn_on = stream.isatty() and terminal.hasmarkup and not os.environ.get("CI")
        return Display(stream, is_drawn_on, terminal.ensure_newline)

    def _uncaptured(self) -> AbstractContextManager[None]:
        """Return what lets a stream through; the process that has workers captures nothing while they run."""
        capture = self._config.pluginmanager.getplugin("capturemanager")
        if capture is None or self._watcher is not None:
            return nullcontext()
        uncaptured: AbstractContextManager[None] = capture.global_and_fixture_disabled()
        return uncaptured


def _tallies(directory: Path) -> Iterator[Tally]:
    """Yield what workers left; what cannot be read this time is read the next."""
    for path in sorted(directory.glob("gw*")):
        with suppress(OSError, ValueError):
            yield load_tally(path.read_bytes())
