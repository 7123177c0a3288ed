"""Train the zoo: twelve tiny open_clip checkpoints on image-caption pairs of digits and drawn shapes.

    python scripts/train_zoo.py                    # train all, write robustcheck/zoo
    python scripts/train_zoo.py --only vit-plain-100 --out /tmp/zoo
    python scripts/train_zoo.py --check            # retrain and compare with the recorded accuracy

Three architectures x two training sources x two amounts of data. Plain models see clean images only, of shapes
whose texture nearly always tells the class. Augmented ones see images turned, shifted, blurred, faded and noisy,
and half of the shapes with another colour, texture and background, and so follow other trends.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import logging
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
import torch
import torch.nn.functional as F  # noqa: N812
from safetensors.torch import save
from zoo_augment import augment
from zoo_pairs import IMAGE_SIZE, Pairs, all_captions, draw_batch, training_pairs
from zoo_scores import MEAN, STD, count_correct, normalise
from zoo_tokenizer import vocabulary, write_tokenizer

from robustcheck.datasets import open_dataset

ZOO = Path(__file__).parents[1] / "robustcheck" / "zoo"
# Other CPUs round differently, and thousands of steps carry that on.
TOLERANCE = {"holdout_top1": {100: 0.05, 1000: 0.02}, "shapes_top1": {100: 0.08, 1000: 0.08}}
# zoo.csv holds facets and the digits, shapes.csv the accuracy on shapes.
SHAPES_COLUMNS = ("shapes_n", "shapes_correct", "shapes_top1")

CONTEXT_LENGTH = 16
BATCH = (16, 48)  # digits and shapes
PREPROCESS = {
    "size": [IMAGE_SIZE, IMAGE_SIZE],
    "mode": "RGB",
    "mean": [MEAN] * 3,
    "std": [STD] * 3,
    "interpolation": "bicubic",
    "resize_mode": "shortest",
    "fill_color": 0,
}
TOWERS: dict[str, dict[str, Any]] = {
    "vit": {"layers": 3, "width": 48, "head_width": 16, "patch_size": 8},
    "resnet": {"layers": [1, 1, 1, 1], "width": 6, "head_width": 32},
    "cnn": {"timm_model_name": "test_efficientnet", "timm_pool": "avg", "timm_proj": "linear"},
}
LEARNING_RATE = {"vit": 2e-3, "resnet": 4e-3, "cnn": 3e-3}
STEPS = {100: 1200, 1000: 2400}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What distinguishes one checkpoint of the zoo."""

    architecture: str
    source: str
    samples: int
    seed: int

    @property
    def name(self) -> str:
        """Name the checkpoint by its facets."""
        return f"{self.architecture}-{self.source}-{self.samples}"


RECIPES = tuple(
    Recipe(architecture, source, samples, seed)
    for seed, (architecture, source, samples) in enumerate(
        itertools.product(TOWERS, ("plain", "augmented"), STEPS), start=1
    )
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the chosen recipes, or check them against the record."""
    options = _options().parse_args(arguments)
    logging.disable(logging.WARNING)  # open_clip warns that a model has no weights yet
    recipes = [recipe for recipe in RECIPES if options.only in (None, recipe.name)]
    if not recipes:
        known = ", ".join(recipe.name for recipe in RECIPES)
        raise SystemExit(f"--only {options.only}: not in the zoo. Known: {known}")
    return check(recipes) if options.check else build(recipes, options.out, options.seed)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help="train this checkpoint only")
    parser.add_argument("--out", type=Path, default=ZOO, metavar="DIR", help="where the zoo is written")
    parser.add_argument("--seed", type=int, default=0, help="added to the seed of each recipe")
    parser.add_argument("--check", action="store_true", help="retrain and compare with the recorded accuracy")
    return parser


def build(recipes: Sequence[Recipe], out: Path, seed: int) -> int:
    """Train the recipes into ``out`` and record their facets in its zoo.csv."""
    rows = _recorded(out)
    for recipe in recipes:
        row = train(recipe, out, seed)
        rows[recipe.name] = row
        figures = f"held-out top-1 {row['holdout_top1']}, shapes {row['shapes_top1']}"
        print(f"{recipe.name:24} {row['params']:>7} parameters, {figures}", flush=True)
        _record(out, rows)
    return 0


def check(recipes: Sequence[Recipe]) -> int:
    """Retrain the recipes and count those whose accuracy left the tolerance."""
    recorded = _recorded(ZOO)
    failures = 0
    for recipe in recipes:
        with tempfile.TemporaryDirectory() as scratch:
            again = train(recipe, Path(scratch))
        for column, tolerance in TOLERANCE.items():
            before, after = float(recorded[recipe.name][column]), float(again[column])
            failed = abs(after - before) > tolerance[recipe.samples]
            failures += failed
            verdict = "DIFFERS" if failed else "ok"
            print(f"{recipe.name:24} {column} recorded {before:.4f} again {after:.4f} {verdict}", flush=True)
    return min(failures, 1)


def train(recipe: Recipe, out: Path, seed: int = 0, steps: int | None = None) -> dict[str, str]:
    """Train one checkpoint into ``out/NAME`` and return its row of zoo.csv."""
    directory = out / recipe.name
    write_directory(directory, recipe)
    make_deterministic(recipe.seed + seed)
    model = open_clip.create_model(f"local-dir:{directory}", load_weights=False)
    tokenizer = open_clip.get_tokenizer(f"local-dir:{directory}")
    rng = torch.Generator().manual_seed(recipe.seed + seed)
    pairs = training_pairs(recipe.samples, repainted=recipe.source == "augmented")
    fit(model, tokenizer, pairs, recipe, rng, steps or STEPS[recipe.samples])
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    (directory / "open_clip_model.safetensors").write_bytes(save(weights))  # save_file would hide it from other users
    return _row(recipe, seed, model, tokenizer)


def _row(recipe: Recipe, seed: int, model: open_clip.CLIP, tokenizer: Any) -> dict[str, str]:
    held_out, drawn = open_dataset("digits", ()), open_dataset("shapes", ())
    correct, shapes_correct = (count_correct(model, tokenizer, dataset) for dataset in (held_out, drawn))
    return {
        "name": recipe.name,
        "family": "clip",
        "architecture": recipe.architecture,
        "source": recipe.source,
        "samples": str(recipe.samples),
        "resolution": str(IMAGE_SIZE),
        "seed": str(recipe.seed + seed),
        "params": str(sum(parameter.numel() for parameter in model.parameters())),
        "holdout_n": str(len(held_out)),
        "holdout_correct": str(correct),
        "holdout_top1": f"{correct / len(held_out):.6f}",
        "shapes_n": str(len(drawn)),
        "shapes_correct": str(shapes_correct),
        "shapes_top1": f"{shapes_correct / len(drawn):.6f}",
    }


def write_directory(directory: Path, recipe: Recipe) -> None:
    """Write open_clip's own directory form, all but the weights."""
    directory.mkdir(parents=True, exist_ok=True)
    vocab = vocabulary(all_captions())
    write_tokenizer(directory, vocab)
    config = {"model_cfg": _model_config(recipe, len(vocab)), "preprocess_cfg": PREPROCESS}
    (directory / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _model_config(recipe: Recipe, vocab_size: int) -> dict[str, Any]:
    text = {
        "context_length": CONTEXT_LENGTH,
        "vocab_size": vocab_size,
        "hf_tokenizer_name": "tokenizer",  # any name: open_clip reads the directory itself
        "width": 32,
        "heads": 2,
        "layers": 1,
        "mlp_ratio": 2.0,
    }
    return {"embed_dim": 48, "vision_cfg": {"image_size": IMAGE_SIZE, **TOWERS[recipe.architecture]}, "text_cfg": text}


def make_deterministic(seed: int) -> None:
    """Make training repeatable on this machine."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def fit(
    model: open_clip.CLIP,
    tokenizer: Any,
    pairs: tuple[Pairs, Pairs],
    recipe: Recipe,
    rng: torch.Generator,
    steps: int,
) -> None:
    """Minimise the loss with AdamW and a one-cycle schedule."""
    peak = LEARNING_RATE[recipe.architecture]
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=peak, total_steps=steps, pct_start=0.1)
    model.train()
    for _ in range(steps):
        batch = draw_batch(*pairs, BATCH, rng)
        pixels = augment(batch.pixels, rng) if recipe.source == "augmented" else batch.pixels
        images, texts, scale = model(normalise(pixels), tokenizer(batch.captions))
        loss = matching_loss(images, texts, scale, batch.matches)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        model.logit_scale.data.clamp_(0, math.log(100))
    model.eval()


def matching_loss(
    images: torch.Tensor, texts: torch.Tensor, scale: torch.Tensor, matches: torch.Tensor
) -> torch.Tensor:
    """Return the CLIP loss without false negatives.

    A caption such as "a red star" is true of every red star in the batch, so these stay out of its softmax.
    """
    own = torch.arange(len(matches))
    others = matches & ~torch.eye(len(matches), dtype=torch.bool)
    logits = (scale * images @ texts.T).masked_fill(others, -torch.inf)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def _recorded(out: Path) -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for table in (out / "zoo.csv", out / "shapes.csv"):
        if table.exists():
            with table.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    rows.setdefault(row["name"], {}).update(row)
    return rows


def _record(out: Path, rows: dict[str, dict[str, str]]) -> None:
    ordered = [rows[recipe.name] for recipe in RECIPES if recipe.name in rows]
    facets = [column for column in ordered[0] if column not in SHAPES_COLUMNS]
    _write_table(out / "zoo.csv", facets, ordered)
    _write_table(out / "shapes.csv", ("name", *SHAPES_COLUMNS), ordered)


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    raise SystemExit(main())
