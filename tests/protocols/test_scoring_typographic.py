"""Typographic attacks: the typed classes are those that the renderer drew, on the images that were encoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from colour_data import fake
from scoring_data import SIX, THREE, Painted, World, logits, make_world, painted

from robustcheck.datasets import class_sets
from robustcheck.datasets.dataset import ImageDataset
from robustcheck.models.reference import parse_reference
from robustcheck.transforms import Scene, image_rng, lettering, parse_transform, typographic

STYLES = ("one-word", "imagenet-t", "paint")


def canvas(n: int = 18, **changes: object) -> ImageDataset:
    """Return images large enough to write on."""
    flat = painted("canvas", n).pictures.pixels  # type: ignore[attr-defined]
    return painted("canvas", n, pixels=flat.repeat(28, 1).repeat(28, 2), **changes)  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, canvas())


def attacked(dataset: ImageDataset, transform: str, seed: int = 0) -> ImageDataset:
    """Return the data set with its images written on."""
    found = parse_transform(transform)
    assert found is not None
    pixels = [
        np.asarray(
            found.apply(
                dataset.image(row),
                image_rng(seed, str(dataset.ids[row])),
                Scene(str(dataset.ids[row]), int(dataset.labels[row]), dataset.class_names),
            )
        )
        for row in range(len(dataset))
    ]
    return painted("written", len(dataset), dataset.class_names, labels=dataset.labels, pixels=np.stack(pixels))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is drawn while images are prepared."""
    texts: list[str] = []

    def write(draw: object, text: str, *rest: object) -> None:
        texts.append(text.replace("\n", " "))
        lettering.write(draw, text, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(typographic, "write", write)
    return texts


@pytest.mark.parametrize("style", STYLES)
def test_success_is_the_word_that_was_drawn(world: World, written: list[str], style: str) -> None:
    found = world.score("attack_success", "canvas", transform=f"typographic:{style}")
    drawn = written[:: 8 if style == "imagenet-t" else 1]
    assert len(drawn) == 18
    dataset = world.datasets["canvas"]
    typed = np.array([SIX.index(word) for word in drawn])
    assert (typed != dataset.labels).all()
    predicted = logits(attacked(dataset, f"typographic:{style}")).argmax(axis=1)  # type: ignore[arg-type]
    assert found.samples is not None
    assert found.samples.scores.tolist() == (predicted == typed).tolist()
    assert found.value == (predicted == typed).mean()


def test_the_seed_decides_the_words(world: World, written: list[str]) -> None:
    keys = set()
    for seed in (0, 1):
        found = world.score("attack_success", "canvas", transform="typographic:one-word", seed=seed)
        typed = np.array([SIX.index(word) for word in written])
        predicted = logits(attacked(world.datasets["canvas"], "typographic:one-word", seed)).argmax(axis=1)  # type: ignore[arg-type]
        assert found.value == (predicted == typed[:18]).mean()
        keys.add((found.key, tuple(typed[:18].tolist())))
        written.clear()
    assert len(keys) == 2


@pytest.mark.parametrize("transform", ["typographic:one-word", "typographic_blank:imagenet-t", "gaussian_noise:5"])
def test_the_drop_is_image_by_image(world: World, transform: str) -> None:
    dataset = world.datasets["canvas"]
    clean = logits(dataset).argmax(axis=1) == dataset.labels
    after = logits(attacked(dataset, transform)).argmax(axis=1) == dataset.labels  # type: ignore[arg-type]
    found = world.score("accuracy_drop", "canvas", transform=transform)
    assert found.samples is not None
    assert found.samples.scores.tolist() == (clean.astype(float) - after).tolist()
    assert found.value == pytest.approx(clean.mean() - after.mean(), abs=1e-12)
    accuracies = [world.score("top1", "canvas", transform=change).value for change in (None, transform)]
    assert found.value == pytest.approx(accuracies[0] - accuracies[1], abs=1e-12)


def test_a_mask_leaves_out_typed_words_that_are_not_kept(world: World, written: list[str]) -> None:
    inside = class_sets.class_set_indices("imagenet-a")
    outside = np.setdiff1d(np.arange(1000), inside)
    columns = np.array([inside[0], outside[0], inside[1], outside[1], inside[2], outside[2]])
    world.add(canvas(columns=columns))
    mask = (("classes", "imagenet-a"),)
    found = world.score("attack_success", "canvas", transform="typographic:one-word", where=mask)
    dataset, kept = world.datasets["canvas"], np.array([0, 2, 4])
    typed = np.array([SIX.index(word) for word in written[:18]])
    z = logits(attacked(dataset, "typographic:one-word"))  # type: ignore[arg-type]
    rows = np.isin(dataset.labels, kept)
    assert found.value == (kept[z[rows][:, kept].argmax(axis=1)] == typed[rows]).mean()


def test_a_view_has_the_words_of_its_bases_images(world: World, written: list[str]) -> None:
    """A view of some images, with classes of its own, shows what was drawn for the whole set's classes."""
    base = canvas()
    rows = np.array([4, 1, 9, 12])
    names = (*reversed(SIX), "grey")
    view = painted(
        "part", 4, names, labels=np.array([SIX[::-1].index(SIX[label]) for label in base.labels[rows]]),
        pixels=base.pictures.pixels[rows], ids=base.ids[rows], base=base, rows=rows,  # type: ignore[attr-defined]
    )  # fmt: skip
    world.add(base, view)
    found = world.score("attack_success", "part", transform="typographic:one-word")
    assert len(written) == 18
    z = logits(attacked(base, "typographic:one-word"), names)[rows]
    predicted = np.array(names)[z.argmax(axis=1)]
    assert found.value == (predicted == np.array(written[:18])[rows]).mean()
    assert isinstance(view.pictures, Painted)
    assert view.pictures.decoded == []


def test_real_sets_tell_what_is_written(world: World) -> None:
    typed = np.array([("blue", "", "sky", "red")[row % 4] for row in range(36)])
    world.add(painted("real", 36, THREE, task="typographic", groups={"typed": typed}))
    dataset = world.datasets["real"]
    predicted = np.array(THREE)[logits(dataset).argmax(axis=1)]
    found = world.score("attack_success", "real")
    # A word that is no class, and no word at all, are never predicted.
    assert found.value == (predicted == typed).mean() > 0
    sliced = world.score("attack_success", "real", where=(("typed", "red"),))
    assert sliced.value == (predicted[3::4] == "red").mean()
    assert world.score("top1", "real").n == 36


def test_what_cannot_be_asked_is_refused(world: World) -> None:
    world.add(painted("unseen", task="ood", id_dataset="known"))
    assert "nothing is written on these images" in world.refusal("attack_success", "canvas")
    text = world.refusal("attack_success", "canvas", transform="typographic_blank:one-word")
    assert "nothing is written" in text
    assert "compares transformed images" in world.refusal("accuracy_drop", "canvas")
    assert "means nothing on an ood data set" in world.refusal("accuracy_drop", "unseen", transform="contrast:1")
    assert world.score("accuracy_drop", "canvas", fake(), transform="contrast:1").n == 18


def test_saved_outputs_of_the_attacked_images_are_paired_by_id(tmp_path: Path) -> None:
    ids, labels = np.array([f"{row}.jpg" for row in range(4)]), np.array([0, 0, 1, 1])
    order = np.array([3, 0, 2, 1])
    facts = {"labels": labels, "class_names": np.array(["cat", "dog"])}
    np.savez(tmp_path / "mine.npz", ids=ids, predicted=np.array([0, 0, 1, 0]), **facts)
    turned = {**facts, "labels": labels[order], "predicted": np.array([1, 0, 1, 1])[order]}
    np.savez(tmp_path / "mine@typographic-one-word.npz", ids=ids[order], **turned)
    model = parse_reference(f"predictions:{tmp_path}")
    found = make_world(tmp_path).score("accuracy_drop", "mine", model, transform="typographic:one-word")
    assert found.value == 0
    assert found.samples is not None
    assert dict(zip(found.samples.ids.tolist(), (found.samples.scores).tolist(), strict=True)) == {
        "0.jpg": 1.0,
        "1.jpg": 0.0,
        "2.jpg": 0.0,
        "3.jpg": -1.0,
    }
