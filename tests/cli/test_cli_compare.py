"""robustcheck compare from outside, on runs that pytest made with and without xdist."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Robustcheck, refused
from plugin_makers import GREEN, run, write
from run_makers import make_result, make_run, scored

from robustcheck.history.baselines import bless
from robustcheck.history.kept_samples import write_samples
from robustcheck.report import write_report
from robustcheck.values import Result

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestExperimentalApiWarning")


def keep(name: str, *results: Result) -> None:
    for result in results:
        if result.score is not None and result.score.samples is not None:
            write_samples(Path(".robustcheck/store/samples"), result.score.key, result.score.samples)
    write_report(make_run(*results, id=name), Path("reports") / name)


@pytest.fixture
def two(robustcheck: Robustcheck) -> None:
    keep("one", make_result(score=scored(180, "a")), make_result(check_key="other"))
    keep("two", make_result("fail", score=scored(150, "b")), make_result(check_key="other"))


@pytest.mark.usefixtures("two")
def test_a_new_failure_ends_with_1(robustcheck: Robustcheck) -> None:
    said = robustcheck("compare", "one", "two")
    assert said.code == 1
    for words in ("new failure", "pass → fail", "90.00% → 75.00% (more than noise)", "1 newly failing", "1 the same"):
        assert words in said.out, said.out
    assert robustcheck("compare", "one", "two", "--exit-zero").code == 0
    assert robustcheck("compare", "two", "one").code == 0
    same = robustcheck("compare", "one", "reports/one/run.json")
    assert (same.code, same.out) == (0, "one to reports/one/run.json: nothing changed; 2 the same\n")


@pytest.mark.usefixtures("two")
def test_json_and_a_baseline_by_name(robustcheck: Robustcheck) -> None:
    home = Path(".robustcheck")
    bless(Path("reports/one"), "main", home / "baselines", home / "store" / "samples")
    found = robustcheck("compare", "main", "reports/two", "--json")
    assert found.code == 1
    assert [change["check_key"] for change in found.json["new_failures"]] == ["a-check"]
    assert found.json["moved"][0]["basis"].startswith("paired over 200 samples, 30 of them judged differently")
    assert (found.json["failures"], found.json["same"]) == (1, 1)


@pytest.mark.usefixtures("two")
def test_a_check_that_appears_and_fails_is_a_new_failure(robustcheck: Robustcheck) -> None:
    keep("three", make_result(check_key="other"), make_result("error", check_key="new"))
    said = robustcheck("compare", "one", "three")
    assert said.code == 1
    assert "1 newly failing, 1 added, 1 gone" in said.out


@pytest.mark.usefixtures("two")
def test_missing_and_mismatched_runs_are_errors(robustcheck: Robustcheck) -> None:
    refused(robustcheck("compare", "onne", "two"), "no run 'onne' (known: one, two)", "did you mean 'one'?")
    keep("suites", make_result(suite="b.robust.yaml"))
    refused(robustcheck("compare", "one", "suites"), "no suite in common")
    keep("data", make_result(score=scored(180, "c", data="e" * 64)))
    refused(robustcheck("compare", "one", "data"), "was other data", "run both on the data set as it is now")


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["serial", "xdist"])
def test_runs_of_pytest(
    suite: pytest.Pytester,
    robustcheck: Robustcheck,
    monkeypatch: pytest.MonkeyPatch,
    workers: tuple[str, ...],
) -> None:
    monkeypatch.chdir(suite.path)
    for text in (GREEN, GREEN.replace("40%", "80%")):
        write(suite, "a.robust.yaml", text)
        run(suite, *workers)
    first, second = sorted(path.parent.name for path in (suite.path / "reports").glob("*/run.json"))
    found = robustcheck("compare", first, second, "--json")
    assert found.code == 1
    models = [change["model"] for change in found.json["new_failures"]]
    assert models == ["ViT-B-32/openai", "ViT-B-16/openai"]
    assert found.json["moved"] == []


def test_another_limit_is_told_where_nothing_else_has_changed(robustcheck: Robustcheck) -> None:
    keep("one", make_result(sentence="top1 on digits is at least 60%."))
    keep("two", make_result(sentence="top1 on digits is at least 20%."))
    said = robustcheck("compare", "one", "two")
    assert said.code == 0
    assert "before: top1 on digits is at least 60%." in said.out
    assert "1 asked otherwise; 0 the same" in said.out
