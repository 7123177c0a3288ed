"""--models and --arch, on the command line and in the configuration file."""

from __future__ import annotations

import pytest
from plugin_makers import resolved

GIVEN = "RN50/openai, RN101/openai"


def test_the_suites_own_models_are_the_default(pytester: pytest.Pytester) -> None:
    settings = resolved(pytester)
    assert (settings.models, settings.arch) == ((), None)


def test_models_from_either(pytester: pytest.Pytester) -> None:
    expected = ("RN50/openai", "RN101/openai")
    assert resolved(pytester, "--models", GIVEN).models == expected
    assert resolved(pytester, robust_models=GIVEN).models == expected


def test_models_of_the_command_line_win(pytester: pytest.Pytester) -> None:
    assert resolved(pytester, "--models", "laion", robust_models=GIVEN).models == ("laion",)


def test_the_architecture_from_either(pytester: pytest.Pytester) -> None:
    assert resolved(pytester, "--arch", "ViT-B-32").arch == "ViT-B-32"
    assert resolved(pytester, robust_arch="ViT-B-16").arch == "ViT-B-16"
    assert resolved(pytester, "--arch", "ViT-B-32", robust_arch="ViT-B-16").arch == "ViT-B-32"
