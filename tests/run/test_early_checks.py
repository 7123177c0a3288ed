"""Checks that are decided on part of their images, and the full run that goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from colour_data import CountingDataset, write_colours

from robustcheck.datasets import open_dataset
from robustcheck.errors import DataError, RecordError
from robustcheck.history.baselines import bless
from robustcheck.judge import Case
from robustcheck.measure import MeasureSettings
from robustcheck.report import dump_run, load_run
from robustcheck.run.early_checks import EarlyChecks
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.stats.staged_levels import level_at
from robustcheck.values import Result, RunRecord
from robustcheck.values.checks import PlannedCheck
from robustcheck.values.series import Series
from robustcheck.values.stages import LAST, Effort

N = 1_024
SUITE = """\
robustcheck: 1
models: [fake:zero-shot]
effort: decide
checks:
  - {id: broken, measure: {metric: top1, dataset: DATA}, expect: {at_least: 99%}}
  - {id: sound, measure: {metric: top1, dataset: DATA}, expect: {at_least: 20%}}
  - {id: near, measure: {metric: top1, dataset: DATA}, expect: {at_least: NEAR%}}
  - {id: gap, measure: {metric: ece, dataset: DATA}, expect: {at_most: 0.9}}
"""
HELD = """\
  - id: held
    measure: {metric: top1, dataset: DATA}
    expect: {no_worse_than: {baseline: main, allowed_drop: ALLOWED}}
"""

Begin = Callable[..., RobustSession]


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), N)


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    def begin(effort: Effort | None = None, home: str = "home", series: Series | None = None) -> RobustSession:
        place = tmp_path / home
        settings = RunSettings(
            MeasureSettings(place / "store"),
            place / "baselines",
            place / "reports",
            home=place,
            # A report's pictures of wrong answers are decoded again.
            images=False,
            effort=effort,
            series=series,
        )
        session = RobustSession(settings, date(2026, 1, 1))
        session.book.bench.shelf.open = lambda name, roots, index: CountingDataset(open_dataset(name, roots, index))
        return session

    return begin


def write_suite(tmp_path: Path, colours: Path, *more: str, near: float = 70) -> Path:
    path = tmp_path / "a.robust.yaml"
    text = (SUITE + "".join(more)).replace("DATA", str(colours)).replace("NEAR", str(near))
    path.write_text(text, encoding="utf-8")
    return path


def judge(session: RobustSession, suite: Path, *ids: str) -> dict[str, Result]:
    items = [item for item in session.plan(session.load(suite)).items if not ids or item.check.id in ids]
    session.select(items)
    chosen = sorted(items, key=lambda item: ids.index(item.check.id) if ids else 0)
    return {item.check.id: session.judge(session.gather(item), item.name, 0.0) for item in chosen}


def decoded(session: RobustSession, colours: Path) -> list[int]:
    return session.book.bench.shelf.dataset(str(colours)).decoded  # type: ignore[attr-defined, no-any-return]


def test_a_broken_and_a_sound_model_are_left_after_a_sixteenth(begin: Begin, tmp_path: Path, colours: Path) -> None:
    session = begin()
    found = judge(session, write_suite(tmp_path, colours), "broken", "sound")
    assert {name: result.verdict.status for name, result in found.items()} == {"broken": "fail", "sound": "pass"}
    assert len(decoded(session, colours)) == N // 16
    for result in found.values():
        assert result.verdict.images == (N // 16, N)
        assert result.score is not None
        assert result.score.n == N // 16
        assert result.score.cell.stage == 0
        assert "decided on 64 of 1,024 images" in result.verdict.reason


def test_a_full_run_makes_the_rest_and_gives_the_same_bits(begin: Begin, tmp_path: Path, colours: Path) -> None:
    suite = write_suite(tmp_path, colours)
    early = begin()
    judge(early, suite, "broken")
    after, never = begin("full"), begin("full", home="other")
    one, other = judge(after, suite), judge(never, suite)
    assert sorted(decoded(early, colours) + decoded(after, colours)) == list(range(N))
    assert {name: replace(result, seconds=0) for name, result in one.items()} == {
        name: replace(result, seconds=0) for name, result in other.items()
    }
    outputs = [
        session.book.bench.memo.rows(session.book.bench.recipes(one["sound"].score.cell)[0].outputs)  # type: ignore[union-attr]
        for session in (after, never)
    ]
    rows = [each.take(np.arange(N)) for each in outputs]
    assert rows[0].tobytes() == rows[1].tobytes()


def test_what_no_stage_decides_is_judged_on_all_images_at_the_last_level(
    begin: Begin, tmp_path: Path, colours: Path
) -> None:
    value = judge(begin("full"), write_suite(tmp_path, colours), "sound")["sound"].verdict.value
    assert value is not None
    session = begin(home="other")
    suite = write_suite(tmp_path, colours, near=round(100 * value, 2))
    [item] = [each for each in session.plan(session.load(suite)).items if each.check.id == "near"]
    case = session.gather(item)
    assert isinstance(case, Case)
    assert (case.stage, case.images, case.score.cell.stage) == (LAST, (N, N), None)
    verdict = session.judge(case, "id", 0.0).verdict
    assert (verdict.status, verdict.value) == ("unsure", value)
    assert f"{level_at(item.alpha, LAST):.2g} for a fail" in dict(verdict.facts)["stage"]


def test_no_verdict_depends_on_which_check_comes_first(begin: Begin, tmp_path: Path, colours: Path) -> None:
    suite = write_suite(tmp_path, colours)
    orders = (("broken", "near", "sound"), ("near", "sound", "broken"))
    found = [judge(begin(home=str(place)), suite, *order) for place, order in enumerate(orders)]
    for name in orders[0]:
        assert found[0][name].verdict == found[1][name].verdict


def test_a_piece_that_was_lost_is_made_again(begin: Begin, tmp_path: Path, colours: Path) -> None:
    suite = write_suite(tmp_path, colours)
    before = judge(begin(), suite, "broken")["broken"]
    for left in (tmp_path / "home/store").glob("v1/scores/**/*.array"):
        left.unlink()
    for left in (tmp_path / "home/store").glob("v1/summaries/**/*.array"):
        left.unlink()
    [piece] = (tmp_path / "home/store").glob("v1/outputs/**/000003-0.array")
    piece.unlink()
    session = begin()
    assert judge(session, suite, "broken")["broken"].verdict == before.verdict
    assert len(decoded(session, colours)) == 16


def test_what_is_no_mean_over_images_uses_all_of_them_and_says_why(begin: Begin, tmp_path: Path, colours: Path) -> None:
    session = begin()
    suite = write_suite(tmp_path, colours)
    items = {item.check.id: item for item in session.plan(session.load(suite)).items}
    assert session.early.why_not(items["gap"]) == "ece is not a mean over single images"
    assert session.early.why_not(items["near"]) == ""
    assert begin("full").early.why_not(items["near"]) == "effort: full"
    assert judge(session, suite, "gap")["gap"].verdict.images is None


def test_a_baseline_is_compared_on_the_images_that_were_seen(begin: Begin, tmp_path: Path, colours: Path) -> None:
    full = begin("full")
    suite = write_suite(tmp_path, colours, HELD.replace("ALLOWED", "0pp"))
    first = judge(full, suite, "sound")["sound"]
    record = tmp_path / "run.json"
    record.write_bytes(dump_run(RunRecord("r", "2026-01-01T00:00:00+00:00", 1.0, "", (), (first,))))
    bless(record, "main", full.settings.baselines, full.settings.samples)
    # The same answers are a pass, but not before every image has been seen.
    same = judge(begin(), suite, "held")["held"].verdict
    assert (same.status, same.images) == ("pass", (N, N))
    suite = write_suite(tmp_path, colours, HELD.replace("ALLOWED", "40pp"))
    wide = judge(begin(), suite, "held")["held"].verdict
    assert (wide.status, wide.images) == ("pass", (N // 16, N))
    assert "64 images, 0 of them judged differently" in dict(wide.facts)["paired over"]


def test_a_run_that_decided_early_is_not_blessed(begin: Begin, tmp_path: Path, colours: Path) -> None:
    session = begin()
    sound = judge(session, write_suite(tmp_path, colours), "sound")["sound"]
    record = tmp_path / "run.json"
    record.write_bytes(dump_run(RunRecord("r", "2026-01-01T00:00:00+00:00", 1.0, "", (), (sound,))))
    assert load_run(record).results[0].score.cell.stage == 0  # type: ignore[union-attr]
    with pytest.raises(RecordError, match="1 scores of this run rest on part of the images") as raised:
        bless(record, "main", session.settings.baselines, session.settings.samples)
    assert "--robust-effort full" in str(raised.value)


def test_a_series_gives_the_level_that_the_stages_spend(begin: Begin, tmp_path: Path, colours: Path) -> None:
    suite, series = write_suite(tmp_path, colours), Series("nightly", 100)
    session = begin(series=series)
    broken = judge(session, suite, "broken")["broken"]
    assert broken.look is not None
    said = dict(broken.verdict.facts)
    assert "100 looks of the series nightly" in said["a fail is shown at"]
    session.looks.take(RunRecord("r", "2026-01-01T00:00:00+00:00", 1.0, "", (), (broken,)))
    again = judge(begin(series=series), suite, "broken")["broken"]
    assert again.look == broken.look
    # To measure everything is another question, at a look of its own.
    whole = judge(begin("full", series=series), suite, "broken")["broken"]
    assert whole.look is not None
    assert whole.look.number == broken.look.number + 1


KINDS = """\
robustcheck: 1
models: ["openclip:ViT-B-32/openai"]
effort: decide
checks:
  - {id: figure, measure: {metric: top1, dataset: imagenet-v2}, expect: {reproduces: {within: 1pp}}}
  - {id: told, measure: {metric: top1, dataset: imagenet-v2}, expect: {at_least: 40%}}
  - {id: absent, measure: {metric: top1, dataset: digits}, expect: {at_least: 40%}}
  - id: groups
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {correlates: {with: {metric: top1, dataset: imagenet-val}, at_least: 0.5, population: openclip}}
"""


def test_a_check_that_uses_all_images_says_why(begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "a.robust.yaml"
    path.write_text(KINDS)
    session = begin()
    items = {item.check.id: item for item in session.plan(session.load(path)).items}
    assert {name: session.early.why_not(item) for name, item in items.items()} == {
        "figure": "reproduces compares with a figure that rests on all of them",
        "told": "its score is a published figure",
        "absent": "it cannot be measured",
        "groups": "it is about groups of models",
    }


def test_a_stage_with_too_few_samples_or_none_decides_nothing(begin: Begin, tmp_path: Path, colours: Path) -> None:
    """Of 1,024 images a sixteenth is 64; a third of them is of one class, which is fewer than 50."""
    only = "{metric: top1, dataset: DATA, where: {class: red}}"
    suite = write_suite(tmp_path, colours, f"  - {{id: red, measure: {only}, expect: {{at_least: 1%}}}}\n")
    session = begin()
    [item] = [each for each in session.plan(session.load(suite)).items if each.check.id == "red"]
    case = session.early.decide(item)
    assert (case.stage, case.images) == (2, (256, N))

    def refuse(staged: PlannedCheck, live: bool) -> Case:
        if staged.cells[0].stage is not None:
            raise DataError("no image of this slice has been seen yet")
        return session.cases.gather_model(staged)

    nothing = EarlyChecks(session.book, refuse, "decide")
    assert nothing.decide(item).stage == LAST
