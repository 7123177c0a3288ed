"""What several test modules share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command import Robustcheck, Said


@pytest.fixture
def robustcheck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Robustcheck:
    """Run the command as the console script does, in an empty directory."""
    # Here, because most tests need no command.
    from robustcheck.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROBUSTCHECK_DATA", raising=False)

    def call(*words: str) -> Said:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["robustcheck", *words])
        with pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
        return Said(0 if code is None else int(code), *capsys.readouterr())

    return call
