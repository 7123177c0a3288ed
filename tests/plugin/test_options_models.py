"""--models and --arch, on the command line and in the configuration file."""

from __future__ import annotations

import pytest
from plugin_makers import resolved

from robustcheck.errors import SetupError

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


@pytest.mark.parametrize("name", ["--models", "--robust-models"])
def test_both_names_of_an_option_are_one(pytester: pytest.Pytester, name: str) -> None:
    assert resolved(pytester, name, "laion").models == ("laion",)


@pytest.mark.parametrize("given", ["", ",", " ", " , ,"])
def test_an_unset_variable_is_no_run_of_other_models(pytester: pytest.Pytester, given: str) -> None:
    with pytest.raises(SetupError, match="names no model"):
        resolved(pytester, f"--models={given}")


def test_the_architecture_from_either(pytester: pytest.Pytester) -> None:
    of_file = ("--models", "epoch_12.pt")
    assert resolved(pytester, *of_file, "--arch", "ViT-B-32").arch == "ViT-B-32"
    assert resolved(pytester, *of_file, robust_arch="ViT-B-16").arch == "ViT-B-16"
    assert resolved(pytester, *of_file, "--robust-arch", "ViT-B-32", robust_arch="ViT-B-16").arch == "ViT-B-32"


def test_an_architecture_of_nothing_is_refused(pytester: pytest.Pytester) -> None:
    with pytest.raises(SetupError, match="--arch ViT-B-32 has nothing to belong to"):
        resolved(pytester, "--arch", "ViT-B-32")
    assert resolved(pytester, robust_arch="ViT-B-32").arch == "ViT-B-32"
