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


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_anew_says_the_same_and_holds_no_frame(error: RobustcheckError) -> None:
    cause = ValueError("because")
    with pytest.raises(RobustcheckError) as caught:
        raise error.afresh() from cause
    anew = caught.value.afresh()
    assert (type(anew), str(anew), vars(anew)) == (type(error), str(error), vars(error))
    assert anew.__cause__ is cause
    assert anew.__traceback__ is None
    assert error.__traceback__ is None
