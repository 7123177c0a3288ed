"""What is drawn beside a verdict: from a real measurement on drawn digits, and what is left out."""

from __future__ import annotations

import base64
import io
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report_fixtures import made_up_run

from robustcheck.api import run
from robustcheck.measure import Bench
from robustcheck.run import kept_drawings, sample_book
from robustcheck.run.class_pictures import ClassAnswers, class_answers
from robustcheck.run.verdict_pictures import MOST_WEIGHT, within_weight
from robustcheck.values import Cell, Drawn, Result, RunRecord, Thumbnail

SUITE = """\
robustcheck: 1
models: fake:zero-shot@a
checks:
  - {id: reads, measure: {metric: top1, dataset: digits}, expect: {at_least: 90%}}
  - id: not-worse
    measure: {metric: top1, dataset: digits}
    expect: {no_worse_than: {model: "fake:zero-shot@b", allowed_drop: 1.0pp}}
  - id: calibrated
    measure: {metric: ece, dataset: digits, options: {temperature: none}}
    expect: {at_most: 0.9}
  - id: scaled
    measure: {metric: ece, dataset: digits, options: {temperature: fitted}}
    expect: {at_most: 0.9}
  - id: unscaled-half
    measure: {metric: ece, dataset: digits, options: {temperature: none, half: test}}
    expect: {at_most: 0.9}
  - {id: detects, measure: {metric: auroc, dataset: shapes-ood}, expect: {at_least: 0.99}}
"""

SCALED = """\
checks:
  - id: scaled
    measure: {metric: ece, dataset: digits, options: {temperature: fitted}}
    expect: {at_most: 0.0001}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("drawn")
    (place / "a.robust.yaml").write_text(SUITE, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def record(place: Path) -> RunRecord:
    return run(place / "a.robust.yaml", store=place / "store", reports=place / "reports")


def drawn(record: RunRecord, check: str) -> tuple[Result, Drawn]:
    (result,) = (result for result in record.results if result.check_id == check)
    return result, result.drawn


def test_a_failed_check_shows_its_worst_classes_confusions_and_images(record: RunRecord) -> None:
    result, found = drawn(record, "reads")
    worst, confusions = found.pictures
    assert (worst.title, confusions.title) == ("Worst classes", "Commonest confusions")
    assert worst.mark == (pytest.approx(result.verdict.value), 0.0)
    heights = worst.series[0].y
    assert list(heights) == sorted(heights)
    assert 0 < len(found.images) <= 8
    assert "images are answered wrongly" in found.said
    for image in found.images:
        assert image.label != image.predicted
        opened = Image.open(io.BytesIO(base64.b64decode(image.jpeg)))
        assert opened.format == "JPEG"
        assert max(opened.size) <= 64


def test_the_worst_classes_are_those_of_the_samples(record: RunRecord, place: Path) -> None:
    from robustcheck.history.kept_samples import read_samples

    result, found = drawn(record, "reads")
    assert result.score is not None
    samples = read_samples(place / "store" / "samples", result.score.key)
    assert samples is not None
    wanted = {label: samples.scores[samples.groups == label].mean() for label in np.unique(samples.groups)}
    series = found.pictures[0].series[0]
    assert list(series.y) == pytest.approx(sorted(wanted.values())[: len(series.y)], abs=1e-3)


def test_a_comparison_shows_what_is_newly_wrong_first(record: RunRecord) -> None:
    _, found = drawn(record, "not-worse")
    assert "newly" in found.said
    new = [image.is_new for image in found.images]
    assert new == sorted(new, reverse=True)
    assert all(image.before == image.label for image in found.images if image.is_new)


def test_calibration_and_detection_are_drawn_though_one_of_them_passed(record: RunRecord) -> None:
    result, found = drawn(record, "calibrated")
    assert result.verdict.status == "pass"
    assert [picture.kind for picture in found.pictures] == ["reliability", "histogram"]
    _, detected = drawn(record, "detects")
    curve, scores = detected.pictures
    assert (curve.kind, scores.kind) == ("roc", "histogram")
    assert curve.mark is not None
    assert curve.mark[1] == pytest.approx(0.95, abs=0.01)


def test_scaled_confidences_are_drawn_beside_the_same_answers_before_scaling(record: RunRecord) -> None:
    result, found = drawn(record, "scaled")
    before, after = found.pictures[0].series
    assert (before.name, after.name.partition(" = ")[0]) == ("before scaling", "after scaling, T")
    assert sum(before.n) == sum(after.n) == result.verdict.n
    # The metric itself, asked about the same half without a temperature, has the same line.
    (alone,) = drawn(record, "unscaled-half")[1].pictures[0].series
    assert before == alone


def test_the_answers_behind_a_picture_are_worked_out_once(
    record: RunRecord, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def count(cell: Cell, bench: Bench) -> ClassAnswers | None:
        asked.append(cell.quantity.metric)
        return class_answers(cell, bench)

    monkeypatch.setattr(kept_drawings, "class_answers", count)
    failing = SUITE.partition("checks:")[0] + SCALED
    (tmp_path / "a.robust.yaml").write_text(failing, encoding="utf-8")
    (result,) = run(tmp_path / "a.robust.yaml", store=place / "store", reports=tmp_path / "reports").results
    assert [len(picture.series) for picture in result.drawn.pictures if picture.kind == "reliability"] == [2]
    assert any(picture.title == "Worst classes" for picture in result.drawn.pictures)
    assert asked == ["ece"]


def test_what_was_drawn_once_is_drawn_from_what_was_kept(
    record: RunRecord, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **settings: object) -> None:
        raise AssertionError("samples, answers and images are not read again")

    for name in ("class_answers", "pictures_of", "small_copies"):
        monkeypatch.setattr(kept_drawings, name, refuse)
    again = run(place / "a.robust.yaml", store=place / "store", reports=place / "again")
    assert [result.drawn for result in again.results] == [result.drawn for result in record.results]


def test_a_drawing_that_lacks_samples_is_not_kept(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_here() -> RunRecord:
        return run(place / "a.robust.yaml", store=tmp_path / "store", reports=tmp_path / "reports")

    with monkeypatch.context() as patched:
        patched.setattr(sample_book, "read_samples", lambda directory, key: None)
        _, bare = drawn(run_here(), "calibrated")
    assert bare.pictures == ()
    assert len(drawn(run_here(), "calibrated")[1].pictures) == 2


def test_a_score_that_outlives_its_outputs_is_drawn_from_its_samples(
    record: RunRecord, place: Path, tmp_path: Path
) -> None:
    store = shutil.copytree(place / "store", tmp_path / "store")
    for gone in ("drawings", "outputs", "summaries"):
        shutil.rmtree(store / "v1" / gone)
    again = run(place / "a.robust.yaml", store=store, reports=tmp_path / "reports")
    result, found = drawn(again, "reads")
    assert result.verdict.status == "fail"
    assert (found.pictures, found.images, found.said) == ((), (), "")
    assert [picture.kind for picture in drawn(again, "calibrated")[1].pictures] == ["reliability", "histogram"]
    assert not (store / "v1" / "outputs").exists()


def test_without_images_there_are_pictures_alone(place: Path) -> None:
    record = run(place / "a.robust.yaml", store=place / "store", reports=place / "bare", images=False)
    assert not any(result.drawn.images for result in record.results)
    assert drawn(record, "reads")[1].pictures
    assert "<img" not in (place / "bare" / record.id / "index.html").read_text(encoding="utf-8")


def test_the_images_of_a_page_are_limited_and_the_worst_results_keep_theirs() -> None:
    heavy = Thumbnail("a", "cat", "dog", 0.9, "x" * (MOST_WEIGHT // 3))
    results = [
        replace(result, drawn=Drawn((), (heavy,), "1 image."), verdict=replace(result.verdict, status="fail"))
        for result in made_up_run(5, 1).results
    ]
    kept = within_weight(results)
    assert Counter(bool(result.drawn.images) for result in kept) == {True: 3, False: 2}
    margins = sorted(result.verdict.margin or 0.0 for result in results)
    assert {result.verdict.margin for result in kept if result.drawn.images} == set(margins[:3])
    assert all("left out" in result.drawn.said for result in kept if not result.drawn.images)


def test_attacked_images_have_no_answers_of_all_classes(tmp_path: Path) -> None:
    (tmp_path / "a.robust.yaml").write_text(
        """\
robustcheck: 1
models: zoo:vit-plain-100
checks:
  - id: holds
    measure: {metric: robust_accuracy, dataset: shapes, options: {attack: fgsm, eps: 4/255, images: 12}}
    expect: {at_least: 99%}
""",
        encoding="utf-8",
    )
    (result,) = run(tmp_path / "a.robust.yaml", store=tmp_path / "store", reports=tmp_path / "reports").results
    assert result.verdict.status in ("fail", "unsure"), result.verdict.reason
    assert not any(picture.title == "Worst classes" for picture in result.drawn.pictures)
