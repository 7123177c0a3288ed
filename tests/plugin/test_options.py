"""What holds of every option: a key in the configuration file, a line in the docs, and no cost for other runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_makers import run, run_apart

from robustcheck.plugin.options import OPTIONS, Option

PAGE = Path(__file__).parents[2] / "docs" / "running.md"
FLAGS = [option.flag for option in OPTIONS]


@pytest.mark.parametrize("option", OPTIONS, ids=FLAGS)
def test_every_option_and_its_key_are_told(option: Option) -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{option.short or option.flag}")]
    assert len(lines) == 1
    assert f"| `{option.key}` |" in lines[0]
    assert f"`{option.flag}" in lines[0]


def test_help_shows_every_option_with_its_key(pytester: pytest.Pytester) -> None:
    said = " ".join(run(pytester, "--help").stdout.str().split())
    for option in OPTIONS:
        assert f"{option.flag}" in said
        assert f"{option.short}=" in said
        assert f"[{option.key}" in said
        assert f"{option.key} (" in said


def test_keys_in_the_file_start_nothing_in_a_run_without_suites(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nrobust_models = liaon\nrobust_evidence = lives\nrobust_data = nowhere")
    pytester.makepyfile("import sys\ndef test_plain():\n    assert 'robustcheck.run.session' not in sys.modules")
    run_apart(pytester).assert_outcomes(passed=1)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_keys_reach_every_process_of_a_run(suite: pytest.Pytester, workers: list[str]) -> None:
    suite.makeini(
        """
        [pytest]
        strict_config = true
        robust_models = RN50/openai,ViT-B-32/openai
        robust_report = out/reports
        robust_strict = true
        """
    )
    result = run(suite, *workers, "-k", "(good and RN50) or (near and ViT-B-32)")
    result.assert_outcomes(passed=1, failed=1)
    assert list(suite.path.glob("out/reports/*/run.json"))
    assert not (suite.path / "reports").exists()
