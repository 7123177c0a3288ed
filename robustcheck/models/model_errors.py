"""What the code behind a model raises, in our words: one bad model must not end a run for the others.

Loading, tokenising and running a model calls libraries, checkpoints and packages of others. Whatever they raise is an
error of that model, except a lack of memory, which may pass with a smaller batch.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from robustcheck.errors import ModelError, RobustcheckError, SetupError
from robustcheck.values import ModelRef

# What torch, CUDA, cuBLAS and the allocators of other devices say; torch has a type of its own for one of them only.
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")


@contextmanager
def as_model_error(ref: ModelRef, doing: str) -> Iterator[None]:
    """Raise what the code of a model raises as its ModelError, or as MemoryError when memory ran out."""
    try:
        yield
    except MemoryError:
        raise
    except RobustcheckError as error:
        raise _placed(error, ref) from error.__cause__
    # The one place for it: nobody can list what the code of others raises.
    except Exception as error:
        if is_out_of_memory(error):
            raise MemoryError(reason_of(error)) from error
        # The kept error must not keep a half-loaded model in the frames of its traceback.
        traceback.clear_frames(error.__traceback__)
        raise ModelError(
            f"{doing} failed ({': '.join(dict.fromkeys([type(error).__name__, reason_of(error)]))})",
            where=ref.text,
            expected="a model that loads, and runs on its own texts and images",
            fix="run with -v to see where it was raised",
        ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ran out, whichever library raised it."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)
    )


def does_not_fit(what: str, ref: ModelRef, error: MemoryError) -> ModelError:
    """Return the error of a model whose device has no room for the least that it can be asked for."""
    return ModelError(
        f"{what} does not fit the device ({reason_of(error)})",
        where=ref.text,
        fix="free some memory, or measure it on another device (--robust-device) or with --robust-precision bf16",
    )


def out_of_memory(where: str, error: MemoryError) -> SetupError:
    """Return the error of what could not be done because this machine's memory ran out."""
    return SetupError(
        f"memory ran out ({reason_of(error)})",
        where=where,
        fix="take less: --robust-workers 1, --robust-batch 8, --robust-memory 2GB, fewer workers of -n",
    )


def reason_of(error: BaseException) -> str:
    """Return the first line of what an error says, or its type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _placed(error: RobustcheckError, ref: ModelRef) -> RobustcheckError:
    """Return an error that names the model."""
    if type(error) is not ModelError or error.where:
        return error
    return ModelError(error.found, where=ref.text, expected=error.expected, fix=error.fix)
