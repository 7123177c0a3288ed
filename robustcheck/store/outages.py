"""A service that stopped answering is not asked again for each of a thousand files.

The clients of services try again by themselves, for ten seconds to forty. What fails after that fails for the next file
too, most likely; a run with a thousand checks would wait for hours and then say what it could have said at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# An answer, though not the one that was wished for.
_ANSWERS = (FileNotFoundError, FileExistsError, PermissionError)
_IN_A_ROW = 3
_PAUSE_SECONDS = 60.0


class NoAnswer(Exception):
    """A service that is not asked at the moment; it says what its last failure was."""


@dataclass(slots=True)
class Outage:
    """The failures of a service since its last answer; after some in a row it is asked once a minute only."""

    clock: Callable[[], float] = time.monotonic
    _failures: int = 0
    _last: float = 0.0
    _words: str = field(default="", repr=False)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Take note of what becomes of a request; raise NoAnswer where it is not to be made now."""
        if self._failures >= _IN_A_ROW and self.clock() - self._last < _PAUSE_SECONDS:
            raise NoAnswer(f"no answer {self._failures} times in a row, not asked again for now; last: {self._words}")
        try:
            yield
        except _ANSWERS:
            self._failures = 0
            raise
        except Exception as error:
            self._failures, self._last = self._failures + 1, self.clock()
            self._words = f"{type(error).__name__}: {error}"
            raise
        self._failures = 0
