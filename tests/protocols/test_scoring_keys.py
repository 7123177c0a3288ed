"""What is measured once: keys of scores, views, prompts, several image sets, and passes that stop short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_data import fake
from scoring_data import Painted, World, logits, make_world, options, painted

from robustcheck.datasets import class_sets
from robustcheck.errors import RobustcheckError
from robustcheck.measure.metric import metric_named
from robustcheck.measure.passes import Claimed, Pass
from robustcheck.models.perceptual_hash import PerceptualHash
from robustcheck.values import Cell, Score

SITES = np.array(list("ab" * 30))
COLUMNS = np.array([*class_sets.class_set_indices("imagenet-a")[:3], 0, 2, 3])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    known = painted("known", 60, columns=COLUMNS, groups={"site": SITES, "factor": SITES, "factors": SITES})
    unseen = painted("unseen", 45, ("fog", "mist", "rain"), seed=4, task="ood", id_dataset="known")
    # The second in-distribution set has the same pictures under another name.
    return make_world(tmp_path, known, unseen, painted("other", 60), painted("third", 60, seed=9))


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The models of every pass that is run."""
    seen: list[list[str]] = []
    run = Pass.run

    def noted(self: Pass, claims: Iterator[Claimed]) -> None:
        def noting(claims: Iterator[Claimed]) -> Iterator[Claimed]:
            for claimed in claims:
                seen.append([runner.outputs.ref.id for runner in claimed.runners])
                yield claimed

        run(self, noting(claims))

    monkeypatch.setattr(Pass, "run", noted)
    return seen


def keys(world: World, *cells: Cell) -> list[str]:
    found = world.bench().measure_all(cells)
    return [one.key if isinstance(one, Score) else str(one) for one in map(found.__getitem__, cells)]


# --- keys ---------------------------------------------------------------------------------------

DETECTION = {"score": "msp", "id_dataset": "other"}
CALIBRATION = {"temperature": "oracle", "half": "test", "fitted_on": "third"}


@pytest.mark.parametrize(
    ("metric", "dataset", "changes"),
    [
        ("auroc", "unseen", DETECTION),
        ("fpr95_openood", "unseen", DETECTION),
        ("nll", "known", CALIBRATION),
        ("ece", "known", {**CALIBRATION, "bins": "10"}),
        ("worst_factor", "known", {"annotation": "multi"}),
    ],
)
def test_every_option_changes_the_key(world: World, metric: str, dataset: str, changes: dict[str, str]) -> None:
    assert set(changes) == {option.name for option in metric_named(metric).options}
    cells = [world.cell(metric, dataset)]
    cells += [world.cell(metric, dataset, options=options(**{name: value})) for name, value in changes.items()]
    assert len(set(keys(world, *cells))) == len(cells)


def test_a_default_that_is_named_is_the_default(world: World) -> None:
    asked = options(bins="15", temperature="none", half="auto")
    plain, named = keys(world, world.cell("ece", "known"), world.cell("ece", "known", options=asked))
    assert plain == named


@pytest.mark.parametrize(
    ("metric", "dataset"), [("top1", "known"), ("nll", "known"), ("auroc", "unseen"), ("error_ratio", "known")]
)
def test_conditions_and_prompts_change_the_key(world: World, metric: str, dataset: str) -> None:
    first = (("factor", "a"),) if metric == "error_ratio" else ()
    second = (("factor", "b"),) if metric == "error_ratio" else (("classes", "imagenet-a"),)
    asked: list[dict[str, Any]] = [{"where": first}, {"where": second}]
    asked += [{"where": first, "prompts": prompts} for prompts in ("1", "mcm-5")]
    asked.append({"where": first, "transform": "gaussian_noise:2"})
    cells = [world.cell(metric, dataset, **how) for how in asked]
    cells.append(world.cell(metric, dataset, fake(seed="b"), where=first))
    assert len(set(keys(world, *cells))) == len(cells)


def test_metrics_of_one_protocol_have_keys_of_their_own(world: World) -> None:
    names = ("top1", "top5", "mean_per_class_recall", "ece", "ece_mass", "nll", "brier")
    assert len(set(keys(world, *(world.cell(name, "known") for name in names)))) == len(names)


# --- once ---------------------------------------------------------------------------------------


def test_a_view_has_its_bases_outputs(world: World, passes: list[list[str]]) -> None:
    base, rows = world.datasets["known"], np.arange(50, 10, -2)
    assert isinstance(base.pictures, Painted)  # type: ignore[attr-defined]
    pixels = base.pictures.pixels[rows]  # type: ignore[attr-defined]
    world.add(painted("view", labels=base.labels[rows], pixels=pixels, ids=base.ids[rows], base=base, rows=rows))
    part = world.score("top1", "view")
    assert part.value == (logits(base)[rows].argmax(axis=1) == base.labels[rows]).mean()
    assert part.samples is not None
    assert part.samples.ids.tolist() == base.ids[rows].tolist()
    assert world.score("top1", "known").n == 60
    assert passes == [["fake-zero-shot-a"]]
    assert world.decodes()["view"] == 0
    assert part.key != world.score("top1", "known").key


def test_prompts_cost_no_image_pass_after_the_first(world: World, passes: list[list[str]]) -> None:
    values = set()
    for prompts in ("1", "mcm-5", "openai-7", "openai-80"):
        for metric, dataset in (("top1", "known"), ("auroc", "unseen"), ("nll", "known"), ("nll", "third")):
            values.add(world.score(metric, dataset, prompts=prompts, options=how(metric)).value)
    # Known for accuracy, then unseen, then third: each image set once, whatever the prompts are.
    assert len(passes) == 3
    assert world.decodes() == {"known": 60, "unseen": 45, "other": 0, "third": 60}
    assert len(values) > 12


def how(metric: str) -> tuple[tuple[str, str], ...]:
    return options(temperature="fitted") if metric == "nll" else ()


def test_several_models_and_sets_need_one_pass_a_set(world: World, passes: list[list[str]]) -> None:
    models = [fake(seed=seed) for seed in "ab"]
    wanted = [("auroc", "unseen", {}), ("nll", "third", CALIBRATION | {"fitted_on": "known"}), ("top1", "known", {})]
    cells = [
        world.cell(metric, name, model, options=options(**chosen))
        for model in models
        for metric, name, chosen in wanted
    ]
    found = world.bench().measure_all(cells)
    assert all(isinstance(one, Score) for one in found.values())
    assert sorted(map(tuple, passes)) == [("fake-zero-shot-a", "fake-zero-shot-b")] * 3
    assert world.decodes() == {"known": 60, "unseen": 45, "other": 0, "third": 60}
    assert all(sum(model.batches) == 165 for model in world.models)


def test_a_hash_runs_in_the_pass_of_the_models(world: World, passes: list[list[str]]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size=(20, 32, 32, 3), dtype=np.uint8)
    world.add(painted("test", 20, pixels=pixels), painted("train", 20, pixels=pixels[::-1] // 2))
    cells = [world.cell("overlap_share", "test", fake(seed=seed), options=options(reference="train")) for seed in "ab"]
    cells.append(world.cell("top1", "test"))
    found = world.bench().measure_all(cells)
    assert all(isinstance(one, Score) for one in found.values()), found
    assert sorted(map(sorted, passes)) == [["fake-zero-shot-a", "fake-zero-shot-b", "phash"], ["phash"], ["phash"]]
    assert world.decodes()["test"] == 40
    assert world.decodes()["train"] == 20
    assert sum(isinstance(model, PerceptualHash) for model in world.models) == 1


# --- passes that stop short -------------------------------------------------------------------------


def names_of(world: World, cell: Cell) -> list[str]:
    return sorted(images.name for images in world.bench().image_sets(cell))


def test_a_cell_passes_over_the_images_that_it_needs_for_all_its_mates(world: World, passes: list[list[str]]) -> None:
    first, wider, elsewhere = (
        world.cell("top1", "known"),
        world.cell("auroc", "unseen"),
        world.cell("top1", "other"),
    )
    same = world.cell("nll", "known", options=options(temperature="fitted"))
    every = [first, wider, elsewhere, same]
    assert [names_of(world, one) for one in every] == [["known"], ["known", "unseen"], ["other"], ["known"]]
    bench = world.bench()
    assert isinstance(bench.measure(first, every), Score)
    assert [bench.look_up(one) is not None for one in every] == [True, False, False, True]
    assert world.decodes() == {"known": 60, "unseen": 0, "other": 0, "third": 0}
    assert isinstance(bench.measure(wider, [elsewhere]), Score)
    assert world.decodes() == {"known": 60, "unseen": 45, "other": 0, "third": 0}
    assert isinstance(bench.measure(elsewhere), Score)
    assert len(passes) == 3


def test_a_mate_that_cannot_be_measured_spares_the_others(world: World) -> None:
    first, wrong = world.cell("top1", "known"), world.cell("auroc", "known")
    bench = world.bench()
    assert isinstance(bench.measure(first, [wrong]), Score)
    assert isinstance(bench.measure(wrong), RobustcheckError)


def test_the_wrong_question_is_refused_before_an_image_is_decoded(world: World) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("auroc", "known", {}),
        ("error_ratio", "known", {}),
        ("overlap_share", "known", {}),
        ("attack_success", "known", {}),
        ("mce", "known", {}),
        ("top1", "unseen", {}),
    ]
    for metric, name, chosen in asked:
        world.refusal(metric, name, **chosen)
    assert set(world.decodes().values()) == {0}
    assert world.models == []
