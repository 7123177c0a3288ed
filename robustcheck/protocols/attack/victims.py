"""From a loaded model to logits of points: the head fixed, everything in float32, differentiable."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import ModelError
from robustcheck.measure.pairing import AskedClasses, asked_classes, pair_outputs
from robustcheck.measure.recipe import PAIRING_RULE, Recipe
from robustcheck.models.adapter import LearntHead, tensor_logits
from robustcheck.models.encoders import LoadedModel
from robustcheck.models.output_names import OutputNames
from robustcheck.models.torch_models import Classifier, DualEncoder, TorchModel
from robustcheck.outputs.logits import TextHead
from robustcheck.protocols.attack.attempts import Logits
from robustcheck.protocols.attack.spaces import AttackSpace

if TYPE_CHECKING:
    import torch

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scored:
    """The names that a classifier is asked for, and what is known of its outputs: what pairing them needs."""

    names: tuple[str, ...]
    columns: tuple[int, ...] | None
    seen: frozenset[int]
    told: OutputNames | None
    where: str

    @property
    def facts(self) -> dict[str, Any]:
        """What of it decides a row, for its key."""
        told = None if self.told is None else [list(self.told.names), self.told.is_partial]
        return {"names": list(self.names), "columns": self.columns, "told": told, "rule": PAIRING_RULE}

    def outputs_of(self, count: int) -> tuple[int, ...]:
        """Return which of ``count`` outputs is each name, below 0 for none; raise ModelError where it is not known."""
        columns = None if self.columns is None else np.array(self.columns, dtype=np.int64)
        asked = AskedClasses(self.names, columns, self.seen, self.where)
        return tuple(pair_outputs(count, self.told, asked).outputs.tolist())


@dataclass(frozen=True, slots=True)
class Answers:
    """How what a model scores becomes logits of the classes that an attack is about.

    ``scored`` are the names that a classifier's outputs are paired with, ``learnt`` their places among the classes that
    an adapter learnt, ``members[k]`` the names that stand for class k, ``kept`` the classes that compete; empty where
    nothing is picked.
    """

    scored: Scored | None = None
    members: tuple[tuple[int, ...], ...] = ()
    is_merged_by_max: bool = True
    kept: tuple[int, ...] = ()
    learnt: tuple[int, ...] = ()


def answers_of(recipe: Recipe, kept: Ints | None) -> Answers:
    """Return how the classes of a recipe are answered; names with texts have weights of their own, and no outputs."""
    assert recipe.classes is not None, "attacks are on classes"
    merge = recipe.classes.vocabulary
    members = () if merge is None else tuple(tuple(places.tolist()) for places in merge.members)
    is_max = merge is None or merge.merge == "max"
    scored = _scored(recipe) if recipe.is_paired else None
    columns = None if recipe.learnt is None else recipe.classes.columns
    learnt = () if columns is None else tuple(columns.tolist())
    return Answers(scored, members, is_max, () if kept is None else tuple(kept.tolist()), learnt)


def _scored(recipe: Recipe) -> Scored:
    asked = asked_classes(recipe)
    columns = None if asked.columns is None else tuple(asked.columns.tolist())
    return Scored(asked.names, columns, asked.seen, recipe.told, asked.where)


def victim_logits(
    model: LoadedModel, head: TextHead | LearntHead | None, answers: Answers, space: AttackSpace
) -> Logits:
    """Return the function from points of a space to the logits of the classes."""
    scores = _scores(require_torch(model), head, answers)

    def logits(points: torch.Tensor) -> torch.Tensor:
        return _answered(scores(space.pixels(points)), answers)

    return logits


def substitute_logits(
    model: LoadedModel,
    head: TextHead | LearntHead | None,
    answers: Answers,
    space: AttackSpace,
    side: Sequence[int],
) -> Logits:
    """Return the same of a substitute, which sees the points resized to its own input.

    In the space of the released code it takes the points as they are, as if they had its own normalisation.
    """
    from torch.nn import functional

    torch_model = require_torch(model)
    scores = _scores(torch_model, head, answers)
    own = torch_model.normalisation
    seen = AttackSpace("own", space.low, space.high, own.mean, own.std) if space.name == "roz" else space
    size = tuple(side)

    def logits(points: torch.Tensor) -> torch.Tensor:
        pixels = seen.pixels(points)
        if tuple(pixels.shape[2:]) != size:
            pixels = functional.interpolate(pixels, size=size, mode="bilinear", align_corners=False)
        return _answered(scores(pixels), answers)

    return logits


def require_torch(model: LoadedModel) -> TorchModel:
    """Return a model that can be differentiated towards its pixels; raise ModelError for another."""
    if isinstance(model, DualEncoder | Classifier):
        return model
    raise ModelError(
        "attacks need a model that torch runs on pixels",
        expected="a model of open_clip, timm or transformers, or an adapter that changes the weights of one",
    )


@contextmanager
def exact(models: Sequence[LoadedModel]) -> Iterator[list[TorchModel]]:
    """Give models in float32, whatever the run's precision is, in the context that differentiates them."""
    full = [replace(require_torch(model), precision="fp32") for model in models]
    with full[0].running(gradients=True):
        yield full


def time_pass(model: LoadedModel, rows: int) -> float:
    """Return the seconds that one image takes forwards and backwards in a batch of ``rows``, the first batch aside."""
    import torch

    with exact((model,)) as (torch_model,):
        side = torch_model.geometry.side
        pixels = torch_model.pixels([np.full((side, side, 3), 128, np.uint8)] * rows).requires_grad_()
        take = torch_model.embed if isinstance(torch_model, DualEncoder) else require_classifier(torch_model).scores
        for _ in range(2):
            began = time.perf_counter()
            # Read back to the processor, so that the device has finished.
            float(torch.autograd.grad(take(pixels).sum(), pixels)[0].sum())
            taken = time.perf_counter() - began
    return taken / rows


def require_classifier(model: TorchModel) -> Classifier:
    """Return a model with outputs of its own."""
    assert isinstance(model, Classifier), "a model without a text head has outputs of its own"
    return model


def _scores(model: TorchModel, head: TextHead | LearntHead | None, answers: Answers) -> Logits:
    if isinstance(head, LearntHead):
        return _adapted(model, head, answers)
    return _zero_shot(model, head) if head is not None else _classifier(model, answers)


def _adapted(model: TorchModel, head: LearntHead, answers: Answers) -> Logits:
    """Return the function from pixels to what an adapter scores of the names, which are among those it learnt."""
    embed = model.embed if isinstance(model, DualEncoder) else require_classifier(model).embed
    columns = list(answers.learnt) or slice(None)
    return lambda pixels: tensor_logits(embed(pixels), head.basis, head.state, head.use)[:, columns]


def _zero_shot(model: TorchModel, head: TextHead) -> Logits:
    import torch

    assert isinstance(model, DualEncoder), "a text head belongs to a model that embeds text"
    # Equal rows give equal logits only if they are multiplied once: BLAS may sum the last columns otherwise.
    rows, inverse = head.distinct
    weights = torch.tensor(rows, dtype=torch.float32, device=model.device)
    places = torch.tensor(inverse, device=model.device)

    def logits(pixels: torch.Tensor) -> torch.Tensor:
        cosines = (model.embed(pixels) @ weights.T)[:, places]
        return head.logit_scale * cosines + head.logit_bias

    return logits


def _classifier(model: TorchModel, answers: Answers) -> Logits:
    """Return the function from pixels to the scores of the names, in their order."""
    classifier = require_classifier(model)
    if answers.scored is None:
        return classifier.scores
    outputs = list(answers.scored.outputs_of(classifier.class_count))
    absent = [place for place, output in enumerate(outputs) if output < 0]

    def scores(pixels: torch.Tensor) -> torch.Tensor:
        found = classifier.scores(pixels)[:, outputs]
        if absent:
            # Never predicted; a number and not -inf, so that losses stay finite.
            found[:, absent] = found.amin(dim=1, keepdim=True) - 1e4
        return found

    return scores


def _answered(scores: torch.Tensor, answers: Answers) -> torch.Tensor:
    """Return the logits (n, K) of classes from the scores of the names: merged, then the kept."""
    if answers.members:
        scores = _merged(scores, answers)
    return scores[:, list(answers.kept)] if answers.kept else scores


def _merged(scores: torch.Tensor, answers: Answers) -> torch.Tensor:
    """Return the largest logit of the names of a class, or the logarithm of their mean probability."""
    import torch

    if answers.is_merged_by_max:
        return torch.stack([_largest(scores, places) for places in answers.members], dim=1)
    log_p = scores.log_softmax(dim=1)
    parts = [log_p[:, list(places)].logsumexp(dim=1) - float(np.log(len(places))) for places in answers.members]
    return torch.stack(parts, dim=1)


def _largest(scores: torch.Tensor, places: Sequence[int]) -> torch.Tensor:
    # A class that no name stands for is never predicted; a number and not -inf, so that losses stay finite.
    return scores[:, list(places)].amax(dim=1) if places else scores.amin(dim=1) - 1e4
