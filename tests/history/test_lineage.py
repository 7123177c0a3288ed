"""Where a baseline comes from: origins are carried on, whatever the model is called, and end only on purpose."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factories import live_score, published_score
from run_makers import make_result, make_run

from robustcheck.errors import RecordError
from robustcheck.history.baselines import Baseline, Blessing, bless, load_baseline
from robustcheck.history.kept_samples import write_samples
from robustcheck.history.lineage import begin_lineage, continue_lineage
from robustcheck.report import write_report
from robustcheck.values import ModelRef, Quantity, RunRecord, Score

V2, R = Quantity("top1", "imagenet-v2"), Quantity("top1", "imagenet-r")
IMAGES = 200


def model(name: str, architecture: str = "ViT-B-32") -> ModelRef:
    return ModelRef(name, f"openclip:{name}", "openclip", architecture, name)


def score(name: str, right: int, quantity: Quantity = V2, n: int = IMAGES, architecture: str = "ViT-B-32") -> Score:
    made = live_score(np.arange(n) < right, quantity, model(name, architecture))
    return replace(made, key=f"{name}-{quantity.dataset}-{right}-{n}")


def a_run(place: int, *scores: Score) -> RunRecord:
    return make_run(*(make_result(model=each.cell.model, score=each) for each in scores), id=f"run-{place}")


@pytest.fixture
def chain(tmp_path: Path) -> Callable[..., Blessing]:
    """Bless a run of these scores as ``main``; the runs are numbered."""
    count = iter(range(100))

    def blessed(*scores: Score, **how: str) -> Blessing:
        place = next(count)
        for each in scores:
            if each.samples is not None:
                write_samples(tmp_path / "samples", each.key, each.samples)
        write_report(a_run(place, *scores), tmp_path / f"run-{place}")
        return bless(tmp_path / f"run-{place}", "main", tmp_path / "baselines", tmp_path / "samples", **how)

    return blessed


def main(tmp_path: Path) -> Baseline:
    return load_baseline("main", tmp_path / "baselines")


def origin_value(baseline: Baseline, name: str, quantity: Quantity = V2) -> float:
    """Return the value that a score of the baseline started from: its own where it is the origin."""
    own = baseline.score(model(name), quantity)
    found, _ = baseline.origin(own)
    return own.value if found is None else found.value


def test_the_first_baseline_is_its_own_origin(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    blessing = chain(score("a", 150))
    assert (blessing.replaced, blessing.steps, blessing.run.lineage.ancestors) == (None, (), ())
    assert main(tmp_path).origin(main(tmp_path).score(model("a"), V2)) == (None, "")


def test_a_chain_of_eight_knows_its_ancestors_and_its_origin(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    """Each checkpoint has a name of its own; the architecture joins them. The origin's samples are carried along."""
    for week in range(8):
        blessing = chain(score(f"week-{week}", 150 - week))
    lineage = blessing.run.lineage
    assert [ancestor.run for ancestor in lineage.ancestors] == [f"run-{week}" for week in range(7)]
    assert lineage.since_origin == 7
    baseline = main(tmp_path)
    first, name = baseline.origin(baseline.score(model("week-8"), V2))
    assert first is not None
    assert (first.value, first.cell.model.id) == (0.75, "week-0")
    assert name == "the origin of baseline main (week-0, run run-0, 7 blessed since)"
    assert baseline.samples(first).scores.sum() == 150
    kept = sorted(path.stem for path in (tmp_path / "baselines/main/samples").iterdir())
    assert kept == ["week-0-imagenet-v2-150-200", "week-7-imagenet-v2-143-200"]


def test_blessing_says_how_far_the_line_has_moved(chain: Callable[..., Blessing]) -> None:
    chain(score("a", 150), score("a", 100, R))
    chain(score("a", 148), score("a", 100, R))
    steps = chain(score("a", 145), score("a", 99, R)).steps
    assert [(step.cell.quantity, step.origin, step.now) for step in steps] == [(V2, 0.75, 0.725), (R, 0.5, 0.495)]
    assert steps[0].difference.value == pytest.approx(-0.025)


def test_a_new_origin_needs_a_reason_that_is_kept(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    chain(score("a", 150))
    chain(score("a", 140))
    lineage = chain(score("a", 130), new_origin="another tokenizer").run.lineage
    assert [(each.run, each.why) for each in lineage.ancestors] == [("run-0", ""), ("run-1", "another tokenizer")]
    assert (lineage.since_origin, lineage.origins) == (0, ())
    assert origin_value(main(tmp_path), "a") == 0.65
    assert chain(score("a", 125)).run.lineage.since_origin == 1
    assert origin_value(main(tmp_path), "a") == 0.65


def test_a_quantity_that_a_run_leaves_out_keeps_its_origin(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    """Else blessing a run of another suite in between would forget where this one started."""
    chain(score("a", 150), score("a", 100, R))
    chain(score("a", 99, R))
    chain(score("b", 120))
    assert origin_value(main(tmp_path), "b") == 0.75


def test_a_quantity_that_is_new_starts_its_line(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    chain(score("a", 150))
    chain(score("a", 149), score("a", 100, R))
    chain(score("a", 148), score("a", 90, R))
    assert (origin_value(main(tmp_path), "a"), origin_value(main(tmp_path), "a", R)) == (0.75, 0.5)


def test_a_model_beside_those_that_go_on_starts_its_line(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    chain(score("a", 150), score("b", 140))
    chain(score("a", 149), score("b", 139), score("c", 100))
    assert [origin_value(main(tmp_path), name) for name in "abc"] == [0.75, 0.7, 0.5]


def test_a_model_that_may_come_after_either_is_an_error(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    chain(score("a", 150), score("b", 140))
    with pytest.raises(RecordError, match=r"c is new(.|\n)*a, b(.|\n)*--new-origin --why"):
        chain(score("c", 149))
    assert main(tmp_path).run.id == "run-0"


def test_other_images_than_the_origin_has_are_an_error(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    chain(score("a", 150))
    with pytest.raises(RecordError, match=r"does not fit the origin(.|\n)*--new-origin --why"):
        chain(score("a", 150, n=199))
    assert main(tmp_path).run.id == "run-0"
    assert chain(score("a", 150, n=199), new_origin="an image was broken").run.id == "run-2"


def test_figures_have_origins_too(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    chain(published_score(0.5, 100, V2, model("a")))
    chain(published_score(0.48, 100, V2, model("a")))
    assert origin_value(main(tmp_path), "a") == 0.5


def test_a_baseline_under_another_name_brings_its_origin(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    chain(score("a", 150))
    place = chain(score("a", 140)).place
    bless(place, "release", tmp_path / "baselines", tmp_path / "samples")
    assert origin_value(load_baseline("release", tmp_path / "baselines"), "a") == 0.75


def test_blessing_a_run_again_adds_no_ancestor(chain: Callable[..., Blessing], tmp_path: Path) -> None:
    chain(score("a", 150))
    chain(score("a", 140))
    again = bless(tmp_path / "run-1", "main", tmp_path / "baselines", tmp_path / "samples")
    assert [ancestor.run for ancestor in again.run.lineage.ancestors] == ["run-0"]
    assert origin_value(main(tmp_path), "a") == 0.75


def test_what_a_baseline_of_0_2_holds_is_the_origin() -> None:
    """It has no lineage: its scores are the first that are known."""
    lineage = continue_lineage(a_run(0, score("a", 150)), a_run(1, score("a", 140)), operator.eq)
    assert [(each.score.value, each.run) for each in lineage.origins] == [(0.75, "run-0")]
    assert begin_lineage(None, "").ancestors == ()
