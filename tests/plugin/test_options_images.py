"""--robust-no-images, on the command line and in the configuration file."""

from __future__ import annotations

import pytest
from plugin_makers import resolved


def test_images_are_shown_unless_either_says_no(pytester: pytest.Pytester) -> None:
    assert resolved(pytester).images is True
    assert resolved(pytester, "--robust-no-images").images is False
    assert resolved(pytester, robust_no_images="true").images is False
    assert resolved(pytester, robust_no_images="false").images is True
