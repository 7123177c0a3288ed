"""Errors travel between processes as they are."""

from __future__ import annotations

import pickle

import pytest

from robustcheck.errors import DataMissing, ModelError, RobustcheckError, SpecError
from robustcheck.values import Position, Problem

HERE = Position("a.robust.yaml", 1, 1)
ERRORS = [
    ModelError("wrong", where="here", expected=("one", "two"), fix="mend it"),
    DataMissing("gone", where="there", dataset="digits"),
    SpecError([Problem(HERE, "one", "first"), Problem(HERE, "two", "second")]),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_travels_with_all_that_it_says(error: RobustcheckError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
