"""Many failures: the worst are written out, all are counted and named by check."""

from __future__ import annotations

import pytest
from plugin_makers import SUITE, run, write

MANY = """\
robustcheck: 1
models: ["source=laion", "openclip:RN50/openai"]
checks:
  - id: v2
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 95%}
  - id: sketch
    measure: {metric: top1, dataset: imagenet-sketch}
    expect: {at_least: 95%}
"""
COUNTS = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    terminal = config.pluginmanager.getplugin("terminalreporter")
    if not hasattr(config, "workerinput"):
        print("quiet reports:", len(terminal.stats.get("", [])), "failed:", len(terminal.stats.get("failed", [])))
"""


def headlines(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith("___")]


def test_of_many_failures_the_worst_of_each_check_is_written_out(pytester: pytest.Pytester) -> None:
    write(pytester, "many.robust.yaml", MANY)
    pytester.makeconftest(COUNTS)
    result = run(pytester)
    failed = result.parseoutcomes()["failed"]
    assert failed > 60
    assert len(headlines(result)) == 2
    result.stdout.fnmatch_lines(
        [f"{failed} failures and errors of 2 checks; the worst of 2 of them is written out above"]
    )
    result.stdout.fnmatch_lines([f"  v2: {failed // 2} models; worst *: top1 *% is *pp below the limit of 95.0% *"])
    result.stdout.fnmatch_lines([f"quiet reports: 0 failed: {failed}"])
    assert len([line for line in result.outlines if line.startswith("FAILED ")]) == 2
    assert len(result.outlines) < 60


def test_the_worst_is_the_one_furthest_beyond_its_limit(pytester: pytest.Pytester) -> None:
    write(pytester, "many.robust.yaml", MANY)
    result = run(pytester)
    line = next(line for line in result.outlines if line.startswith("  v2: "))
    assert "coca_ViT-B-32/mscoco_finetuned_laion2b_s13b_b90k" in line


def test_with_vv_every_failure_is_written_out(pytester: pytest.Pytester) -> None:
    write(pytester, "many.robust.yaml", MANY)
    result = run(pytester, "-vv", "-k", "v2")
    assert len(headlines(result)) == result.parseoutcomes()["failed"] > 20


def test_few_failures_are_written_out_as_pytest_does(pytester: pytest.Pytester) -> None:
    write(pytester, "few.robust.yaml", SUITE)
    result = run(pytester)
    assert len(headlines(result)) == result.parseoutcomes()["failed"] == 2
    assert "failures and errors of" not in result.stdout.str()


def test_failures_of_other_tests_are_never_hidden(pytester: pytest.Pytester) -> None:
    write(pytester, "many.robust.yaml", MANY)
    pytester.makepyfile("def test_wrong():\n    print('said')\n    assert 0")
    result = run(pytester)
    assert len(headlines(result)) == 3
    result.stdout.fnmatch_lines(["*test_wrong*", "*Captured stdout call*", "said"])
