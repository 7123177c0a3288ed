"""The real runs that screenshots.py shows: a failing candidate, a training run, and many models under many checks.

Checkpoints are trained here in a minute or two, first as the zoo's augmented models are, then on plain images. Runs and
what they measured stay in the given directory, so that a second call measures nothing.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

SUITES = Path(__file__).parent / "pictures"
ROOT = Path(__file__).parents[1]
EPOCHS = 12
STEPS = 250
# The nights of the candidate: its checkpoints as they come. The first is the origin of what the later ones are held
# against, and another takes its place on the way.
NIGHTS = (6, 8, 10, 11, 12)
BLESSED = (6, 10)


def candidate(place: Path) -> Path:
    """Judge a model night after night while its training forgets noise; return the page of the last night."""
    checkpoints = train(place / "runs" / "42")
    model = place / "candidate"
    for epoch in NIGHTS:
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(checkpoints / f"epoch_{epoch}", model)
        if epoch == NIGHTS[0]:
            page = judge(place, [SUITES / "training.robust.yaml"], model.name)
        else:
            page = judge(place, [SUITES / "candidate.robust.yaml"], model.name)
        if epoch in BLESSED:
            why = f"the night of epoch {epoch}"
            robustcheck(place, "bless", str(page.parent), "--as", "first", "--force", "--why", why)
    return page


def training(place: Path) -> Path:
    """Judge every checkpoint of a training run."""
    train(place / "runs" / "42")
    return judge(place, [SUITES / "training.robust.yaml"], "runs/42")


def many(place: Path) -> Path:
    """Judge all published OpenCLIP checkpoints on their published figures."""
    with (ROOT / "robustcheck" / "populations" / "openclip.csv").open(encoding="utf-8", newline="") as file:
        published = {row["model"] for row in csv.DictReader(file)}
    listed = json.loads(robustcheck(place, "models", "openclip:*", "--json"))
    known = [entry["model"] for entry in listed if entry["id"] in published]
    (place / "published.yaml").write_text(json.dumps(known), encoding="utf-8")
    return judge(place, [SUITES / "many.robust.yaml"], "published.yaml")


def claims(place: Path) -> Path:
    """Judge claims about groups of the models that ship."""
    return judge(place, [ROOT / "suites" / "findings" / "zoo.robust.yaml"], "")


RUNS = {"candidate": candidate, "training": training, "many": many, "claims": claims}


def judge(place: Path, suites: list[Path], models: str) -> Path:
    """Run suites in the directory and return the page of the run."""
    reports = place / "reports"
    before = set(reports.glob("*"))
    chosen = ["--models", models] if models else []
    command = [sys.executable, "-m", "pytest", *map(str, suites), *chosen, "-q", "-p", "no:cacheprovider"]
    # A red run is a report like any other.
    ended = subprocess.run(
        [*command, f"--robust-report={reports}"], cwd=place, check=False, capture_output=True, text=True
    )
    pages = set(reports.glob("*")) - before
    if not pages:
        raise SystemExit(f"no report of {', '.join(map(str, suites))}:\n{ended.stdout}{ended.stderr}")
    return pages.pop() / "index.html"


def robustcheck(place: Path, *arguments: str) -> str:
    """Run a command in the directory and return what it prints."""
    command = [sys.executable, "-m", "robustcheck", *arguments]
    return subprocess.run(command, cwd=place, check=True, stdout=subprocess.PIPE, text=True).stdout


def train(directory: Path) -> Path:
    """Train one model and save a checkpoint after each epoch: half of them augmented, half on plain images."""
    if (directory / f"epoch_{EPOCHS}").is_dir():
        return directory
    import open_clip
    import torch
    from safetensors.torch import save
    from train_zoo import Recipe, fit, make_deterministic, write_directory
    from zoo_pairs import training_pairs

    recipes = [Recipe("vit", source, 1000, seed=3) for source in ("augmented", "plain")]
    make_deterministic(recipes[0].seed)
    pairs = [training_pairs(recipe.samples, repainted=recipe.source == "augmented") for recipe in recipes]
    rng = torch.Generator().manual_seed(recipes[0].seed)
    first = directory / "epoch_1"
    write_directory(first, recipes[0])
    model = open_clip.create_model(f"local-dir:{first}", load_weights=False)
    tokenizer = open_clip.get_tokenizer(f"local-dir:{first}")
    for epoch in range(1, EPOCHS + 1):
        half = 2 * (epoch - 1) // EPOCHS
        fit(model, tokenizer, pairs[half], recipes[half], rng, STEPS)
        target = directory / f"epoch_{epoch}"
        write_directory(target, recipes[0])
        weights = {key: value.contiguous() for key, value in model.state_dict().items()}
        (target / "open_clip_model.safetensors").write_bytes(save(weights))
    return directory
