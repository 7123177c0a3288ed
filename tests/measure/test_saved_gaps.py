"""Saved predictions that tell less than all, or more than there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scoring_data import SIX, World, logits, make_world, options, painted

from robustcheck.datasets import class_sets
from robustcheck.datasets.imagenet_names import validation_labels
from robustcheck.models.reference import parse_reference
from robustcheck.predictions import write_predictions
from robustcheck.values import ModelRef, Quantity


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, painted("known", 60), painted("ninco", 45, ("fog", "mist", "rain"), seed=4, task="ood"))


def saved(directory: Path, name: str, **arrays: object) -> ModelRef:
    directory.mkdir(exist_ok=True)
    np.savez(directory / f"{name}.npz", **{key: np.asarray(array) for key, array in arrays.items()})
    return parse_reference(f"predictions:{directory}")


def defects(world: World, model: ModelRef, name: str) -> tuple[str, ...]:
    return world.bench().shelf.dataset_for(model, name, Quantity("top1", name)).defects


def test_an_unseen_set_needs_logits_alone(world: World, tmp_path: Path) -> None:
    known, unseen = world.datasets["known"], world.datasets["ninco"]
    write_predictions(tmp_path / "m", "known", known.ids, logits(known), known.labels, SIX, {})
    model = saved(tmp_path / "m", "ninco", ids=unseen.ids, logits=logits(unseen, SIX))
    how = {"options": options(score="msp", id_dataset="known")}
    live = world.score("auroc", "ninco", **how).value
    world.datasets.clear()
    assert world.score("auroc", "ninco", model, **how).value == pytest.approx(live, abs=1e-6)
    assert "which its predictions do not tell" in world.refusal("class_auroc", "ninco", model, **how)


def test_the_classes_of_an_unseen_set_may_be_numbers(world: World, tmp_path: Path) -> None:
    known, unseen = world.datasets["known"], world.datasets["ninco"]
    write_predictions(tmp_path / "m", "known", known.ids, logits(known), known.labels, SIX, {})
    model = saved(tmp_path / "m", "ninco", ids=unseen.ids, logits=logits(unseen, SIX), labels=unseen.labels)
    how = {"options": options(score="msp", id_dataset="known")}
    live = world.score("class_auroc", "ninco", **how).value
    world.datasets.clear()
    assert world.score("class_auroc", "ninco", model, **how).value == pytest.approx(live, abs=1e-6)


def test_unnamed_logits_of_a_known_class_list_need_no_data_set(world: World, tmp_path: Path) -> None:
    labels = np.arange(40)
    model = saved(
        tmp_path / "m", "imagenet-v2", ids=[f"{row}.png" for row in labels], logits=np.eye(40, 1000), labels=labels
    )
    found = world.score("top1", "imagenet-v2", model)
    assert (found.value, found.n) == (1.0, 40)
    assert defects(world, model, "imagenet-v2") == (
        "outputs on 40 samples, where imagenet-v2 has 10,000: a part of it",
    )


def test_more_predictions_than_the_set_has_images_are_an_error(world: World, tmp_path: Path) -> None:
    model = saved(
        tmp_path / "m", "digits", ids=[f"digits-{row}" for row in range(798)], predicted=np.zeros(798, np.int64)
    )
    text = world.refusal("top1", "digits", model)
    assert "predictions on 798 samples" in text
    assert "at most 797, the whole of digits" in text


def test_predictions_on_other_images_of_a_directory_are_said(world: World, tmp_path: Path) -> None:
    known = world.datasets["known"]
    ids = [*known.ids.tolist(), "more-1", "more-2"]
    model = saved(tmp_path / "m", "known", ids=ids, logits=np.vstack([logits(known), np.zeros((2, 6))]))
    assert world.score("top1", "known", model).value == world.score("top1", "known").value
    assert defects(world, model, "known") == ("2 of 62 predictions are on no sample of known and do not count",)


def test_the_validation_sets_file_serves_imagenet_x(world: World, tmp_path: Path) -> None:
    rows = [f"val/{name},{label}" for name, label in validation_labels().items()]
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "imagenet-val.csv").write_text("\n".join(["id,predicted", *rows]))
    model = parse_reference(f"predictions:{tmp_path / 'm'}")
    found = world.score("top1", "imagenet-x", model)
    assert (found.value, found.n) == (1.0, 46_110)
    assert defects(world, model, "imagenet-x") == ()


def test_a_skip_says_the_transform_and_the_prompts(world: World, tmp_path: Path) -> None:
    model = saved(tmp_path / "m", "known", ids=["a"], predicted=[0])
    text = world.refusal("top1", "imagenet-x", model, transform="fog:3", prompts="openai-80")
    assert "on imagenet-x under fog:3 with the prompts openai-80" in text
    assert "imagenet-x@fog-3+openai-80.csv or" in text
    assert "imagenet-val@fog-3+openai-80.npz" in text


def test_a_mask_follows_the_names_of_the_file(world: World, tmp_path: Path) -> None:
    names = np.array(class_sets.class_set_names("imagenet-r"))
    order = np.argsort(names)
    labels = np.arange(200)
    values = np.eye(200)
    model = saved(
        tmp_path / "m", "imagenet-r",
        ids=[f"{row}.png" for row in labels], logits=values, labels=labels, class_names=names[order],
    )  # fmt: skip
    kept = np.isin(class_sets.class_set_indices("imagenet-r")[order], class_sets.class_set_indices("imagenet-a"))
    found = world.score("top1", "imagenet-r", model, where=(("classes", "imagenet-a"),))
    assert found.n == kept.sum()
    assert found.samples is not None
    assert found.samples.ids.tolist() == [f"{row}.png" for row in np.flatnonzero(kept)]
