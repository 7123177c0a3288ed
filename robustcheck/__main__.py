"""``python -m robustcheck`` is the ``robustcheck`` command."""

from __future__ import annotations

from robustcheck.cli import main

main()
