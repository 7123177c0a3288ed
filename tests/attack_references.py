"""Attacks once more: models built by open_clip and timm alone, moved by foolbox, pyautoattack, or loops in plain torch.

What is drawn at random is drawn as robustcheck says that it is: from a generator of each image, seeded by the digest of
seed, id and purpose. Everything is in pixels between 0 and 1, and in the L-inf ball.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import eagerpy
import foolbox
import numpy as np
import torch
from pyautoattack import AutoAttack
from pyautoattack.autopgd_base import APGDAttack, APGDAttack_targeted
from torch.nn import functional

SIGMA = 0.001


class Normalised(torch.nn.Module):
    """A model that takes pixels between 0 and 1; a module, as the libraries want it."""

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], model: Callable[[torch.Tensor], torch.Tensor]
    ) -> None:
        super().__init__()
        self.mean, self.std = (torch.tensor(values).view(-1, 1, 1) for values in (mean, std))
        self.scores = model
        self.eval()

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.scores((pixels - self.mean) / self.std)


@dataclass(frozen=True)
class Stage:
    """A model from pixels (n, 3, h, w) to logits, with images that it is asked about."""

    logits: Normalised
    pixels: torch.Tensor
    labels: torch.Tensor
    ids: tuple[str, ...]

    def right(self, points: torch.Tensor) -> np.ndarray:
        """Return which points are classified rightly."""
        with torch.no_grad():
            return (self.logits(points).argmax(dim=1) == self.labels).numpy()

    def part(self, rows: np.ndarray) -> Stage:
        """Return the stage with some of its images."""
        at = torch.as_tensor(rows)
        return Stage(self.logits, self.pixels[at], self.labels[at], tuple(self.ids[row] for row in rows))

    def generators(self, purpose: str) -> list[torch.Generator]:
        """Return the generator of each image, with seed 0."""
        digests = [hashlib.sha256(f"0|{name}|{purpose}".encode()).digest() for name in self.ids]
        return [torch.Generator().manual_seed(int.from_bytes(digest[:7], "big")) for digest in digests]

    def start(self, eps: float, purpose: str) -> torch.Tensor:
        """Return a random point of each ball."""
        drawn = torch.stack([torch.rand(self.pixels.shape[1:], generator=each) for each in self.generators(purpose)])
        return (self.pixels + eps * (2 * drawn - 1)).clamp(0, 1)


Attack = Callable[[Stage, float], torch.Tensor]


def zoo_stage(directory: Path, images: list[np.ndarray], labels: list[int], ids: list[str], texts: list[str]) -> Stage:
    """Return a CLIP model of the zoo with one text a class, built by open_clip."""
    import open_clip

    model = open_clip.create_model(f"local-dir:{directory}").eval().requires_grad_(False)
    tokens = open_clip.get_tokenizer(f"local-dir:{directory}")(texts)
    with torch.no_grad():
        weights = model.logit_scale.exp() * functional.normalize(model.encode_text(tokens), dim=1)
    config = open_clip.get_model_preprocess_cfg(model)
    logits = Normalised(config["mean"], config["std"], lambda x: model.encode_image(x, normalize=True) @ weights.T)
    return _staged(logits, images, labels, ids)


def timm_stage(name: str, weights: Path, photos: list[Path], columns: list[int], places: list[int]) -> Stage:
    """Return a classifier among some of its outputs, on photographs, built by timm; ``places`` are their classes."""
    import timm
    from PIL import Image

    model = timm.create_model(name, checkpoint_path=str(weights)).eval().requires_grad_(False)
    config = timm.data.resolve_model_data_config(model)
    crop = timm.data.create_transform(**config).transforms[:2]
    images = []
    for path in photos:
        with Image.open(path) as image:
            images.append(np.asarray(crop[1](crop[0](image.convert("RGB")))))
    logits = Normalised(config["mean"], config["std"], lambda x: model(x)[:, columns])
    return _staged(logits, images, places, [f"{path.parent.name}/{path.name}" for path in photos])


def _staged(logits: Normalised, images: list[np.ndarray], labels: list[int], ids: list[str]) -> Stage:
    pixels = torch.tensor(np.stack(images).transpose(0, 3, 1, 2).copy()).float() / 255
    return Stage(logits, pixels, torch.tensor(labels), tuple(ids))


def foolbox_attack(kind: object) -> Attack:
    """Return an attack of foolbox; one without a size of its own goes as far as it needs."""

    def attack(stage: Stage, eps: float) -> torch.Tensor:
        model = foolbox.PyTorchModel(stage.logits, bounds=(0, 1), device="cpu")
        found, _, _ = kind(model, stage.pixels, stage.labels, epsilons=eps)  # type: ignore[operator]
        return found

    return attack


def foolbox_pgd(step: float, steps: int) -> Attack:
    """Return PGD of foolbox from the same start."""

    def attack(stage: Stage, eps: float) -> torch.Tensor:
        class Started(foolbox.attacks.LinfProjectedGradientDescentAttack):
            def get_random_start(self, x0: eagerpy.Tensor, epsilon: float) -> eagerpy.Tensor:
                return eagerpy.astensor(stage.start(eps, "start 0"))

        return foolbox_attack(Started(rel_stepsize=step, steps=steps))(stage, eps)

    return attack


class FromTheStart:
    """Auto-PGD of pyautoattack with the first condition of its paper: rises are counted from the loss of the start.

    The package counts the rise of the first step from a row of its table that is still 0. Cross-entropy is above 0, so
    that step always counts as a rise; the targeted ratio is below 0 until an image is fooled, so it never does, and
    after a short first period every step is halved.
    """

    first: torch.Tensor | None = None

    def attack_single_run(self, x: torch.Tensor, y: torch.Tensor, x_init: torch.Tensor) -> tuple[torch.Tensor, ...]:
        with torch.no_grad():
            logits = self.model(x_init)
            self.first = (
                functional.cross_entropy(logits, y, reduction="none")
                if self.loss == "ce"
                else self.dlr_loss_targeted(logits, y)
            )
        found: tuple[torch.Tensor, ...] = super().attack_single_run(x, y, x_init)
        return found

    def check_oscillation(
        self, losses: torch.Tensor, at: int, period: int, best: torch.Tensor, k3: float = 0.75
    ) -> torch.Tensor:
        known = torch.cat([self.first[None], losses[: at + 1]])
        rises = (known[1:] > known[:-1])[-period:].sum(dim=0)
        return (rises <= period * k3).float()


class LabelFromTheStart(FromTheStart, APGDAttack):
    pass


class TargetedFromTheStart(FromTheStart, APGDAttack_targeted):
    pass


def apgd_ce(steps: int, *, as_packaged: bool = False) -> Attack:
    """Return APGD-CE of pyautoattack from the same start; ``as_packaged`` leaves its first checkpoint as it is."""

    def attack(stage: Stage, eps: float) -> torch.Tensor:
        kind = (APGDAttack if as_packaged else LabelFromTheStart)(
            stage.logits, n_iter=steps, eps=eps, norm="Linf", device="cpu"
        )
        kind.init_hyperparam(stage.pixels)
        with torch.random.fork_rng():
            return kind.attack_single_run(stage.pixels, stage.labels, stage.start(eps, "start 0"))[3]

    return attack


def apgd_t(steps: int, targets: int, *, as_packaged: bool = False) -> Attack:
    """Return APGD-T of pyautoattack, from the same start for each class that is aimed at."""

    def attack(stage: Stage, eps: float) -> torch.Tensor:
        kind = (APGDAttack_targeted if as_packaged else TargetedFromTheStart)(
            stage.logits, n_iter=steps, eps=eps, norm="Linf", device="cpu"
        )
        kind.init_hyperparam(stage.pixels)
        points = stage.pixels.clone()
        for number in range(targets):
            rows = np.flatnonzero(stage.right(points))
            if not len(rows):
                break
            some = stage.part(rows)
            with torch.no_grad():
                kind.y_target = some.logits(some.pixels).sort(dim=1)[1][:, -2 - number]
            with torch.random.fork_rng():
                start = some.start(eps, f"start {number}")
                points[torch.as_tensor(rows)] = kind.attack_single_run(some.pixels, some.labels, start)[3]
        return points

    return attack


def autoattack(stage: Stage, eps: float) -> torch.Tensor:
    """Return what AutoAttack of pyautoattack finds, with a seed of its own; it ends all tracing, coverage's too."""
    traced = sys.gettrace()
    ensemble = AutoAttack(stage.logits, norm="Linf", eps=eps, seed=1, device="cpu")
    ensemble.verbose = False
    with torch.random.fork_rng():
        found = ensemble.run_standard_evaluation(stage.pixels, stage.labels, batch_size=len(stage.ids))
    sys.settrace(traced)
    return found[0] if isinstance(found, tuple) else found


def momentum(step: float, steps: int, *, diverse: bool = False) -> Attack:
    """Return MIM (Dong 2018, algorithm 1), or DIM: its gradient is at an image shrunk and padded half of the time."""

    def attack(stage: Stage, eps: float) -> torch.Tensor:
        points, carried = stage.pixels.clone(), torch.zeros_like(stage.pixels)
        generators = stage.generators("diversity 0")
        for _ in range(steps):
            given = points.clone().requires_grad_()
            seen = (
                torch.stack([diversified(*each) for each in zip(given, generators, strict=True)]) if diverse else given
            )
            loss = functional.cross_entropy(stage.logits(seen), stage.labels, reduction="sum")
            (slope,) = torch.autograd.grad(loss, given)
            carried = carried + slope / slope.abs().sum(dim=(1, 2, 3), keepdim=True)
            moved = points + step * eps * carried.sign()
            moved = moved.clamp(stage.pixels - eps, stage.pixels + eps).clamp(0, 1)
            # A white box stops where it has succeeded.
            points = torch.where(torch.as_tensor(stage.right(points)).view(-1, 1, 1, 1), moved, points)
        return points

    return attack


def diversified(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return an image (3, s, s) as DIM shows it: itself, or between 90% and all of its side in a black frame."""

    def draw(stop: int) -> int:
        return int(torch.randint(stop, (), generator=generator))

    side = image.shape[-1]
    if float(torch.rand((), generator=generator)) >= 0.5:
        return image
    small = int(0.9 * side)
    new = small + draw(side - small)
    left, top = draw(side - new + 1), draw(side - new + 1)
    frame = torch.zeros_like(image)
    frame[:, top : top + new, left : left + new] = functional.interpolate(
        image[None], size=(new, new), mode="bilinear"
    )[0]
    return frame


def by_scores(step: float, steps: int, queries: int, *, normal: bool) -> Attack:
    """Return NES, or with signs SPSA: signed steps along a gradient that margins on both sides tell."""

    def margins(stage: Stage, points: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            logits = stage.logits(points)
        own = logits[torch.arange(len(points)), stage.labels]
        logits[torch.arange(len(points)), stage.labels] = float("-inf")
        return logits.max(dim=1).values - own

    def draw(shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
        if normal:
            return torch.randn(shape, generator=generator)
        return torch.randint(2, shape, generator=generator).float() * 2 - 1

    def attack(stage: Stage, eps: float) -> torch.Tensor:
        points, generators = stage.pixels.clone(), stage.generators("queries")
        for _ in range(steps):
            total = torch.zeros_like(points)
            for _ in range(queries // 2):
                way = torch.stack([draw(points.shape[1:], each) for each in generators])
                gap = margins(stage, points + SIGMA * way) - margins(stage, points - SIGMA * way)
                total += gap.view(-1, 1, 1, 1) * way
            moved = points + step * eps * total.sign()
            moved = moved.clamp(stage.pixels - eps, stage.pixels + eps).clamp(0, 1)
            points = torch.where(torch.as_tensor(stage.right(points)).view(-1, 1, 1, 1), moved, points)
        return points

    return attack


def deepfool(candidates: int | None = None) -> Attack:
    """Return DeepFool of foolbox, over all classes or so many; an image counts as fooled within eps."""
    found = foolbox_attack(foolbox.attacks.LinfDeepFoolAttack(steps=50, candidates=candidates))

    def attack(stage: Stage, eps: float) -> torch.Tensor:
        moved = found(stage, eps)
        is_near = (moved - stage.pixels).abs().amax(dim=(1, 2, 3), keepdim=True) <= eps
        return torch.where(is_near, moved, stage.pixels)

    return attack


def robust(stage: Stage, attack: Attack, eps: float) -> np.ndarray:
    """Return which images are classified rightly untouched and attacked; wrong ones are not attacked."""
    right = stage.right(stage.pixels)
    rows = np.flatnonzero(right)
    some = stage.part(rows)
    moved = attack(some, eps).detach()
    assert float((moved - some.pixels).abs().max()) <= eps + 1e-6
    right[rows] = some.right(moved)
    return right
