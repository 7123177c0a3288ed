"""robustcheck in Python: the same verdicts as under pytest, typed, and a data frame of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_makers import SUITE

import robustcheck
from robustcheck.api import frame, measure, run
from robustcheck.errors import SetupError, SpecError
from robustcheck.report import load_run


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROBUSTCHECK_DATA", raising=False)
    path = Path("suites/a.robust.yaml")
    path.parent.mkdir()
    path.write_text(SUITE, encoding="utf-8")
    return path


def test_a_run_is_judged_and_reported(suite: Path) -> None:
    record = robustcheck.run("suites", models="openclip:ViT-B-32/openai")  # type: ignore[operator]
    statuses = {result.check_key: result.verdict.status for result in record.results}
    assert statuses == {"v2-good": "pass", "v2-bad": "fail", "v2-near": "unsure", "v2-warns": "warn"}
    assert record.results[0].nodeid == "suites/a.robust.yaml::v2-good[ViT-B-32/openai]"
    assert load_run(Path("reports") / record.id).counts() == record.counts()


def test_a_file_several_models_and_published_evidence(suite: Path) -> None:
    record = run([suite], evidence="published", reports="elsewhere")
    assert len(record.results) == 8
    assert (Path("elsewhere") / record.id / "index.html").is_file()


def test_a_data_frame_has_a_row_for_each_result(suite: Path) -> None:
    record = run(suite)
    table = frame(record)
    assert len(table) == len(record.results)
    assert list(table["status"]) == [result.verdict.status for result in record.results]
    assert table["value"].between(0, 1).all()


def test_one_measurement(suite: Path) -> None:
    score = robustcheck.measure("fake:zero-shot@a", "digits", "top1")  # type: ignore[operator]
    assert score.low <= score.value <= score.high
    assert score.samples is not None
    assert len(score.samples.scores) == score.n
    binned = measure("fake:zero-shot@a", "digits", "ece", options={"bins": 10, "temperature": "none"})
    assert dict(binned.cell.quantity.options)["bins"] == "10"


def test_what_has_no_data_is_a_skip_and_a_mistake_is_raised(suite: Path) -> None:
    suite.write_text(SUITE.replace("imagenet-v2", "cifar10"), encoding="utf-8")
    assert {result.verdict.status for result in run(suite, evidence="live").results} == {"skip"}
    suite.write_text(SUITE.replace("top1", "top11"), encoding="utf-8")
    with pytest.raises(SpecError, match="unknown metric"):
        run(suite)
    with pytest.raises(SetupError, match="no suite here"):
        run([])


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'juggle'"):
        _ = robustcheck.juggle
