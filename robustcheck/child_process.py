"""Python processes of our own, which run a function of this package and answer on their standard output.

They are started as commands and not by multiprocessing, whose children import the program's own main module: a script
that calls robustcheck would run once more in each of them, with its torch.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import BinaryIO


def child_command(code: str, *arguments: str) -> list[str]:
    """Return the command that runs some code in a Python like this one."""
    return [sys.executable, "-c", code, *arguments]


def child_environment(**changes: str) -> Mapping[str, str]:
    """Return the environment of a child, which finds the modules that this process finds."""
    path = os.pathsep.join(each or os.getcwd() for each in sys.path)
    return {**os.environ, "PYTHONPATH": path, **changes}


def answering_output() -> BinaryIO:
    """Return, in a child, what was the standard output; what a library prints goes to standard error from now on."""
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return own
