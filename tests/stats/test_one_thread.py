"""Small matrix products run on one thread, and those of others on as many as before."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from robustcheck.stats.one_thread import on_one_thread


def blas_threads() -> set[int]:
    """Return how many threads the libraries of matrix products have, numpy's among them."""
    assert np.__version__
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_products_run_on_one_thread_and_then_on_as_many_as_before() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        with on_one_thread():
            assert blas_threads() == {1}
        assert blas_threads() == before
        with pytest.raises(ValueError, match="inside"), on_one_thread():
            raise ValueError("inside")
        assert blas_threads() == before
