"""``+coop@FILE``: a classifier from learnt context vectors in the place of prompt words (Zhou 2022).

The text of a class is [start] v_1 ... v_M NAME . [end], where the v are vectors in the space of the text tower's word
embeddings. FILE holds them as ``ctx`` (M, width): a checkpoint as CoOp releases it (``state_dict`` with ``ctx``; the
token suffix in it is left out, since it belongs to one class list), or safetensors. Its ``token_prefix`` is the word
embedding of [start], by which another text tower of the same width is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from robustcheck.adapters import tensors
from robustcheck.adapters.shots import SEED, pick_shots
from robustcheck.errors import ModelError
from robustcheck.measure.option import NumberOption
from robustcheck.models.adapter import Adapter, HeadBasis, HeadState
from robustcheck.models.encoders import LoadedModel
from robustcheck.models.encoders_openclip import OpenClipModel
from robustcheck.models.model_errors import reason_of
from robustcheck.outputs.logits import TextHead, cosines, normalise, zero_shot_logits
from robustcheck.values import AdapterUse

if TYPE_CHECKING:
    import torch

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

CONTEXT = "ctx"
START = "token_prefix"
# Fine-tuning and half precision move an embedding less; those of two trainings have nothing in common (cosine near 0).
_SAME = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class LearntContext:
    """Context vectors (M, width), and the word embedding of [start] (width,) that they were learnt behind, if told."""

    vectors: Features
    start: Features | None


def make_prompts(basis: HeadBasis, use: AdapterUse) -> HeadState:
    """Return the text classifier (C, D) of the context in the file."""
    import torch

    assert use.file is not None, "the reference names a file"
    model = require_text_tower(basis.model)
    learnt = read_context(Path(use.file))
    context = torch.tensor(learnt.vectors, device=model.device)
    _require_width(model, context, use.file)
    told = _compare_towers(model, learnt, use.file)
    with model.running():
        weights = prompt_features(model, basis.names, context)
    return HeadState(normalise(weights.float().cpu().numpy()), {"context": len(context), "text tower": told})


def prompt_logits(features: Features, basis: HeadBasis, state: HeadState, use: AdapterUse) -> Floats:
    """Return s f W' + b with the learnt classifier."""
    head = TextHead(state.array, basis.logit_scale, basis.logit_bias)
    return zero_shot_logits(cosines(features, head), head)


def prompts_from_shots(
    name: str,
    settings: tuple[NumberOption, ...],
    make_head: Callable[[HeadBasis, AdapterUse], HeadState],
    export: Callable[[HeadBasis, AdapterUse], bytes],
) -> Adapter:
    """Return an adapter that learns prompts from a few images of each class, through the text tower."""
    shots = NumberOption(name="shots", description="Images of each class.", default="16", whole=True, low=1)
    return Adapter(
        name=name,
        sort="head",
        argument="nothing",
        settings=(shots, *settings, SEED),
        requires=frozenset({"embeds images", "embeds text"}),
        learns=True,
        needs_model=True,
        libraries=("open_clip_torch", "torch"),
        pick=pick_shots,
        make_head=make_head,
        head_logits=prompt_logits,
        tensor_logits=tensors.text,
        export=export,
    )


def read_context(path: Path) -> LearntContext:
    """Return the context of a file; nothing in it is executed."""
    import torch

    found = _tensors(path)
    inner = found.get("state_dict", found)
    state = {str(name): value for name, value in inner.items()} if isinstance(inner, Mapping) else {}
    names = [name for name in state if name == CONTEXT or name.endswith(f".{CONTEXT}")]
    value = state[names[0]] if len(names) == 1 else None
    if not isinstance(value, torch.Tensor) or value.ndim != 2 or not value.is_floating_point() or value.is_sparse:
        raise ModelError(
            f"no context vectors {CONTEXT} of the form (M, width)",
            where=str(path),
            expected="a checkpoint of CoOp with one context for all classes",
        )
    context = np.asarray(value.detach().float().cpu().numpy(), dtype=np.float32)
    if not context.size or not np.isfinite(context).all():
        raise ModelError("context vectors that are none, NaN or infinite", where=str(path), expected="finite numbers")
    return LearntContext(context, _start_in(state, names[0].removesuffix(CONTEXT)))


def _start_in(state: Mapping[str, Any], prefix: str) -> Features | None:
    """Return the word embedding of [start] that stands beside a context, (C, 1, width) or (1, width)."""
    import torch

    value = state.get(f"{prefix}{START}")
    if not isinstance(value, torch.Tensor) or not value.is_floating_point() or value.is_sparse or not value.numel():
        return None
    rows = value.detach().float().cpu().reshape(-1, value.shape[-1]).numpy()
    return np.asarray(rows[0], dtype=np.float32)


def _tensors(path: Path) -> Mapping[str, Any]:
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            "the file holds pickled objects, which are never executed",
            where=str(path),
            expected="tensors only",
            fix="where you trust it: torch.save({'state_dict': {'ctx': checkpoint['state_dict']['ctx']}}, FILE)",
        ) from error
    # Damage shows as whatever torch's readers meet.
    except (
        SafetensorError, OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError,
    ) as error:  # fmt: skip
        raise ModelError(
            f"the file cannot be read ({reason_of(error)})",
            where=str(path),
            expected="a whole safetensors or torch file",
            fix="copy or download it again",
        ) from error
    return found if isinstance(found, Mapping) else {}


def require_text_tower(model: LoadedModel | None) -> OpenClipModel:
    """Return a model whose text tower takes word embeddings; raise ModelError for another."""
    if isinstance(model, OpenClipModel) and word_embedding(model) is not None:
        return model
    raise ModelError(
        "its text tower takes no context vectors",
        expected="a model of open_clip with a text transformer of its own",
    )


def _require_width(model: OpenClipModel, context: torch.Tensor, file: str) -> None:
    """Raise ModelError where a context belongs to another text tower: its length would be told first otherwise."""
    width = word_embedding(model).embedding_dim
    if context.shape[1] != width:
        raise ModelError(
            f"context vectors of width {context.shape[1]}, and word embeddings of width {width}",
            where=file,
            expected="a context that was learnt for this text tower",
            fix="put it on the model that it was learnt on, or learn one: robustcheck learn MODEL+coop-train",
        )


def _compare_towers(model: OpenClipModel, learnt: LearntContext, file: str) -> str:
    """Say what is known of the text tower that a context was learnt on; raise ModelError where it is another."""
    if learnt.start is None:
        return "not told by the file, only its width is this one's"
    own = start_embedding(model).float().cpu().numpy().astype(np.float64)
    there = learnt.start.astype(np.float64)
    lengths = np.linalg.norm(own) * np.linalg.norm(there)
    if own.shape == there.shape and own @ there >= _SAME * lengths > 0:
        return "as the file has it"
    raise ModelError(
        f"the context was learnt on another text tower: its {START} is not this one's",
        where=file,
        expected="a context that was learnt for this text tower",
        fix="put it on the model that it was learnt on, or learn one: robustcheck learn MODEL+coop-train",
    )


def start_embedding(model: OpenClipModel) -> torch.Tensor:
    """Return the word embedding (width,) of the token that begins each text."""
    first = model.tokenizer(["a"])[0, 0]
    weight: torch.Tensor = word_embedding(model).weight
    return weight.detach()[int(first)]


def prompt_features(
    model: OpenClipModel, names: Sequence[str], context: torch.Tensor, ending: str = "."
) -> torch.Tensor:
    """Return the text features (C, D) of classes behind context vectors; differentiable in these."""
    tokens = prompt_tokens(model, names, len(context), ending).to(model.device)
    with _spliced(word_embedding(model), context):
        features: torch.Tensor = model.model.encode_text(tokens)
    return features


def prompt_tokens(model: OpenClipModel, names: Sequence[str], length: int, ending: str = ".") -> torch.Tensor:
    """Return the tokens of each class's name with ``length`` places left free after the first; raise where it is long.

    The free places hold the first token again: it is never the largest, by which open_clip finds the end of a text.
    """
    import torch

    tokens = model.tokenizer([f"{name.replace('_', ' ')}{ending}" for name in names])
    places = tokens.shape[1]
    longest = int(tokens.argmax(dim=1).max()) + length
    if longest >= places:
        raise ModelError(
            f"{length} context vectors and a name need {longest + 1} places of {places}",
            expected=f"at most {places - 1 - (longest - length)} vectors, or shorter names",
            fix="learn fewer: +coop-train:context=4",
        )
    free = tokens[:, :1].expand(-1, length)
    return torch.cat([tokens[:, :1], free, tokens[:, 1 : places - length]], dim=1)


def word_embedding(model: OpenClipModel) -> Any:
    """Return the module that turns tokens into vectors, or None where the text tower has none of that form."""
    towers = (model.model, getattr(model.model, "text", None))
    return next((found for tower in towers if (found := getattr(tower, "token_embedding", None)) is not None), None)


@contextmanager
def _spliced(embedding: Any, context: torch.Tensor) -> Iterator[None]:
    """Put context vectors in the free places of what the word embedding gives."""
    import torch

    def splice(module: Any, given: Any, words: torch.Tensor) -> torch.Tensor:
        own = context.to(words).expand(len(words), -1, -1)
        return torch.cat([words[:, :1], own, words[:, 1 + len(context) :]], dim=1)

    hook = embedding.register_forward_hook(splice)
    try:
        yield
    finally:
        hook.remove()


COOP = Adapter(
    name="coop",
    sort="head",
    argument="file",
    settings=(),
    requires=frozenset({"embeds images", "embeds text"}),
    learns=False,
    needs_model=True,
    libraries=("open_clip_torch",),
    make_head=make_prompts,
    head_logits=prompt_logits,
    tensor_logits=tensors.text,
)
