"""``+trigger-search``: words before the class's name that a gradient-guided search finds (AutoPrompt, Shin 2020).

The texts are [start] t_1 ... t_L NAME [end] with tokens t of the text tower's vocabulary. Of the loss on the shots, the
cross-entropy of s f W', let g be the gradient in the word embedding e_i of place i. To first order, token v there
changes the loss by (e_v - e_i) g, so the tokens of the largest gain -(e_v - e_i) g are tried (HotFlip, Ebrahimi 2018).
The best of them on a batch is kept if the loss on all shots falls, so that it never rises. A trigger whose text has
other tokens cannot be written down as a prompt, and is not tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustcheck.adapters.coop import prompt_features, prompts_from_shots, require_text_tower, word_embedding
from robustcheck.errors import ModelError
from robustcheck.measure.option import NumberOption
from robustcheck.models.adapter import HeadBasis, HeadState, adapter_named
from robustcheck.models.encoders_openclip import OpenClipModel
from robustcheck.outputs.logits import normalise
from robustcheck.values import AdapterUse

if TYPE_CHECKING:
    import torch

Trigger = tuple[int, ...]

START, BATCH = "a photo of a", 128


@dataclass(frozen=True, slots=True)
class Search:
    """How triggers are searched: how many tokens, for how many steps, how many candidates a step, from which seed."""

    tokens: int
    steps: int
    candidates: int
    seed: int


@dataclass(frozen=True, slots=True)
class FoundTrigger:
    """Where a step of the search ended: the trigger, its text, and the loss on all shots."""

    trigger: Trigger
    text: str
    loss: float


@dataclass(frozen=True, slots=True, eq=False)
class Shots:
    """What the loss of a trigger is over: a model, the classes' names, features (n, D) and labels (n,)."""

    model: OpenClipModel
    names: tuple[str, ...]
    features: torch.Tensor
    labels: torch.Tensor
    logit_scale: float

    def rows(self, chosen: torch.Tensor) -> Shots:
        """Return some of the shots."""
        return Shots(self.model, self.names, self.features[chosen], self.labels[chosen], self.logit_scale)

    def loss(self, context: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy of the names behind context vectors (L, width); differentiable in these."""
        from torch.nn import functional

        weights = functional.normalize(prompt_features(self.model, self.names, context, ending="").float(), dim=-1)
        return functional.cross_entropy(self.logit_scale * self.features @ weights.T, self.labels)

    def loss_of(self, trigger: Sequence[int]) -> float:
        """Return the loss of a trigger."""
        import torch

        with torch.no_grad():
            return float(self.loss(_vectors(self.model, trigger)))


def fit_trigger(basis: HeadBasis, use: AdapterUse) -> HeadState:
    """Return the text classifier (C, D) of the last trigger, with its text and its loss on the shots."""
    shots, how = _shots(basis, use), _search(use)
    last = list(search_triggers(shots, how))[-1]
    with shots.model.running():
        weights = prompt_features(shots.model, shots.names, _vectors(shots.model, last.trigger), ending="")
    return HeadState(normalise(weights.float().cpu().numpy()), {"trigger": last.text, "loss": last.loss})


def export_triggers(basis: HeadBasis, use: AdapterUse) -> bytes:
    """Return the log of a search, a line a step, in the form that prompt sets are read from."""
    steps = search_triggers(_shots(basis, use), _search(use))
    return "".join(f"{' '.join(map(str, step.trigger))}  # {step.text}\n" for step in steps).encode()


def search_triggers(shots: Shots, how: Search) -> Iterator[FoundTrigger]:
    """Yield the start and then where each step ended; the loss never rises."""
    import torch

    generator = torch.Generator().manual_seed(how.seed)
    with shots.model.running(gradients=True):
        trigger = _start(shots.model, how.tokens)
        loss = shots.loss_of(trigger)
        yield FoundTrigger(trigger, trigger_text(shots.model, trigger), loss)
        for number in range(how.steps):
            batch = shots.rows(torch.randperm(len(shots.labels), generator=generator)[:BATCH])
            tried = _best_candidate(batch, trigger, number % how.tokens, how.candidates)
            if tried is not None and (lower := shots.loss_of(tried)) < loss:
                trigger, loss = tried, lower
            yield FoundTrigger(trigger, trigger_text(shots.model, trigger), loss)


def first_order_gains(shots: Shots, trigger: Trigger, place: int) -> torch.Tensor:
    """Return by how much the loss falls, to first order, with each token of the vocabulary in a place (V,)."""
    import torch

    context = _vectors(shots.model, trigger).requires_grad_()
    (gradient,) = torch.autograd.grad(shots.loss(context), context)
    table = word_embedding(shots.model).weight.detach().float()
    gains: torch.Tensor = -(table - table[trigger[place]]) @ gradient[place].float()
    return gains


def _best_candidate(batch: Shots, trigger: Trigger, place: int, count: int) -> Trigger | None:
    """Return the trigger of the lowest loss on a batch, of so many with the best gains; None without any."""
    order = first_order_gains(batch, trigger, place).argsort(descending=True).tolist()
    tried = ((*trigger[:place], token, *trigger[place + 1 :]) for token in order if token != trigger[place])
    written = (each for each in tried if is_text(batch.model, each, batch.names[0]))
    candidates = [each for each, _ in zip(written, range(count), strict=False)]
    return min(candidates, key=batch.loss_of, default=None)


def is_text(model: OpenClipModel, trigger: Trigger, name: str) -> bool:
    """Say whether a trigger survives being written down: its text, alone and before a name, has its tokens.

    Marks, such as that of an unknown word, are not words.
    """
    text, name = trigger_text(model, trigger), name.replace("_", " ")
    return (
        not _marks(model).intersection(trigger)
        and text_tokens(model, text) == trigger
        and text_tokens(model, f"{text} {name}") == trigger + text_tokens(model, name)
    )


def trigger_text(model: OpenClipModel, trigger: Trigger) -> str:
    """Return the text of tokens, as the model's own tokenizer writes them."""
    tokenizer: Any = model.tokenizer
    decode = getattr(tokenizer, "decode", None) or tokenizer.tokenizer.decode
    text: str = decode(list(trigger))
    return " ".join(text.split())


def text_tokens(model: OpenClipModel, text: str) -> Trigger:
    """Return the tokens of a text between those of start and end, the largest of all."""
    tokens = model.tokenizer([text])[0].tolist()
    return tuple(tokens[1 : tokens.index(max(tokens))])


def _marks(model: OpenClipModel) -> frozenset[int]:
    tokenizer: Any = model.tokenizer
    return frozenset(getattr(tokenizer, "tokenizer", tokenizer).all_special_ids)


def _start(model: OpenClipModel, length: int) -> Trigger:
    """Return the start of the search: the words of the usual prompt, from the end on where fewer are asked for."""
    words = text_tokens(model, START)
    start = (words[:1] * max(0, length - len(words)) + words)[-length:]
    if text_tokens(model, trigger_text(model, start)) != start:
        raise ModelError(f"its tokenizer does not know {START!r}", expected="a tokenizer with these words")
    return start


def _vectors(model: OpenClipModel, trigger: Sequence[int]) -> torch.Tensor:
    embedding = word_embedding(model)
    vectors: torch.Tensor = embedding.weight[list(trigger)].detach().clone()
    return vectors


def _shots(basis: HeadBasis, use: AdapterUse) -> Shots:
    import torch

    model = require_text_tower(basis.model)
    assert basis.labels is not None, "triggers are searched on a training set"
    assert basis.features is not None, "triggers are searched on a training set"
    features, labels = (torch.tensor(each, device=model.device) for each in (basis.features, basis.labels))
    return Shots(model, basis.names, features, labels, basis.logit_scale)


def _search(use: AdapterUse) -> Search:
    adapter = adapter_named(use.name)
    return Search(*(int(adapter.option(use, name)) for name in ("tokens", "steps", "candidates", "seed")))


TRIGGER_SEARCH = prompts_from_shots(
    name="trigger-search",
    settings=(
        NumberOption(name="tokens", description="Tokens of the trigger.", default="4", whole=True, low=1),
        NumberOption(name="steps", description="Tokens that are looked at.", default="100", whole=True, low=1),
        NumberOption(name="candidates", description="Tokens tried a step.", default="16", whole=True, low=1),
    ),
    make_head=fit_trigger,
    export=export_triggers,
)
