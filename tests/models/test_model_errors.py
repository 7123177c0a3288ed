"""What the code behind a model raises, in our words."""

from __future__ import annotations

import errno

import pytest
from colour_data import fake

from robustcheck.errors import DataError, ModelError, ModelUnavailable
from robustcheck.models.model_errors import as_model_error, is_out_of_memory, reason_of


@pytest.mark.parametrize("error", [IndexError("far"), KeyError("a"), ValueError(), Warning("old"), StopIteration()])
def test_whatever_is_raised_becomes_the_models_error_with_its_cause(error: Exception) -> None:
    with (
        pytest.raises(ModelError, match=r"^fake:zero-shot: loading failed") as found,
        as_model_error(fake(), "loading"),
    ):
        raise error
    assert found.value.__cause__ is error
    assert type(error).__name__ in str(found.value)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(2), MemoryError("full")])
def test_what_is_not_about_the_model_passes(error: BaseException) -> None:
    with pytest.raises(type(error)) as found, as_model_error(fake(), "loading"):
        raise error
    assert found.value is error


def test_errors_in_our_words_stay_and_get_their_place() -> None:
    for error in (ModelUnavailable("not here"), DataError("broken"), ModelError("bad", where="there")):
        with pytest.raises(type(error)) as found, as_model_error(fake(), "loading"):
            raise error
        assert found.value is error
    with pytest.raises(ModelError, match=r"^fake:zero-shot: bad\n  expected: good"), as_model_error(fake(), "loading"):
        raise ModelError("bad", expected="good")


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError(errno.ENOENT, "No such file"), False),
        (RuntimeError("size mismatch for weight"), False),
        (ValueError("out of memory lane"), False),
    ],
)
def test_a_lack_of_memory_is_told_from_other_errors(error: Exception, is_memory: bool) -> None:
    assert is_out_of_memory(error) is is_memory
    if is_memory:
        with pytest.raises(MemoryError), as_model_error(fake(), "loading"):
            raise error


def test_the_reason_is_the_type_where_nothing_is_said() -> None:
    assert reason_of(AssertionError()) == "AssertionError"
    assert reason_of(ValueError("one\ntwo")) == "one"
