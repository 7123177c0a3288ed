"""What models take in memory, foreseen without their weights: one way for every kind that can build an outline.

Outlines take seconds to run (outlined.py), so what was found of them is kept on disk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from robustcheck.disk import write_atomically
from robustcheck.errors import RecordError, SetupError
from robustcheck.files.json_files import read_json
from robustcheck.models.digests import installed_version, weights_bytes
from robustcheck.models.encoders import TEXTS_AT_ONCE, Precision
from robustcheck.models.kind import ModelKind, Outline, model_kind
from robustcheck.models.outlined import UNCOUNTABLE, Counted, Rehearsal, count_elsewhere
from robustcheck.values import ModelRef

Count = Callable[[Sequence[Rehearsal]], Sequence[Counted | None]]
# Raised when another count comes of the same model.
_RULE = 2
_FILE = "memory.json"
# glibc gives the top of its heap back beyond twice the size of the largest block it has seen freed, 32 MiB at most.
_KEPT_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class ForeseenMemory:
    """Bytes that a model takes: weights, and the most beside them of a batch of ``rows`` images and of one of texts."""

    weights: int
    images: int
    texts: int
    rows: int = 0

    @property
    def batch(self) -> int:
        """Return the most of a batch of either."""
        return max(self.images, self.texts)

    @property
    def at_work(self) -> int:
        """Return by how much a process grows beside the weights.

        The C library keeps some of what loading freed, and some of what each batch did.
        """
        return self.batch + min(self.batch, _KEPT_BYTES) + min(self.weights, _KEPT_BYTES)


def foresee_memory(
    texts: Mapping[ModelRef, Sequence[str]],
    precision: Precision,
    images: int,
    known: Path,
    count: Count = count_elsewhere,
    *,
    fits: bool = False,
) -> dict[ModelRef, ForeseenMemory]:
    """Return what models take with so many images, and with the longest of their texts; none of what cannot be told.

    With ``fits`` a model takes as many images as suit it on a processor, up to that. Nothing is loaded or fetched, and
    no card is used. ``known`` is the directory that keeps what was found, and what failed.
    """
    rehearsals = {
        ref: rehearsal for ref, each in texts.items() if (rehearsal := _rehearsal(ref, precision, each, images, fits))
    }
    found = _read(known)
    new = {
        key: rehearsal
        for key, rehearsal in rehearsals.values()
        if key not in found and _key_of_failure(key, rehearsal) not in found
    }
    if new:
        answers = zip(new.items(), count(list(new.values())), strict=True)
        found |= {
            _key_of_failure(key, rehearsal) if one == UNCOUNTABLE else key: one
            for (key, rehearsal), one in answers
            if one is not None
        }
        _write(known, found)
    known_ones = {ref: found[key] for ref, (key, _) in rehearsals.items() if key in found}
    return {ref: _foreseen(ref, precision, counted) for ref, counted in known_ones.items()}


def _rehearsal(
    ref: ModelRef, precision: Precision, texts: Sequence[str], images: int, fits: bool
) -> tuple[str, Rehearsal] | None:
    """Return what a model is to do without its adapters, under its key; None where its kind has no outline of it."""
    adapters = ref.encoder.adapters
    bare = adapters[0].base if adapters else ref.encoder
    kind = model_kind(bare)
    outline = None if kind.outline is None else kind.outline(bare)
    if outline is None:
        return None
    # Texts of one length stand in order: the key of a rehearsal is the same in every process.
    ordered = sorted(set(texts), key=lambda text: (len(text), text))
    rehearsal = Rehearsal(bare, precision, images, tuple(ordered[-TEXTS_AT_ONCE:]), fits)
    return _key(rehearsal, kind, outline), rehearsal


def _key(rehearsal: Rehearsal, kind: ModelKind, outline: Outline) -> str:
    """Return the sha256 of all that decides what a rehearsal takes."""
    libraries = {name: installed_version(name) for name in ("torch", *kind.key(rehearsal.ref).libraries)}
    facts = [
        _RULE,
        kind.name,
        outline.facts,
        rehearsal.precision,
        rehearsal.images,
        rehearsal.fits,
        rehearsal.texts,
        libraries,
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _key_of_failure(key: str, rehearsal: Rehearsal) -> str:
    """Return the key of a rehearsal that fails: it is tried again with other versions, and with other files here."""
    files = sorted(model_kind(rehearsal.ref).files(rehearsal.ref))
    return hashlib.sha256(json.dumps([key, "fails", installed_version("robustcheck"), files]).encode()).hexdigest()


def _foreseen(ref: ModelRef, precision: Precision, counted: Counted) -> ForeseenMemory:
    """Return what a model takes with the models that its adapters bring."""
    others = (weights_bytes(use.other, precision) for use in ref.encoder.adapters if use.other is not None)
    return ForeseenMemory(counted.weights + sum(others), counted.images, counted.texts, counted.rows)


def _read(directory: Path) -> dict[str, Counted]:
    """Return what was found before; nothing where the file is not there or is damaged."""
    try:
        found = read_json(directory / _FILE, RecordError)
        return {str(key): Counted(*map(int, numbers)) for key, numbers in found.items()}
    except (RecordError, ValueError, TypeError, AttributeError):
        return {}


def _write(directory: Path, found: Mapping[str, Counted]) -> None:
    text = json.dumps({key: astuple(one) for key, one in sorted(found.items())}, indent=1)
    try:
        write_atomically(directory / _FILE, text.encode())
    except SetupError:
        # A forecast is not a reason to end a command.
        return
