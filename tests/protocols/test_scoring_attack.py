"""Attacks as metrics, on the models and shapes that ship: what is asked, what is told, what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from scoring_data import World, fake, make_world, options, painted

from robustcheck.datasets import open_dataset
from robustcheck.errors import ModelError, RobustcheckError
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.measure.reading import Batch
from robustcheck.models.encoders import load_model
from robustcheck.models.reference import parse_reference
from robustcheck.outputs.logits import TextHead, text_weights
from robustcheck.protocols.attack import readings
from robustcheck.protocols.attack.attacks import Asked
from robustcheck.protocols.attack.readings import Attacked, Setup, Smallest, Trial
from robustcheck.protocols.attack.victims import Answers
from robustcheck.protocols.scoring import choose_images
from robustcheck.run.job_file import plan_job_file
from robustcheck.run.work import do_lines
from robustcheck.values import PAIRING_REMARK, Cell, ModelRef, Quantity, Score

ZOO = parse_reference("zoo:vit-plain-100")
FEW = {"images": 12}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> MeasureSettings:
    return MeasureSettings(store=tmp_path_factory.mktemp("store"), device="cpu", batch_size=8)


def find(settings: MeasureSettings, metric: str, model: ModelRef = ZOO, where: Any = (), **asked: object) -> Any:
    """Return the score with its samples, which a stored score is without, or the error."""
    quantity = Quantity(metric, "shapes", where=where, options=tuple(sorted(options(**{**FEW, **asked}))))
    bench, cell = Bench(settings), Cell(model, quantity)
    found = bench.measure(cell)
    return replace(found, samples=bench.samples(cell)) if isinstance(found, Score) else found


def score(settings: MeasureSettings, metric: str, **asked: Any) -> Score:
    found = find(settings, metric, **asked)
    assert isinstance(found, Score), found
    return found


def told(found: Score, name: str) -> str:
    return dict(found.provenance)[name]


def refusal(settings: MeasureSettings, metric: str = "robust_accuracy", **asked: Any) -> str:
    found = find(settings, metric, **asked)
    assert isinstance(found, RobustcheckError), found
    return str(found)


# --- robust accuracy -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    """A network of timm with eight outputs and random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = timm.create_model("test_vit", num_classes=8)
    path = tmp_path_factory.mktemp("weights") / "eight.safetensors"
    save_file(model.state_dict(), path)
    return parse_reference(f"timm:test_vit@{path}")


def test_at_eps_0_an_attacked_image_is_the_image(tmp_path: Path, classifier: ModelRef) -> None:
    names = ("red", "green", "blue", "red green", "green blue", "blue red", "dark", "light")
    world = make_world(tmp_path, painted("known", 16, names))
    for model in (ZOO, classifier):
        found = world.score("robust_accuracy", "known", model, options=options(attack="fgsm", eps="0", images="0"))
        plain = world.score("top1", "known", model)
        assert found.samples is not None
        assert plain.samples is not None
        assert 0 < found.value < 1
        assert found.samples.scores.tolist() == plain.samples.scores.tolist()
        assert found.samples.ids.tolist() == plain.samples.ids.tolist()
        # That a classifier's outputs have no names is said of an attack too.
        remarks = [dict(each.provenance).get(PAIRING_REMARK) for each in (found, plain)]
        assert remarks[0] == remarks[1]
        assert (remarks[0] is None) == (model is ZOO)


def test_a_worker_of_a_job_array_leaves_what_is_said_of_the_outputs(tmp_path: Path, classifier: ModelRef) -> None:
    names = ("a", "b", "c", "d", "e", "f", "g", "h")
    alone, array = (make_world(tmp_path / name, painted("known", 16, names)) for name in ("alone", "array"))
    asked = {"options": options(attack="fgsm", eps="0", images="0")}
    jobs = plan_job_file(array.bench(), [array.cell("robust_accuracy", "known", classifier, **asked)], 4096)
    done = do_lines(array.bench(), jobs.header, jobs.lines)
    assert (done.chunks, done.errors, len(array.models)) == (1, [], 1)
    found = array.score("robust_accuracy", "known", classifier, **asked)
    assert len(array.models) == 1, "scoring loads no model"
    expected = alone.score("robust_accuracy", "known", classifier, **asked)
    assert dict(found.provenance)[PAIRING_REMARK] == dict(expected.provenance)[PAIRING_REMARK]


def test_a_worker_says_what_cannot_be_paired(tmp_path: Path, classifier: ModelRef) -> None:
    world = make_world(tmp_path, painted("known", 16, ("a", "b", "c")))
    asked = {"options": options(attack="fgsm", eps="0", images="0")}
    cells = [world.cell("robust_accuracy", "known", model, **asked) for model in (classifier, ZOO)]
    jobs = plan_job_file(world.bench(), cells, 4096)
    done = do_lines(world.bench(), jobs.header, jobs.lines)
    assert any("eight.safetensors" in str(error) for error in done.errors), done.errors


def test_several_sizes_are_one_pass_and_one_of_them_is_the_value(settings: MeasureSettings) -> None:
    asked = {"attack": "bim", "eps": "1/255 4/255 8/255"}
    largest, middle = (
        score(settings, "robust_accuracy", **asked),
        score(settings, "robust_accuracy", at="4/255", **asked),
    )
    assert largest.value < middle.value
    assert told(largest, "robust accuracy by eps") == told(middle, "robust accuracy by eps")
    assert f"{middle.value:.1%} at 4/255" in told(middle, "robust accuracy by eps")
    assert len({largest.key, middle.key}) == 2
    quantity = [found.cell.quantity for found in (largest, middle)]
    bench = Bench(settings)
    outputs = {bench.recipes(Cell(ZOO, each))[0].outputs.key for each in quantity}
    assert len(outputs) == 1
    assert "at 2/255 is none of eps" in refusal(settings, at="2/255", **asked)


def test_the_images_are_chosen_by_seed_and_named(settings: MeasureSettings) -> None:
    first, again, other = (
        score(settings, "robust_accuracy", attack="fgsm", eps="2/255", seed=seed) for seed in (0, 0, 1)
    )
    assert first.samples is not None
    assert other.samples is not None
    assert first.key == again.key != other.key
    assert first.samples.ids.tolist() == sorted(first.samples.ids.tolist())
    assert set(first.samples.ids.tolist()) != set(other.samples.ids.tolist())
    assert told(first, "images attacked") == "12 of 800, chosen with seed 0"


def test_so_many_images_are_drawn_from_the_rows_that_are_asked_for() -> None:
    rows = np.arange(0, 100, 5)
    drawn = choose_images(rows, 7, 3)
    assert len(set(drawn.tolist())) == 7
    assert set(drawn.tolist()) <= set(rows.tolist())
    for count in (0, 20, 50):
        np.testing.assert_array_equal(choose_images(rows, count, 3), rows)


def test_a_slice_is_attacked_by_itself(settings: MeasureSettings) -> None:
    found = score(settings, "robust_accuracy", where=(("factor", "texture"),), attack="fgsm", eps="1/255", images=5)
    assert found.samples is not None
    dataset = open_dataset("shapes", ())
    of_texture = set(dataset.ids[dataset.groups["factor"] == "texture"].tolist())
    assert found.n == 5
    assert set(found.samples.ids.tolist()) <= of_texture


def test_what_decides_a_result_is_in_its_key(settings: MeasureSettings) -> None:
    base: dict[str, Any] = {"attack": "pgd", "steps": 3, "restarts": 1}
    changes: list[dict[str, Any]] = [
        {}, {"attack": "apgd-ce"}, {"eps": "4/255"}, {"norm": "l2"}, {"space": "roz"}, {"steps": 4}, {"step": 0.5},
        {"restarts": 2}, {"loss": "dlr"}, {"loss_scale": 0.1}, {"seed": 5}, {"images": 11},
        {"substitute": "zoo:cnn-plain-100"}, {"substitute": "zoo:cnn-plain-1000"},
    ]  # fmt: skip
    bench = Bench(settings)
    keys = []
    for change in changes:
        given = tuple(sorted(options(**{**FEW, **base, **change})))
        keys.append(bench.recipes(Cell(ZOO, Quantity("robust_accuracy", "shapes", options=given)))[0].outputs.key)
    assert len(set(keys)) == len(changes)
    same = tuple(sorted(options(**FEW, **base, eps="16/510", loss="ce")))
    assert bench.recipes(Cell(ZOO, Quantity("robust_accuracy", "shapes", options=same)))[0].outputs.key == keys[0]


def test_an_attack_by_transfer_climbs_the_substitute(settings: MeasureSettings, classifier: ModelRef) -> None:
    """From the model itself it is as good as a white box; from another it finds less."""
    white, own, other = (
        score(settings, "robust_accuracy", attack="fgsm", eps="4/255", **more)
        for more in ({}, {"substitute": ZOO.text}, {"substitute": "zoo:resnet-plain-1000"})
    )
    assert white.value == own.value < other.value
    # A classifier of another input size sees the same images resized.
    through = score(settings, "robust_accuracy", attack="fgsm", eps="4/255", substitute=classifier.text)
    assert through.value >= white.value


def test_the_released_codes_space_moves_images_less(settings: MeasureSettings) -> None:
    pixel, roz = (
        score(settings, "robust_accuracy", attack="bim", eps="6/255", space=space) for space in ("pixel", "roz")
    )
    assert roz.value > pixel.value


def test_fewer_classes_compete_where_a_slice_says_so(tmp_path: Path) -> None:
    """With `classes`, logits are cut down before the attack, and labels counted among those that are left."""
    from robustcheck.datasets import class_sets

    columns = np.array([*class_sets.class_set_indices("imagenet-a")[:3], 0, 2, 3])
    world: World = make_world(tmp_path, painted("known", 24, columns=columns))
    asked = options(attack="fgsm", eps="0", images="0")
    kept = world.score("robust_accuracy", "known", ZOO, where=(("classes", "imagenet-a"),), options=asked)
    plain = world.score("top1", "known", ZOO, where=(("classes", "imagenet-a"),))
    assert kept.samples is not None
    assert plain.samples is not None
    assert kept.n == 12
    assert kept.samples.scores.tolist() == plain.samples.scores.tolist()


def test_names_that_stand_for_one_class_are_merged_before_the_attack(tmp_path: Path) -> None:
    from robustcheck.datasets import Vocabulary

    for merge in ("max", "mean_probability"):
        names = ("red", "green", "blue", "yellow", "dark red")
        members = (np.array([0, 4]), np.array([1]), np.array([2, 3]))
        vocabulary = Vocabulary(names, members, merge)  # type: ignore[arg-type]
        world = make_world(tmp_path / merge, painted("merged", 20, ("red", "green", "blue"), vocabulary=vocabulary))
        asked = options(attack="fgsm", eps="0", images="0")
        found, plain = world.score("robust_accuracy", "merged", ZOO, options=asked), world.score("top1", "merged", ZOO)
        assert found.samples is not None
        assert plain.samples is not None
        assert found.samples.scores.tolist() == plain.samples.scores.tolist()


def test_what_makes_no_sense_is_refused(settings: MeasureSettings, tmp_path: Path) -> None:
    assert "deepfool has no form that attacks by transfer" in refusal(
        settings, attack="deepfool", substitute="zoo:cnn-plain-100"
    )
    assert "moves pixels between 0 and 1 only" in refusal(settings, attack="autoattack", space="roz")
    assert "needs a model that has gradients" in refusal(settings, model=fake())
    assert "the substitute fake" in refusal(settings, attack="fgsm", substitute="fake:zero-shot@a")
    assert "is of the model itself" in refusal(settings, "masking_gap", attack="bim", substitute=ZOO.text)
    for asked, why in (
        ({"attack": "fgsm", "steps": 5}, "fgsm takes no steps"),
        ({"attack": "bim", "restarts": 5}, "bim takes no restarts"),
        ({"attack": "apgd-t", "loss": "dlr", "loss_scale": 0.1}, "apgd-t takes no loss"),
        ({"attack": "autoattack", "steps": 5}, "autoattack takes no steps"),
        ({"attack": "pgd", "queries": 20}, "pgd takes no queries"),
        ({"attack": "nes", "queries": 21}, "21 queries"),
        ({"attack": "pgd", "eps": "8"}, "eps 8 is more than the whole range of a pixel, 0 to 1"),
        ({"attack": "bim", "eps": "1/255 4", "space": "roz"}, "eps 4 is more than the whole range of a pixel"),
        # The zoo sees 32 x 32 pixels: from black to white is a change of sqrt(3 x 32 x 32).
        ({"attack": "bim", "norm": "l2", "eps": "56"}, "eps 56 in l2 is more than the largest change of an image"),
    ):
        assert why in refusal(settings, **asked)
    assert "among 0 alone" in refusal(settings, "median_min_eps", attack="bim", eps="0")
    three = make_world(tmp_path, painted("three", 9, ("red", "green", "blue")))
    assert "apgd-t on 3 classes" in three.refusal("robust_accuracy", "three", ZOO, options=options(attack="apgd-t"))
    other = painted("other", 9, ("red", "green", "blue"))
    shown = replace(other, name="shown", labels=(other.labels + 1) % 3, base=other, rows=np.arange(9))
    world = make_world(tmp_path / "view", other, shown)
    asked = options(attack="fgsm")
    assert "cannot be told the classes of shown" in world.refusal("robust_accuracy", "shown", ZOO, options=asked)


def test_an_attack_that_leaves_its_ball_is_an_error_and_not_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = readings.move_images
    monkeypatch.setattr(readings, "move_images", lambda attempt, how: honest(attempt, how) + 1e-3)
    fresh = MeasureSettings(store=tmp_path, device="cpu")
    assert "the attack fgsm left its ball by 0.001" in refusal(fresh, attack="fgsm", eps="2/255", images=3)


def test_a_run_in_another_precision_says_that_attacks_are_in_float32(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"attack": "fgsm", "eps": "2/255", "images": 4}
    half, full = (
        score(MeasureSettings(store=tmp_path / name, device="cpu", precision=name), "robust_accuracy", **asked)
        for name in ("bf16", "fp32")
    )
    assert told(half, "attacked in") == "float32, though the run is in bf16"
    assert "attacked in" not in dict(full.provenance)


def test_what_cosines_are_multiplied_with_is_told_where_it_flattens_the_loss(settings: MeasureSettings) -> None:
    asked: dict[str, Any] = {"attack": "pgd", "eps": "2/255", "images": 4, "steps": 2}
    scale = load_model(ZOO, "cpu").logit_scale  # type: ignore[attr-defined]
    assert told(score(settings, "robust_accuracy", **asked), "logit scale in the loss") == f"{scale:.3g}"
    steep = score(settings, "robust_accuracy", loss_scale=10, **asked)
    assert told(steep, "logit scale in the loss") == f"{10 * scale:.3g}"
    assert f"cosines times {10 * scale:.3g}: cross-entropy is nearly flat" in told(steep, "masked gradients")
    for other in ({"loss": "dlr"}, {"attack": "deepfool"}, {"attack": "apgd-t"}):
        assert "logit scale in the loss" not in dict(
            score(settings, "robust_accuracy", **{**asked, **other}).provenance
        )


# --- the smallest eps ------------------------------------------------------------------------------------


def test_the_smallest_eps_is_where_robust_accuracy_ends(settings: MeasureSettings) -> None:
    grid = "1 2 4 8 16".replace(" ", "/255 ") + "/255"
    swept = score(settings, "median_min_eps", attack="fgsm", eps=grid)
    assert swept.samples is not None
    sizes = [0.0, *(float(size) / 255 for size in (1, 2, 4, 8, 16)), 24 / 255]
    assert set(np.round(swept.samples.scores, 9)) <= set(np.round(sizes, 9))
    assert swept.value == np.sort(swept.samples.scores)[5]
    assert told(swept, "untouched") == f"{(swept.samples.scores > 0).mean():.1%}"
    for size in ("1/255", "4/255"):
        robust = score(settings, "robust_accuracy", attack="fgsm", eps=size)
        assert robust.samples is not None
        # FGSM need not go on succeeding as eps grows, so the first success bounds it from one side.
        assert robust.value >= (swept.samples.scores > float(eval_fraction(size)) + 1e-9).mean()


def eval_fraction(text: str) -> float:
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom)


def test_halving_the_grid_finds_the_same_where_success_goes_on(settings: MeasureSettings) -> None:
    grid = "1..7/255"
    scanned, halved = (
        score(settings, "median_min_eps", attack="bim", eps=grid, search=search) for search in ("scan", "bisect")
    )
    assert scanned.samples is not None
    assert halved.samples is not None
    assert (scanned.samples.scores <= halved.samples.scores + 1e-12).all()
    np.testing.assert_allclose(scanned.samples.scores, halved.samples.scores, atol=1 / 255 + 1e-9)
    assert "tried from below" in told(scanned, "grid")
    assert "halved" in told(halved, "grid")


def test_what_is_not_found_counts_as_one_place_beyond_the_grid(settings: MeasureSettings) -> None:
    found = score(settings, "median_min_eps", attack="fgsm", eps="1..3/10000")
    assert found.samples is not None
    assert found.samples.scores.max() == pytest.approx(4e-4)
    beyond = int((found.samples.scores > 3.5e-4).sum())
    assert told(found, "not found") == f"{beyond} of 12, counted as 0.0004"


def test_deepfool_needs_no_grid_and_agrees_with_itself(settings: MeasureSettings) -> None:
    found = score(settings, "median_min_eps", attack="deepfool", eps="1..80/1000")
    assert found.samples is not None
    distances = np.sort(found.samples.scores)
    assert len(set(distances)) > 5
    eps = float(distances[8])
    robust = score(settings, "robust_accuracy", attack="deepfool", eps=repr(eps + 1e-6))
    assert robust.value == pytest.approx((distances > eps + 1e-6).mean())


def test_the_grids_are_the_papers(settings: MeasureSettings) -> None:
    def grid(**asked: Any) -> tuple[int, str, bool]:
        given = tuple(sorted(options(**asked)))
        (recipe,) = Bench(settings).recipes(Cell(ZOO, Quantity("median_min_eps", "shapes", options=given)))
        assert isinstance(recipe.reading, Smallest)
        return len(recipe.reading.grid), str(recipe.reading.grid[-1]), recipe.reading.asked.is_search

    assert grid(attack="bim") == (9, "9/1000", True)
    assert grid(attack="nes") == (10, "1/100", True)
    assert grid(attack="spsa") == (30, "3/100", True)
    assert grid(attack="fgsm", substitute="zoo:cnn-plain-100") == (100, "1/10", True)
    assert grid(attack="mim", substitute="zoo:cnn-plain-100") == (600, "3/5", True)


# --- masked gradients ------------------------------------------------------------------------------------


class Steep(torch.nn.Module):
    """Two classes by mean brightness, so steeply that float32 cross-entropy is flat almost everywhere."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        gap = self.scale * (images.mean(dim=(1, 2, 3)) - 0.5)
        return torch.stack([gap, -gap], dim=1)


def steep(scale: float) -> Any:
    from robustcheck.models.geometry import UNCHANGED, WHOLE
    from robustcheck.models.torch_models import Classifier

    class Brightness(Classifier):
        patch_side = None

        def _feature_map(self, images: torch.Tensor) -> torch.Tensor:
            return images

        def _last_features(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1)

    return Brightness(Steep(scale), WHOLE, UNCHANGED, torch.device("cpu"), "fp32", 2)


def rows_of(scale: float, *runs: Trial) -> np.ndarray:
    crops = [np.full((4, 4, 3), value, dtype=np.uint8) for value in (140, 120, 131)]
    batch = Batch(crops, ["a", "b", "c"], [0, 1, 0])
    return Attacked(runs, Setup("linf", "pixel", Answers(), "cpu")).take(steep(scale), batch)


def test_a_flat_loss_is_noticed_and_a_scale_in_the_loss_undoes_it() -> None:
    eps, asked = Fraction(20, 255), Asked("bim", steps=10)
    gentle = rows_of(10, Trial(eps, asked))
    assert gentle[:, 0, 2].tolist() == [0, 0, 0]
    assert gentle[:, 1, 0].tolist() == [1, 0, 1]
    masked = rows_of(
        1e5, Trial(eps, asked), Trial(eps, asked, loss_scale=1e-4), Trial(eps, replace(asked, loss="margin"))
    )
    assert masked[:, 0, 2].tolist() == [1, 1, 1]
    assert masked[:, 1, 0].tolist() == [0, 1, 0]
    assert masked[:, 2, 0].tolist() == masked[:, 3, 0].tolist() == [1, 0, 1]
    np.testing.assert_allclose(masked[:, 2, 2], 20 / 255, atol=20 / 255)


def test_the_masking_gap_counts_what_only_another_way_of_attacking_finds(settings: MeasureSettings) -> None:
    asked: dict[str, Any] = {"eps": "6/255", "images": 6, "steps": 6, "queries": 10}
    weak = score(settings, "masking_gap", attack="fgsm", step=0.05, **asked)
    strong = score(settings, "masking_gap", attack="pgd", **asked)
    assert weak.value > strong.value
    assert told(weak, "robust accuracy by way of attacking").count("%") == 8
    robust = score(settings, "robust_accuracy", attack="fgsm", eps="6/255", step=0.05, images=6)
    assert told(weak, "robust accuracy by way of attacking").startswith(f"as asked {robust.value:.1%}")


def test_apgd_weakens_at_a_large_scale_of_the_logits_and_the_sweep_finds_it(settings: MeasureSettings) -> None:
    asked: dict[str, Any] = {"attack": "apgd-ce", "eps": "2/255", "images": 10, "steps": 8, "queries": 2}
    weak = score(settings, "masking_gap", model=parse_reference("zoo:cnn-plain-1000"), loss_scale=20, **asked)
    assert weak.value > 0
    (note,) = weak.cautions
    assert note.startswith(f"other ways of attacking fool {round(10 * weak.value)} of the ")
    # Other step sizes climb the same flat loss: it is the scale that masks, not they.
    text = told(weak, "robust accuracy by way of attacking")
    shares = {name.strip(): float(share) for name, share in re.findall(r"([^;,%]+) ([\d.]+)%", text)}
    assert shares["logits x 0.1"] < shares["as asked"] == shares["step x 4"]


def test_a_rise_with_eps_is_told(settings: MeasureSettings) -> None:
    """A long step goes past what a short one finds: half a pixel's range makes another picture of it."""
    found = score(settings, "robust_accuracy", model=parse_reference("zoo:cnn-augmented-1000"), attack="fgsm",
                  eps="1/255 4/255 16/255 120/255 200/255", images=30)  # fmt: skip
    shares = [float(text.split("%")[0]) for text in told(found, "robust accuracy by eps").split(", ")]
    rises = [after > before for before, after in pairwise(shares)]
    assert any(rises) == ("masked gradients" in dict(found.provenance))
    assert any(rises)


# --- the reading -------------------------------------------------------------------------------------------


def test_rows_do_not_depend_on_the_neighbours_in_a_batch() -> None:
    dataset, model = open_dataset("shapes", ()), load_model(ZOO, "cpu")
    weights = text_weights(model.encode_texts, [(f"a photo of a {name}.",) for name in dataset.class_names])  # type: ignore[attr-defined]
    head = TextHead(weights, model.logit_scale, model.logit_bias)  # type: ignore[attr-defined]
    crops = [model.geometry.crop(dataset.image(row)) for row in range(5)]
    reading = Attacked(
        (Trial(Fraction(2, 255), Asked("pgd", steps=5, restarts=2)),), Setup("linf", "pixel", Answers(), "cpu")
    )
    whole = reading.take(model, Batch(crops, dataset.ids[:5].tolist(), dataset.labels[:5].tolist(), (head,)))
    alone = reading.take(model, Batch(crops[3:4], dataset.ids[3:4].tolist(), dataset.labels[3:4].tolist(), (head,)))
    np.testing.assert_allclose(alone[0], whole[3], atol=2e-3)


def test_a_model_that_torch_does_not_run_is_an_error() -> None:
    reading = Attacked((), Setup("linf", "pixel", Answers(), "cpu"))
    with pytest.raises(ModelError, match="need a model that torch runs on pixels"):
        reading.take(load_model(fake()), Batch([], [], []))
