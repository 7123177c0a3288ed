"""--robust-strict, on the command line and in the configuration file."""

from __future__ import annotations

import pytest
from plugin_makers import resolved


def test_a_run_is_not_strict_by_itself(pytester: pytest.Pytester) -> None:
    assert resolved(pytester).strict is False


def test_strict_by_either(pytester: pytest.Pytester) -> None:
    assert resolved(pytester, "--robust-strict").strict is True
    assert resolved(pytester, robust_strict="true").strict is True
    assert resolved(pytester, robust_strict="false").strict is False
    assert resolved(pytester, "--robust-strict", robust_strict="false").strict is True


def test_the_file_can_be_overruled_for_a_run(pytester: pytest.Pytester) -> None:
    assert resolved(pytester, "-o", "robust_strict=false", robust_strict="true").strict is False
