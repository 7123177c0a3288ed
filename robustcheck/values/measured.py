"""What is measured and asserted: quantities, models, samples, scores and amounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

Evidence = Literal["live", "published"]
EvidenceChoice = Literal["auto", "live", "published"]
Pairs = tuple[tuple[str, str], ...]
# The fact in a score's provenance that makes a pass a warning: its images are not all of the set, or not only it.
DEFECTS = "defects of the data"
# The same for the outputs of a classifier: which class each is was not told by it, or a class has none.
PAIRING_REMARK = "remark on the outputs"
# The same for an adapter that learns from images that are scored.
TAUGHT = "learnt from what is scored"
SURE = "sure to be right"
# The fact that a verdict repeats without another status: signs that an attack failed and not that the model is robust.
MASKING = "masked gradients"
# Facts of multiple choice that the report draws: the share of each letter, as "A 25.0%, B 30.0%".
CHOSEN_BY_POSITION, RIGHT_BY_POSITION = "chosen by position", "right by position"
# The libraries that a score is reported with: they are not in its key, though another version may move a decision.
SURROUNDINGS = ("torch", "torchvision", "pillow", "numpy")
# The fact that says how JPEG files were decoded, where that was not exactly.
DECODE = "decode"


# --- text and its positions ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; line and column count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a suite; ``text`` is the whole message with caret and suggestion."""

    position: Position
    summary: str
    text: str


# --- what is measured -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WrongOption:
    """A setting of a metric that does not go with its other settings: its name, what was found, what was expected."""

    name: str
    found: str
    expected: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is measured of a model: a cell without its model.

    ``seed`` is the transform's; it is 0 where there is none. ``options`` are the metric's own settings
    that the check names, such as (("score", "msp"),); the others have the metric's defaults.
    """

    metric: str
    dataset: str
    where: Pairs = ()
    transform: str | None = None
    prompts: str | None = None
    seed: int = 0
    options: Pairs = ()

    @property
    def label(self) -> str:
        """Say the quantity in words, for sentences and axis titles."""
        slice_ = ", ".join(f"{key} {value}" for key, value in self.where)
        settings = ", ".join(f"{key} {value}" for key, value in self.options)
        parts = [f"{self.metric} ({settings}) on {self.dataset}" if settings else f"{self.metric} on {self.dataset}"]
        parts += [f"[{slice_}]"] if slice_ else []
        parts += [f"under {self.transform}"] if self.transform else []
        parts += [f"with prompts {self.prompts}"] if self.prompts else []
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class AdapterUse:
    """An adapter on a model, as a reference names it: ``BASE+NAME[@FILE or @MODEL][:option=value]...``.

    A ``head`` adapter shares the outputs of ``base`` and scores them in another way; an ``encoder`` adapter has
    outputs of its own. ``options`` are canonical and sorted, without those that say what holds anyway.
    """

    name: str
    sort: Literal["head", "encoder"]
    base: ModelRef
    options: Pairs = ()
    file: str | None = None
    other: ModelRef | None = None

    @property
    def train(self) -> str | None:
        """The data set that it learns from, where the reference names one."""
        return dict(self.options).get("train")


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model that can be scored.

    ``id`` is short, unique in a run and safe in a pytest id (no ``|``, ``[``, ``]``, ``::``, space);
    ``text`` is the reference as a user would write it; ``named`` is true when the user asked for
    this very model, so that failing to load it is an error and not a skip. With an ``adapter``, kind,
    architecture and weights are those of the model below it.
    """

    id: str
    text: str
    kind: str
    architecture: str
    weights: str | None = None
    facets: Pairs = ()
    # How a model was asked for does not make it another model: it is measured once.
    named: bool = field(default=False, compare=False)
    adapter: AdapterUse | None = None

    def __hash__(self) -> int:
        """Hash the text alone: models are keys of every look-up, and facets are many."""
        return hash(self.text)

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes it the model that it is, whatever it is called."""
        own = (self.kind, self.architecture, self.weights)
        if self.adapter is None:
            return own
        use, other = self.adapter, None if self.adapter.other is None else self.adapter.other.identity
        return (*use.base.identity, use.name, use.options, use.file, other)

    @property
    def adapters(self) -> tuple[AdapterUse, ...]:
        """The adapters, from the model upwards."""
        return () if self.adapter is None else (*self.adapter.base.adapters, self.adapter)

    @property
    def encoder(self) -> ModelRef:
        """The model whose outputs it is scored by: itself, or what its head adapters are on."""
        return self if self.adapter is None or self.adapter.sort == "encoder" else self.adapter.base.encoder

    def facet(self, name: str) -> str | None:
        """Return the value of a facet, or None when the model has no such facet."""
        return dict(self.facets).get(name)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a query: ``facet`` compared with any of ``values``."""

    facet: str
    op: Literal["=", "!=", ">=", "<=", ">", "<"]
    values: tuple[str, ...]


Query = tuple[Term, ...]


def query_text(query: Query) -> str:
    """Return the canonical text of a query: ``source=laion&architecture=vit|cnn``."""
    return "&".join(f"{term.facet}{term.op}{'|'.join(term.values)}" for term in query)


# The value of a facet that a model does not have, such as the source of a checkpoint file.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement to make: a quantity of a model; with a ``stage``, only of the images that it has seen by then."""

    model: ModelRef
    quantity: Quantity
    stage: int | None = None


# What a data set is for.
Task = Literal[
    "classification",
    "ood",
    "retrieval",
    "cue-conflict",
    "video",
    "sequences",
    "typographic",
    "correspondence",
    "keypoints",
]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The per-sample scores behind a value, in one fixed order.

    ids: (n,) strings; scores: (n,) float64; groups: (n,) int64, labels of what a sample is of. ``statistic`` is
    the name of how they become the value (``stats.statistics`` has the table). Some statistics need one column
    more, float64 and (n,) like the scores:

    weights  of a weighted sum: the value is the sum of score x weight (corruption errors)
    counted  of a ratio: the value is the sum of the scores over the sum of these (shape decisions over
             shape or texture decisions)
    correct  of a calibration error: 1.0 where the prediction is right; the scores are confidences

    ``clusters`` (n,) int64 names what was sampled where that is not the row itself: the video of a frame,
    the image of a caption, the source image of its corrupted copies. ``bins`` is the number of bins of a
    calibration error.
    """

    ids: npt.NDArray[np.str_]
    scores: npt.NDArray[np.float64]
    groups: npt.NDArray[np.int64]
    statistic: str = "mean"
    weights: npt.NDArray[np.float64] | None = None
    counted: npt.NDArray[np.float64] | None = None
    correct: npt.NDArray[np.float64] | None = None
    clusters: npt.NDArray[np.int64] | None = None
    bins: int = 15

    # Records are validated with pydantic, which must let arrays through as they are.
    __pydantic_config__: ClassVar[dict[str, bool]] = {"arbitrary_types_allowed": True}


@dataclass(frozen=True, slots=True)
class Ends:
    """The ends of an interval at a row of levels (those of ``stats.ends``), from which it is read at any level."""

    lows: tuple[float, ...]
    highs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure a value is: what its intervals are read from, in place of its samples.

    ``trials`` is the n of which the value is a share, and 0 where it is not one; such a share needs no ``ends``.
    ``error`` is the standard error, never 0; None where the samples are all alike and do not say it.
    """

    trials: int
    error: float | None
    ends: Ends | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A measured or published value with its 95% interval and where it comes from.

    A measured score says how sure it is (``sureness``); its samples are kept with it only where somebody has just
    made them, and are read from where they are stored when two scores are paired.
    """

    cell: Cell
    value: float
    low: float
    high: float
    n: int
    evidence: Evidence
    source: str
    key: str
    provenance: Pairs = ()
    samples: Samples | None = field(default=None, compare=False, repr=False)
    sureness: Sureness | None = field(default=None, compare=False, repr=False)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Say what makes a pass a warning: of the data, of the outputs, of what is asked."""
        return tuple(text for name, text in self.provenance if name in (DEFECTS, PAIRING_REMARK, TAUGHT, SURE))

    @property
    def cautions(self) -> tuple[str, ...]:
        """Say what a reader of a verdict must know though it changes no status: signs of masked gradients."""
        return tuple(text for name, text in self.provenance if name == MASKING)

    def shares_images(self, other: Score) -> bool:
        """Say whether equal ids of the two mean equal images: they are of one data set, or of views of one."""
        if self.cell.quantity.dataset == other.cell.quantity.dataset:
            return True
        images = [dict(score.provenance).get("images") for score in (self, other)]
        return images[0] is not None and images[0] == images[1]

    def versions_since(self, then: Score) -> str:
        """Say which libraries and ways are others than those of an earlier score: ``torch 2.4.0 then, 2.5.1 now``."""
        before, after = ({DECODE: "exact", **dict(score.provenance)} for score in (then, self))
        known = [name for name in (*SURROUNDINGS, "precision", DECODE) if name in before and name in after]
        return ", ".join(
            f"{name} {before[name]} then, {after[name]} now" for name in known if before[name] != after[name]
        )


# --- what is asserted --------------------------------------------------------------------------


# The ends of a share, and of most other values.
UNIT_RANGE = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with the unit it was written in; ``value`` of ``45%`` is 0.45, of ``2.0pp`` 0.02."""

    value: float
    unit: Literal["%", "pp", ""]

    def __str__(self) -> str:
        if self.unit == "":
            return f"{self.value:g}"
        return f"{round(self.value * 100, 10):g}{self.unit}"


@dataclass(frozen=True, slots=True)
class KnownDeviation:
    """A (check, model) that may fail until ``until`` (an ISO date), and why."""

    model: str
    reason: str
    until: str
