"""What a run was asked to do: every option, already resolved to values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from robustcheck.measure import Engine, InProcess, MeasureSettings
from robustcheck.store import Place, below, is_url
from robustcheck.values import EvidenceChoice
from robustcheck.values.series import Series
from robustcheck.values.stages import Effort

HOME = ".robustcheck"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The options of a run; ``models`` replaces the models of every suite when it is not empty.

    ``directory`` is where the run was started, and ``words`` are the options that a rerun needs. Without ``images`` the
    report shows no picture of the data. ``home`` is the directory or URL where the series are kept; ``series`` goes
    before those that suites name, and so does ``effort``.
    """

    measure: MeasureSettings
    baselines: Place
    reports: Path
    evidence: EvidenceChoice = "auto"
    models: tuple[str, ...] = ()
    arch: str | None = None
    strict: bool = False
    images: bool = True
    engine: Engine = field(default_factory=InProcess)
    directory: Path = field(default_factory=Path.cwd)
    words: tuple[str, ...] = ()
    home: Place = Path(HOME)
    series: Series | None = None
    effort: Effort | None = None

    @property
    def samples(self) -> Place:
        """Where the per-sample scores of live measurements are kept, by cell key."""
        return samples_of(self.measure.store, self.home)

    @property
    def series_files(self) -> Place:
        """Where the looks of series are kept."""
        return below(self.home, "series")


def samples_of(store: Place, home: Place) -> Place:
    """Return where the per-sample scores of live measurements are kept: in the store, or in the home of a bucket."""
    return below(home if is_url(store) else store, "samples")


def home_of(rootdir: Path) -> Path:
    """Return the directory that keeps the store, the baselines and the series of a project, where no other is named."""
    return rootdir / HOME
