"""Pictures that end the process that decodes them, for tests of decode processes; they travel by pickle."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image


@dataclass(frozen=True)
class Cautious:
    """Pictures that refuse to be decoded where torch is loaded."""

    inner: Any

    def image(self, index: int) -> Image.Image:
        assert "torch" not in sys.modules
        return self.inner.image(index)


@dataclass(frozen=True)
class Deadly:
    """Pictures of which one kills."""

    inner: Any
    place: int

    def image(self, index: int) -> Image.Image:
        if index == self.place:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.image(index)


@dataclass(frozen=True)
class DiesOnce:
    """Pictures of which one kills the first process that decodes it."""

    inner: Any
    place: int
    mark: Path

    def image(self, index: int) -> Image.Image:
        if index == self.place and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.image(index)
