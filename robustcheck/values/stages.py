"""Stages: which images of a data set have been seen after each part of a run that decides early."""

from __future__ import annotations

from typing import Literal

# The share of all images that has been seen at the end of each stage.
SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
LAST = len(SHARES) - 1
# Raised when other images come to belong to a stage: it is in the keys of what is measured there.
ORDER = 1

# Measure every image, or leave a data set once all checks on it are decided.
Effort = Literal["full", "decide"]
