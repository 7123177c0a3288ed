"""Readings of models that answer: how likely each letter is as the next token, and what the model writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import ModelError
from robustcheck.measure.reading import Batch
from robustcheck.models.encoders import AnsweringModel, LoadedModel
from robustcheck.models.geometry import Crop
from robustcheck.models.kind import Capability
from robustcheck.protocols.multiple_choice.questions import LETTERS, PROMPT, question_text, rotated
from robustcheck.store import Rows

# Few, since one image takes long: a killed run loses at most these.
ANSWERED_ROWS = 16
MOST_TOKENS = 32
# Raise when the same question comes to be put in another way.
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class LetterScores:
    """The log-probability of each letter as the first token of the answer: rows (rotations, 4).

    ``names`` are those of the classes. The reading is told the four classes of each image's question.
    """

    names: tuple[str, ...] = ()
    rotations: int = 1
    name: str = "option-letters"
    chunk_rows: int = ANSWERED_ROWS
    capability: Capability | None = "answers"
    needs_head: bool = False

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what decides the rows."""
        return _facts(self.name, self.names, self.rotations)

    def take(self, model: LoadedModel, batch: Batch) -> npt.NDArray[np.float32]:
        """Return the log-probabilities (n, rotations, 4)."""
        answering = _answering(model)
        return np.stack(
            [
                np.stack([answering.letter_logs(crop, question, LETTERS) for question in questions])
                for crop, questions in _questions(batch, self.names, self.rotations)
            ]
        )


@dataclass(frozen=True, slots=True)
class WrittenAnswers:
    """What the model writes, always taking the likeliest token: a JSON list of texts for each image, as bytes."""

    names: tuple[str, ...] = ()
    rotations: int = 1
    name: str = "option-answers"
    chunk_rows: int = ANSWERED_ROWS
    capability: Capability | None = "answers"
    needs_head: bool = False

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what decides the rows."""
        return {**_facts(self.name, self.names, self.rotations), "tokens": MOST_TOKENS}

    def take(self, model: LoadedModel, batch: Batch) -> Rows:
        """Return one row of bytes for each image, of its own length."""
        answering = _answering(model)
        return tuple(
            written_row([answering.answer(crop, question, MOST_TOKENS) for question in questions])
            for crop, questions in _questions(batch, self.names, self.rotations)
        )


LETTER_SCORES = LetterScores()
WRITTEN_ANSWERS = WrittenAnswers()


def written_row(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return texts as a row of bytes, which ``read_row`` reads."""
    return np.frombuffer(json.dumps(list(texts)).encode(), np.uint8)


def read_row(row: npt.NDArray[Any]) -> tuple[str, ...]:
    """Return the texts of a row.

    >>> read_row(written_row(["A.cat", "the dog"]))
    ('A.cat', 'the dog')
    """
    return tuple(json.loads(np.asarray(row, np.uint8).tobytes()))


def _questions(batch: Batch, names: Sequence[str], rotations: int) -> Iterator[tuple[Crop, list[str]]]:
    """Yield each image with its questions, one for each rotation of the options."""
    assert batch.given is not None, "a question has options"
    for crop, options in zip(batch.crops, batch.given, strict=True):
        turned = [rotated(options, rotation).tolist() for rotation in range(rotations)]
        yield crop, [question_text([names[place] for place in places]) for places in turned]


def _facts(name: str, names: Sequence[str], rotations: int) -> Mapping[str, Any]:
    return {"name": name, "schema": SCHEMA, "prompt": PROMPT, "names": list(names), "rotations": rotations}


def _answering(model: LoadedModel) -> AnsweringModel:
    if not isinstance(model, AnsweringModel):
        raise ModelError("this model answers no questions", expected="a model that answers, such as llava:ORG/NAME")
    return model
