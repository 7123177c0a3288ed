"""What a run was asked to do: every option, already resolved to values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from robustcheck.measure import Engine, InProcess, MeasureSettings
from robustcheck.values import EvidenceChoice

HOME = ".robustcheck"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The options of a run; ``models`` replaces the models of every suite when it is not empty.

    ``directory`` is where the run was started, and ``words`` are the options that a rerun needs.
    """

    measure: MeasureSettings
    baselines: Path
    reports: Path
    evidence: EvidenceChoice = "auto"
    models: tuple[str, ...] = ()
    arch: str | None = None
    strict: bool = False
    engine: Engine = field(default_factory=InProcess)
    directory: Path = field(default_factory=Path.cwd)
    words: tuple[str, ...] = ()

    @property
    def samples(self) -> Path:
        """Where the per-sample scores of live measurements are kept, by cell key."""
        return self.measure.store / "samples"


def home_of(rootdir: Path) -> Path:
    """Return the directory that keeps the store and the baselines of a project."""
    return rootdir / HOME
