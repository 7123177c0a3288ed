"""robustcheck in Python: the same verdicts as under pytest, typed, and a data frame of them."""

from __future__ import annotations

import inspect
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from plugin_makers import SUITE

import robustcheck
from robustcheck.api import frame, measure, run
from robustcheck.cli.shared_options import Measuring
from robustcheck.errors import SetupError, SpecError
from robustcheck.measure import OnRay
from robustcheck.plugin.options import OPTIONS
from robustcheck.report import load_run
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values.series import Series


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


@pytest.mark.parametrize("given", ["reports/1", Path("reports"), None, 3])
def test_a_data_frame_is_of_a_run(given: object) -> None:
    with pytest.raises(SetupError, match="is no run") as caught:
        frame(given)  # type: ignore[arg-type]
    assert caught.value.expected == "what robustcheck.run returned"


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


def test_a_path_that_is_not_there_and_a_metric_by_another_name_are_told(tmp_path: Path) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "mine.yaml").touch()
    with pytest.raises(SetupError, match=r"(?s)no such file.*did you mean 'suites'"):
        run(tmp_path / "suite")
    with pytest.raises(SetupError, match=r"(?s)not called as suites are.*mine\.robust\.yaml"):
        run(tmp_path / "mine.yaml")
    with pytest.raises(SetupError, match=r"(?s)unknown metric 'accuracy'.*did you mean 'top1'"):
        measure("zoo:vit-plain-1000", "digits", "accuracy")


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'juggle'"):
        _ = robustcheck.juggle


# What has another name here, where pytest's would be odd in Python.
NAMES = {"report": "reports", "no_images": "images", "compile": "compiled"}
OF_A_RUN = {"models", "series", "effort", "reports", "strict", "images"}


def test_each_door_has_the_options_of_the_others() -> None:
    names = [option.key.removeprefix("robust_") for option in OPTIONS]
    known = {NAMES.get(name, name) for name in names}
    assert set(inspect.signature(run).parameters) == known | {"suites"}
    of_measuring = {"model", "dataset", "metric", "where", "options", "transform", "prompts"}
    assert set(inspect.signature(measure).parameters) == of_measuring | known - OF_A_RUN
    # A command says by itself which models it is about, and only a run has an engine.
    assert {field.name for field in fields(Measuring)} == known - OF_A_RUN - {"arch", "evidence", "engine"}


def test_options_reach_what_measures(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[RunSettings] = []

    class Watched(RobustSession):
        def __init__(self, settings: RunSettings, *more: date) -> None:
            seen.append(settings)
            super().__init__(settings, *more)

    monkeypatch.setattr("robustcheck.api.RobustSession", Watched)
    how: dict[str, Any] = {
        "decode": "draft",
        "batch": 7,
        "workers": "threads:3",
        "memory": "2GB",
        "compiled": True,
        "crop_cache": "1GB",
    }
    run(suite, models="openclip:ViT-B-32/openai", series="nightly:9", effort="decide", engine="ray", **how)
    measure("fake:zero-shot@a", "digits", **{**how, "crop_cache": None, "compiled": False})
    of_run, of_measure = (settings.measure for settings in seen)
    found = [(each.decode, each.batch_size, each.workers, each.memory_budget) for each in (of_run, of_measure)]
    assert found == [("draft", 7, 3, 2 * 10**9)] * 2
    assert of_run.crops is not None
    assert of_run.crops.most_bytes == 10**9
    assert (of_run.compiled, of_measure.compiled, of_measure.crops) == (True, False, None)
    assert (seen[0].series, seen[0].effort, seen[0].engine) == (Series("nightly", 9), "decide", OnRay())


@pytest.mark.parametrize(
    "wrong", [{"decode": "drat"}, {"precision": "fp8"}, {"evidence": "lve"}, {"effort": "less"}, {"engine": "dask"}]
)
def test_a_value_that_no_option_has_is_refused(suite: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match=next(iter(wrong.values()))):
        run(suite, **wrong)


def test_an_empty_list_of_models_is_no_wish_for_the_suites_own(suite: Path) -> None:
    with pytest.raises(SetupError, match="models is empty"):
        run(suite, models=[])


def test_a_list_in_place_of_a_name_is_refused_and_a_path_is_read(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"(?s)model is .*expected: a name or a path"):
        measure(["fake:zero-shot@a"], "digits")  # type: ignore[arg-type]
    by_path = measure(Path("fake:zero-shot@a"), "digits", store=tmp_path)
    assert by_path.value == measure("fake:zero-shot@a", "digits", store=tmp_path).value
