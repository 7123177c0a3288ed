"""Small matrix products, which are slower on several threads than on one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Have matrix products run on one thread each.

    Those of a judge are of some thousand numbers. A library that shares them out among its threads waits for them
    longer than it computes, and holds the cores meanwhile.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """Return what sets the threads of the libraries of matrix products that are loaded: numpy's at least."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
