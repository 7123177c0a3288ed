"""Saved predictions give what live measurement gives, for every protocol that they suffice for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scoring_data import SIX, THREE, Painted, World, logits, make_world, options, painted

from robustcheck.datasets import Vocabulary, class_sets, expand
from robustcheck.datasets.dataset import ImageDataset
from robustcheck.measure import logits_of
from robustcheck.models.reference import parse_reference
from robustcheck.predictions import write_predictions
from robustcheck.values import ModelRef

ARCTIC = class_sets.class_set_indices("imagenet-a")
COLUMNS = np.array([ARCTIC[0], 0, ARCTIC[1], 2, ARCTIC[2], 3])
MASK = (("classes", "imagenet-a"),)
SITES = np.array(list("ab" * 30))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    known = painted("known", 60, columns=COLUMNS, groups={"site": SITES})
    unseen = painted("unseen", 45, ("fog", "mist", "rain"), seed=4, task="ood", id_dataset="known")
    return make_world(tmp_path, known, unseen, painted("shifted", 36, seed=7, id_dataset="known"))


def export(world: World, directory: Path, *names: str, **quantity: Any) -> ModelRef:
    """Write what the live fake says of data sets, as `robustcheck export` does."""
    for name in names:
        found = logits_of(world.cell("top5", name, **quantity), world.bench())
        where = {"transform": quantity.get("transform"), "prompts": quantity.get("prompts")}
        write_predictions(
            directory, name, found.ids, found.values, found.labels, found.class_names, found.groups, **where
        )
    return parse_reference(f"predictions:{directory}")


@pytest.mark.parametrize("metric", ["top1", "top5", "mean_per_class_recall", "ece", "ece_mass", "nll", "brier"])
@pytest.mark.parametrize("how", [{}, {"where": (("site", "a"),)}, {"where": MASK}])
def test_exported_logits_give_what_live_gives(world: World, tmp_path: Path, metric: str, how: dict[str, Any]) -> None:
    saved = export(world, tmp_path / "saved", "known")
    live, again = world.score(metric, "known", **how), world.score(metric, "known", saved, **how)
    assert again.value == pytest.approx(live.value, abs=1e-6)
    bench = world.bench()
    assert again.n == live.n
    assert bench.samples(again.cell).ids.tolist() == bench.samples(live.cell).ids.tolist()
    assert again.source == "predictions saved in known.npz"
    assert again.key != live.key


@pytest.mark.parametrize("temperature", ["fitted", "oracle"])
@pytest.mark.parametrize("dataset", ["known", "shifted"])
def test_temperatures_of_exported_logits(world: World, tmp_path: Path, dataset: str, temperature: str) -> None:
    saved, how = export(world, tmp_path / "saved", "known", "shifted"), options(temperature=temperature)
    live, again = world.score("nll", dataset, options=how), world.score("nll", dataset, saved, options=how)
    assert (again.n, again.value) == (live.n, pytest.approx(live.value, abs=1e-6))


@pytest.mark.parametrize("metric", ["auroc", "class_auroc", "fpr95", "fpr95_openood"])
@pytest.mark.parametrize("where", [(), MASK])
def test_detection_from_exported_logits(world: World, tmp_path: Path, metric: str, where: Any) -> None:
    saved = export(world, tmp_path / "saved", "known", "unseen")
    for score in ("msp", "max_logit", "energy", "entropy"):
        live = world.score(metric, "unseen", where=where, options=options(score=score))
        again = world.score(metric, "unseen", saved, where=where, options=options(score=score))
        assert again.value == pytest.approx(live.value, abs=1e-6)
    auto = world.score(metric, "unseen", saved, where=where)
    assert dict(auto.provenance)["score"] == "msp"
    assert "cosines of a zero-shot model" in world.refusal(metric, "unseen", saved, options=options(score="mcm"))


def test_transforms_and_prompts_have_files_of_their_own(world: World, tmp_path: Path) -> None:
    how = {"transform": "gaussian_noise:3", "prompts": "1"}
    saved = export(world, tmp_path / "saved", "known", **how)
    assert world.score("top1", "known", saved, **how).value == world.score("top1", "known", **how).value
    text = world.refusal("top1", "known", saved)
    assert "no saved predictions" in text
    assert "known.csv or known.npz" in text


def cues() -> ImageDataset:
    members = (np.array([2]), np.array([1, 3, 4]), np.array([0, 5]))
    textures = np.array(THREE)[(np.arange(45) // 3) % 3]
    return painted(
        "cues", 45, THREE, task="cue-conflict", groups={"texture": textures},
        vocabulary=Vocabulary(SIX, members, "mean_probability"),
    )  # fmt: skip


def test_merged_classes_or_all_names_may_be_saved(world: World, tmp_path: Path) -> None:
    dataset = cues()
    world.add(dataset)
    live = world.score("shape_bias", "cues")
    merged = export(world, tmp_path / "merged", "cues")
    assert world.score("shape_bias", "cues", merged).value == live.value
    write_predictions(tmp_path / "all", "cues", dataset.ids, logits(dataset, SIX), None, SIX, {})
    every = parse_reference(f"predictions:{tmp_path / 'all'}")
    assert world.score("shape_bias", "cues", every).value == live.value
    assert "reads no texts" in world.refusal("shape_bias_16way", "cues", merged)


def test_sequences_from_saved_logits(world: World, tmp_path: Path) -> None:
    groups = {"video": np.array(list("ab" * 10)), "frame": np.array([str(row // 2) for row in range(20)])}
    world.add(painted("rotate", 20, task="sequences", groups=groups, labels=np.zeros(20, dtype=np.int64)))
    saved = export(world, tmp_path / "saved", "rotate")
    for metric in ("flip_rate", "top5_distance"):
        assert world.score(metric, "rotate", saved).value == world.score(metric, "rotate").value


def test_corruption_errors_from_saved_logits_of_every_subset(world: World, tmp_path: Path) -> None:
    where = (("corruption", "fog"), ("severity", "all"))
    names, _ = expand("imagenet-c", where)
    world.add(*(painted(name, 24, seed=place, noise=0.7) for place, name in enumerate(names)))
    saved = export(world, tmp_path / "saved", *names)
    live = {metric: world.score(metric, "imagenet-c", where=where).value for metric in ("mce", "top1")}
    for _ in ("with the images", "without them"):
        for metric, value in live.items():
            assert world.score(metric, "imagenet-c", saved, where=where).value == pytest.approx(value, abs=1e-12)
        world.datasets.clear()


def test_a_view_reads_its_rows_of_the_file(world: World, tmp_path: Path) -> None:
    base = world.datasets["known"]
    assert isinstance(base.pictures, Painted)  # type: ignore[attr-defined]
    rows = np.arange(7, 40)
    groups = {name: np.array(["pose", "size"])[rows % 2] for name in ("factor", "factors")}
    world.add(
        painted(
            "view",
            pixels=base.pictures.pixels[rows],
            labels=base.labels[rows],
            ids=base.ids[rows],
            groups=groups,
            base=base,
            rows=rows,
        )
    )
    found = logits_of(world.cell("top1", "known"), world.bench())
    write_predictions(tmp_path / "saved", "view", found.ids, found.values, found.labels, found.class_names, {})
    saved = parse_reference(f"predictions:{tmp_path / 'saved'}")
    where = (("factor", "pose"),)
    for metric, how in (("top1", {}), ("error_ratio", {"where": where}), ("worst_factor", {})):
        live = world.score(metric, "view", **how)
        assert world.score(metric, "view", saved, **how).value == pytest.approx(live.value, abs=1e-12)


# --- best classes -----------------------------------------------------------------------------------


def best_classes(world: World, directory: Path, confidence: bool = True) -> ModelRef:
    dataset = world.datasets["known"]
    z = logits(dataset)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p.max(axis=1) / p.sum(axis=1)
    rows = zip(dataset.ids.tolist(), z.argmax(axis=1).tolist(), p.tolist(), strict=True)
    lines = [f"{name},{label}" + (f",{share!r}" if confidence else "") for name, label, share in rows]
    directory.mkdir(parents=True, exist_ok=True)
    header = "id,predicted,confidence" if confidence else "id,predicted"
    (directory / "known.csv").write_text("\n".join([header, *lines, ""]))
    return parse_reference(f"predictions:{directory}")


def test_best_classes_tell_accuracy_confidence_and_msp(world: World, tmp_path: Path) -> None:
    saved = best_classes(world, tmp_path / "saved")
    for metric in ("top1", "mean_per_class_recall", "ece", "ece_mass"):
        assert world.score(metric, "known", saved).value == pytest.approx(world.score(metric, "known").value, abs=1e-9)


@pytest.mark.parametrize(
    ("metric", "how", "words"),
    [
        ("top5", {}, "hold only the best class: top5 needs logits"),
        ("nll", {}, "nll needs logits and a label"),
        ("brier", {}, "brier needs logits"),
        ("top1", {"where": MASK}, "a class mask needs logits or probabilities"),
        ("ece", {"options": options(temperature="fitted")}, "hold only the best class"),
    ],
)
def test_what_best_classes_cannot_tell_is_said(
    world: World, tmp_path: Path, metric: str, how: dict[str, Any], words: str
) -> None:
    assert words in world.refusal(metric, "known", best_classes(world, tmp_path / "saved"), **how)


def test_without_confidence_there_is_no_calibration(world: World, tmp_path: Path) -> None:
    saved = best_classes(world, tmp_path / "saved", confidence=False)
    assert world.score("top1", "known", saved).value == world.score("top1", "known").value
    assert "needs logits or a confidence" in world.refusal("ece", "known", saved)


# --- keys and data sets -----------------------------------------------------------------------------


def test_only_a_files_own_content_changes_its_keys(world: World, tmp_path: Path) -> None:
    saved = export(world, tmp_path / "saved", "known", "unseen")
    before = world.score("top1", "known", saved).key
    export(world, tmp_path / "saved", "shifted")
    assert world.score("top1", "known", saved).key == before
    path = tmp_path / "saved" / "known.npz"
    dataset = world.datasets["known"]
    write_predictions(path.parent, "known", dataset.ids, -logits(dataset), dataset.labels, SIX, {})
    changed = world.score("top1", "known", saved)
    assert changed.key != before
    assert changed.value < world.score("top1", "known").value


def test_no_image_and_no_model_are_touched(world: World, tmp_path: Path) -> None:
    saved = export(world, tmp_path / "saved", "known", "unseen")
    world.models.clear()
    counts = world.decodes()
    for metric, name in (("top1", "known"), ("ece", "known"), ("auroc", "unseen")):
        world.score(metric, name, saved)
    assert (world.models, world.decodes()) == ([], counts)


def test_a_data_set_that_is_not_here_is_what_the_file_says(world: World, tmp_path: Path) -> None:
    saved = export(world, tmp_path / "saved", "known")
    values = {metric: world.score(metric, "known").value for metric in ("top1", "nll")}
    world.datasets.clear()
    for metric, value in values.items():
        assert world.score(metric, "known", saved).value == pytest.approx(value, abs=1e-6)
    assert world.score("top1", "known", saved, where=(("site", "a"),)).n == 30


def test_an_unseen_set_that_is_not_here_has_no_classes(world: World, tmp_path: Path) -> None:
    world.add(painted("ninco", 45, ("fog", "mist", "rain"), seed=4, task="ood"))
    how = {"options": options(score="msp", id_dataset="known")}
    saved = export(world, tmp_path / "saved", "known")
    export(world, tmp_path / "saved", "ninco", **how)
    live = world.score("auroc", "ninco", **how)
    world.datasets.clear()
    assert world.score("auroc", "ninco", saved, **how).value == pytest.approx(live.value, abs=1e-6)
    assert "which its predictions do not tell" in world.refusal("class_auroc", "ninco", saved, **how)


def test_two_models_keep_their_own_class_order(world: World, tmp_path: Path) -> None:
    """Without the data set, each file's classes are in its own order."""
    dataset = world.datasets["known"]
    turned = np.arange(6)[::-1]
    for name, order in (("first", np.arange(6)), ("second", turned)):
        names = tuple(SIX[place] for place in order)
        labels = np.argsort(order)[dataset.labels]
        write_predictions(tmp_path / name, "known", dataset.ids, logits(dataset)[:, order], labels, names, {})
    models = [parse_reference(f"predictions:{tmp_path / name}") for name in ("first", "second")]
    live = world.score("mean_per_class_recall", "known").value
    world.datasets.clear()
    cells = [world.cell("mean_per_class_recall", "known", model) for model in models]
    found = world.bench().measure_all(cells)
    assert [getattr(found[one], "value", found[one]) for one in cells] == pytest.approx([live, live], abs=1e-12)


def test_other_samples_are_refused(world: World, tmp_path: Path) -> None:
    dataset = world.datasets["known"]
    write_predictions(tmp_path / "part", "known", dataset.ids[:30], logits(dataset)[:30], None, SIX, {})
    text = world.refusal("top1", "known", parse_reference(f"predictions:{tmp_path / 'part'}"))
    assert "no predictions on 30 of 60 samples" in text


def test_without_data_set_and_labels_there_is_no_accuracy(world: World, tmp_path: Path) -> None:
    dataset = world.datasets["known"]
    write_predictions(tmp_path / "bare", "known", dataset.ids, logits(dataset), None, SIX, {})
    bare = parse_reference(f"predictions:{tmp_path / 'bare'}")
    assert world.score("top1", "known", bare).value == world.score("top1", "known").value
    world.datasets.clear()
    assert "have no labels, and known is not here" in world.refusal("top1", "known", bare)


def test_the_best_of_finer_names_is_no_class(world: World, tmp_path: Path) -> None:
    world.add(cues())
    lines = [f"{name},blue red" for name in cues().ids.tolist()]
    (tmp_path / "fine").mkdir()
    (tmp_path / "fine" / "cues.csv").write_text("\n".join(["id,predicted", *lines, ""]))
    text = world.refusal("shape_bias", "cues", parse_reference(f"predictions:{tmp_path / 'fine'}"))
    assert "hold only the best of 6 names, which stand for other classes" in text
