"""How far the measuring of a whole run is: chunks of images, by data set, whichever process made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from pydantic import TypeAdapter

from robustcheck.listing import counted, name_first
from robustcheck.measure import ProgressEvent
from robustcheck.measure.measuring import Lacking
from robustcheck.report.words import duration

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class SetTally:
    """The chunks of one set of images that are done and those there are in all, each counted for each model."""

    done: float = 0.0
    total: float = 0.0
    models: int = 0

    @property
    def is_under_way(self) -> bool:
        """Say whether it has begun and is not done."""
        return 0 < self.done < self.total


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a process is, or several of them together: by the name of the images, and how many it has seen."""

    sets: Mapping[str, SetTally] = field(default_factory=dict)
    images: int = 0
    seconds: float = 0.0

    @property
    def done(self) -> float:
        """The chunks that are done."""
        return sum(one.done for one in self.sets.values())

    @property
    def total(self) -> float:
        """All chunks."""
        return sum(one.total for one in self.sets.values())

    @property
    def images_per_second(self) -> float:
        """How many images were decoded and run in a second, since the first."""
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at the pace so far; None before anything is done."""
        return self.seconds * (self.total / self.done - 1) if self.done else None

    def after(self, event: ProgressEvent, seconds: float) -> Tally:
        """Return the tally with what an event tells; ``seconds`` have passed since the first image was asked for."""
        name = images_name(event.dataset, event.transform)
        known = self.sets.get(name) or SetTally(0.0, event.chunks_in_all, len(event.models))
        done = known.done + event.chunks
        # What an adapter learns from is not known beforehand.
        moved = replace(known, done=done, total=max(known.total, done))
        return Tally({**self.sets, name: moved}, self.images + event.images, seconds)


def planned_tally(lacking: Lacking) -> Tally:
    """Return what is to be done: the chunks that outputs lack."""
    sets: dict[str, SetTally] = {}
    for outputs, (_, chunks) in lacking.outputs.items():
        name = images_name(outputs.images.name, outputs.images.transform)
        known = sets.get(name, SetTally())
        pieces = outputs.images.pieces(outputs.reading.chunk_rows)
        sets[name] = SetTally(0.0, known.total + sum(map(pieces.share, chunks)), known.models + 1)
    return Tally(sets)


def joined_tally(tallies: Iterable[Tally]) -> Tally:
    """Return the tally of processes that share the work: each knows the whole, and what it did itself."""
    sets: dict[str, SetTally] = {}
    each = tuple(tallies)
    for tally in each:
        for name, one in tally.sets.items():
            known = sets.get(name, SetTally())
            done = known.done + one.done
            # Who began last found less to do.
            total = max(known.total, one.total, done)
            sets[name] = SetTally(done, total, max(known.models, one.models))
    return Tally(sets, sum(tally.images for tally in each), max((tally.seconds for tally in each), default=0.0))


def tally_line(tally: Tally) -> str:
    """Say how far it is in one line.

    >>> tally_line(Tally({"digits": SetTally(2, 8, 3)}, 512, 4.0))
    'measuring: 2 of 8 chunks, 128 images/s, about 12.0 s left; digits 2 of 8 (3 models)'
    """
    under_way = [name for name, one in tally.sets.items() if one.is_under_way]
    sets = name_first([f"{name} {set_words(tally.sets[name])}" for name in under_way], _SHOWN)
    left = tally.seconds_left
    facts = [f"{int(tally.done):,} of {round(tally.total):,} chunks", f"{tally.images_per_second:,.0f} images/s"]
    facts += [] if left is None else [f"about {duration(left)} left"]
    return f"measuring: {', '.join(facts)}{'; ' if sets else ''}{sets}"


def set_words(one: SetTally) -> str:
    """Say how far one set of images is."""
    return f"{int(one.done):,} of {round(one.total):,} ({counted(one.models, 'model')})"


def images_name(dataset: str, transform: str | None) -> str:
    """Return what the images of a set are called: a directory by its last part."""
    return " under ".join(filter(None, (dataset.rpartition("/")[2] if dataset.startswith("/") else dataset, transform)))


def dump_tally(tally: Tally) -> bytes:
    """Write a tally, for the process that shows it."""
    return _tallies().dump_json(tally)


def load_tally(content: bytes) -> Tally:
    """Read what ``dump_tally`` wrote; raises ValueError."""
    return _tallies().validate_json(content)


@cache
def _tallies() -> TypeAdapter[Tally]:
    return TypeAdapter(Tally)
