"""The zoo that ships: it loads with open_clip alone and is what its tables say."""

from __future__ import annotations

import csv
import functools
import importlib
import itertools
import json
import logging
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import load_file

from robustcheck.datasets import Dataset, open_dataset
from robustcheck.datasets.digits import CLASS_NAMES, TEMPLATES, open_digits
from robustcheck.datasets.shapes.attributes import FACTORS, UNSEEN
from robustcheck.models.zoo_kind import ANSWERING

ROOT = Path(__file__).parents[2]
ZOO = ROOT / "robustcheck" / "zoo"
POPULATIONS = ROOT / "robustcheck" / "populations"
FILES = {"open_clip_config.json", "open_clip_model.safetensors", "tokenizer.json", "tokenizer_config.json"}


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = {row["name"]: row for row in _table(ZOO / "zoo.csv")}
SHAPES_ROWS = {row["name"]: row for row in _table(ZOO / "shapes.csv")}


@pytest.fixture
def train_zoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield importlib.import_module("train_zoo")
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
    logging.disable(logging.NOTSET)


def _copied(name: str, tmp_path: Path) -> str:
    return f"local-dir:{shutil.copytree(ZOO / name, tmp_path / 'elsewhere' / name)}"


def test_the_zoo_has_every_combination_of_its_facets() -> None:
    facets = {(row["architecture"], row["source"], row["samples"]) for row in ROWS.values()}
    assert facets == set(itertools.product(("vit", "resnet", "cnn"), ("plain", "augmented"), ("100", "1000")))
    assert len(ROWS) == 12
    assert all(value for row in ROWS.values() for value in row.values())
    assert {row["family"] for row in ROWS.values()} == {"clip"}


def test_each_row_has_a_directory_and_each_directory_a_row() -> None:
    directories = {path.name: {file.name for file in path.iterdir()} for path in ZOO.iterdir() if path.is_dir()}
    del directories[ANSWERING]
    assert directories == dict.fromkeys(ROWS, FILES)


def test_the_zoo_is_small() -> None:
    assert sum(path.stat().st_size for path in ZOO.rglob("*")) <= 10_000_000


def test_held_out_accuracy_is_spread_for_a_trend() -> None:
    values = sorted(int(row["holdout_correct"]) / int(row["holdout_n"]) for row in ROWS.values())
    assert 0.5 < values[0] < 0.65
    assert values[-1] > 0.97
    assert max(np.diff(values)) < 0.15


def test_accuracy_on_shapes_is_spread_for_a_trend() -> None:
    assert list(SHAPES_ROWS) == list(ROWS)
    values = sorted(int(row["shapes_correct"]) / int(row["shapes_n"]) for row in SHAPES_ROWS.values())
    assert values[0] > 0.3
    assert values[-1] - values[0] > 0.2
    assert max(np.diff(values)) < 0.15


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", ROWS)
def test_a_copy_loads_with_open_clip_alone(name: str, tmp_path: Path) -> None:
    model, _, transform = open_clip.create_model_and_transforms(_copied(name, tmp_path), require_pretrained=True)
    state = load_file(ZOO / name / "open_clip_model.safetensors")
    assert all(torch.equal(state[key], value) for key, value in model.state_dict().items())
    assert sum(parameter.numel() for parameter in model.parameters()) == int(ROWS[name]["params"])
    assert tuple(transform(open_digits().image(0)).shape) == (3, 32, 32)


@pytest.mark.usefixtures("no_network")
def test_the_tokenizer_of_a_copy_tells_every_caption_apart(tmp_path: Path) -> None:
    tokenizer = open_clip.get_tokenizer(_copied("vit-plain-100", tmp_path))
    tokens = tokenizer([template.format(c=name) for template in TEMPLATES for name in CLASS_NAMES])
    assert tokens.shape == (len(TEMPLATES) * len(CLASS_NAMES), 16)
    assert len(torch.unique(tokens, dim=0)) == len(tokens)
    assert not (tokens == tokenizer.tokenizer.unk_token_id).any()


@pytest.mark.usefixtures("no_network")
def test_the_tokenizer_knows_every_word_that_a_drawn_set_asks_for(tmp_path: Path) -> None:
    tokenizer = open_clip.get_tokenizer(_copied("cnn-plain-100", tmp_path))
    captions, vocabulary = (
        open_dataset("shapes-captions", ()).captions,
        open_dataset("shapes-cue-conflict", ()).vocabulary,
    )
    assert captions is not None
    assert vocabulary is not None
    imagenet = [template("star") for template in open_clip.OPENAI_IMAGENET_TEMPLATES]
    tokens = tokenizer([*captions.texts, *vocabulary.names, *UNSEEN, *imagenet])
    assert not (tokens == tokenizer.tokenizer.unk_token_id).any()
    assert (tokens[:, -1] == tokenizer.tokenizer.pad_token_id).all()  # none was cut off


def test_the_end_token_is_the_highest_because_open_clip_pools_there(tmp_path: Path) -> None:
    tokenizer = open_clip.get_tokenizer(_copied("vit-plain-100", tmp_path))
    ended = tokenizer(["three", "A Photo of a ZEBRA", "three " * 40])
    assert (ended.max(dim=1).values == tokenizer.tokenizer.eos_token_id).all()
    config = json.loads((ZOO / "vit-plain-100" / "open_clip_config.json").read_text(encoding="utf-8"))
    assert config["model_cfg"]["text_cfg"]["vocab_size"] == tokenizer.tokenizer.eos_token_id + 1


@pytest.mark.parametrize("name", ["vit-plain-100", "resnet-augmented-1000", "cnn-plain-1000"])
@pytest.mark.parametrize(("dataset", "row", "column"), [("digits", ROWS, "holdout"), ("shapes", SHAPES_ROWS, "shapes")])
def test_accuracy_is_the_recorded_one(name: str, dataset: str, row: Any, column: str, tmp_path: Path) -> None:
    location = _copied(name, tmp_path)
    model, _, transform = open_clip.create_model_and_transforms(location, require_pretrained=True)
    tokenizer = open_clip.get_tokenizer(location)
    correct = _count_correct(model.eval(), transform, tokenizer, open_dataset(dataset, ()))
    assert abs(correct - int(row[name][f"{column}_correct"])) <= 2  # other CPUs round differently


@torch.inference_mode()
def _count_correct(model: Any, transform: Any, tokenizer: Any, held_out: Dataset) -> int:
    """Score held-out images in numpy, one class and one definition at a time."""
    pixels = torch.stack([transform(held_out.image(index)) for index in range(len(held_out))])
    images = model.encode_image(pixels).double().numpy()
    heads = []
    for name in held_out.class_names:
        texts = model.encode_text(tokenizer([template.format(c=name) for template in held_out.templates]))
        head = np.mean([text / np.linalg.norm(text) for text in texts.double().numpy()], axis=0)
        heads.append(head / np.linalg.norm(head))
    return int(np.sum(np.argmax(images @ np.array(heads).T, axis=1) == held_out.labels))


def test_the_loss_leaves_out_captions_that_are_true_by_chance(train_zoo: ModuleType) -> None:
    features = torch.nn.functional.normalize(torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    own = torch.eye(3, dtype=torch.bool)
    shared = own.clone()
    shared[0, 1] = shared[1, 0] = True
    scale = torch.tensor(5.0)
    logits = (5 * features @ features.T).double().numpy()
    for matches in (own, shared):
        kept = np.where(matches.numpy() & ~own.numpy(), 0, np.exp(logits))
        naive = -np.mean([np.log(kept[i, i] / kept[i].sum()) for i in range(3)])
        found = float(train_zoo.matching_loss(features, features, scale, matches))
        assert found == pytest.approx(naive, rel=1e-5)


def test_a_batch_marks_what_is_true_of_each_image(train_zoo: ModuleType) -> None:
    pairs = train_zoo.training_pairs(100, repainted=False)
    batch = train_zoo.draw_batch(*pairs, (10, 30), torch.Generator().manual_seed(1))
    assert batch.pixels.shape == (40, 3, 32, 32)
    assert batch.matches.diagonal().all()
    assert not batch.matches[:10, 10:].any()
    assert not batch.matches[10:, :10].any()
    assert 40 < batch.matches.sum() < 400
    assert not any("{" in caption for caption in batch.captions)


def test_training_repeats_itself_for_a_seed(
    train_zoo: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The images to train on are the same whatever the seed: they are drawn once.
    monkeypatch.setattr(train_zoo, "training_pairs", functools.cache(train_zoo.training_pairs))
    recipe = next(recipe for recipe in train_zoo.RECIPES if recipe.name == "cnn-augmented-100")
    weights = [_trained(train_zoo, recipe, tmp_path / str(run), seed) for run, seed in enumerate((0, 0, 1))]
    same, other = ([torch.equal(weights[0][key], run[key]) for key in weights[0]] for run in weights[1:])
    assert all(same)
    assert not all(other)


def _trained(train_zoo: ModuleType, recipe: Any, out: Path, seed: int) -> dict[str, torch.Tensor]:
    row = train_zoo.train(recipe, out, seed, steps=2)
    assert row["seed"] == str(recipe.seed + seed)
    return load_file(out / recipe.name / "open_clip_model.safetensors")


def test_the_script_would_write_the_files_that_ship(train_zoo: ModuleType, tmp_path: Path) -> None:
    for recipe in train_zoo.RECIPES:
        train_zoo.write_directory(tmp_path / recipe.name, recipe)
        for file in FILES - {"open_clip_model.safetensors"}:
            assert (tmp_path / recipe.name / file).read_text() == (ZOO / recipe.name / file).read_text()


def test_augmented_images_stay_images(train_zoo: ModuleType) -> None:
    pixels = train_zoo.training_pairs(100, repainted=False)[0].pixels[:20]
    first, again = (train_zoo.augment(pixels, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == pixels.shape
    assert 0 <= first.min() < first.max() <= 1
    assert not torch.isclose(first, pixels, atol=0.01).flatten(1).all(dim=1).any()


def test_an_unknown_name_lists_the_known_ones(train_zoo: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"not in the zoo\. Known: vit-plain-100, vit-plain-1000"):
        train_zoo.main(["--only", "vit-plain-10"])


def test_the_population_has_every_figure_and_agrees_with_the_zoo() -> None:
    rows = _table(POPULATIONS / "zoo.csv")
    keys = ("model", "dataset", "metric", "transform", "where")
    figures = {tuple(row[key] for key in keys): float(row["value"]) for row in rows}
    transforms = ("", "gaussian_noise:3", "gaussian_blur:3", "contrast:3")
    slices = [*((transform, "") for transform in transforms), *(("", f"factor={factor}") for factor in FACTORS)]
    expected = {
        *itertools.product(ROWS, ["digits"], ("top1", "top5", "mean_per_class_recall"), transforms, [""]),
        *((name, "shapes", "top1", *slice_) for name in ROWS for slice_ in slices),
        *((name, "shapes-sketch", "top1", "", "") for name in ROWS),
    }
    assert set(figures) == expected
    assert len(rows) == len(figures)
    for name, row in ROWS.items():
        clean = figures[name, "digits", "top1", "", ""]
        assert clean == pytest.approx(float(row["holdout_top1"]), abs=1.5 / 797)
        assert clean <= figures[name, "digits", "top5", "", ""] <= 1
        drawn = figures[name, "shapes", "top1", "", ""]
        assert drawn == pytest.approx(float(SHAPES_ROWS[name]["shapes_top1"]), abs=2.5 / 800)
