"""Scoring: for each protocol, which stored parts a cell needs and how they become samples."""

from __future__ import annotations

from collections.abc import Mapping

from robustcheck.measure.memo import Memo
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.metrics.facts import Protocol
from robustcheck.protocols.calibrate import scoring as calibrate
from robustcheck.protocols.classify import scoring as classify
from robustcheck.protocols.corrupt import scoring as corruption
from robustcheck.protocols.cue_conflict import scoring as cue_conflict
from robustcheck.protocols.detect import scoring as detect
from robustcheck.protocols.factors import scoring as factors
from robustcheck.protocols.overlap import scoring as overlap
from robustcheck.protocols.retrieve import scoring as retrieve
from robustcheck.protocols.scoring import Measured, Scoring, facts_of
from robustcheck.protocols.sequence import scoring as sequence
from robustcheck.protocols.typographic import scoring as typographic
from robustcheck.protocols.video import scoring as video
from robustcheck.values import Cell

_SCORINGS: Mapping[Protocol, Scoring] = {
    "classify": classify.SCORING,
    "calibrate": calibrate.SCORING,
    "detect": detect.SCORING,
    "retrieve": retrieve.SCORING,
    "cue_conflict": cue_conflict.SCORING,
    "corruption": corruption.SCORING,
    "sequence": sequence.SCORING,
    "video": video.SCORING,
    "typographic": typographic.SCORING,
    "overlap": overlap.SCORING,
    "factors": factors.SCORING,
}


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return what a cell's score is made from; raise ModelUnavailable when a model is not on this machine."""
    return _SCORINGS[facts_of(cell).protocol].find_recipes(cell, shelf)


def measured_samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Measured:
    """Return the samples of a cell; raise NotStored while a part has to be measured."""
    return _SCORINGS[facts_of(cell).protocol].samples(cell, recipes, memo)
