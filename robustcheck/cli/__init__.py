"""The ``robustcheck`` command: one-off questions and care for suites, data and baselines."""

from __future__ import annotations

import sys

from robustcheck.cli.app import app
from robustcheck.errors import RobustcheckError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command; a user's mistake is a message and exit code 2, never a traceback."""
    try:
        app()
    except RobustcheckError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
