"""Text towers of open_clip: short texts without their padding, and what makes two towers one.

A causal tower reads a text's embedding off the place of its end token, which sees nothing behind it. So the padding up
to 77 tokens, five sixths of a class name in a template, changes nothing and need not be run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

# Texts on which tokenizers of other towers differ: case, punctuation, spaces, accents, other scripts, length.
TOKENIZER_PROBE = ("A Photo of a CAT, isn't it?", "caf\u00e9_n\u00ba 5", "  \u732b  \u0434\u0430 ", "word " * 120)
_AT_THE_END = ("argmax", "eos")
# So few lengths that a device does not meet a new shape in every batch.
_STEP = 8


def reads_to_the_end_only(model: Any) -> bool:
    """Say whether padding behind a text's end token cannot change its embedding."""
    import open_clip

    is_plain = type(model) is open_clip.CLIP
    return is_plain and model.attn_mask is not None and model.text_pool_type in _AT_THE_END


def short_text_features(model: Any, tokens: torch.Tensor) -> torch.Tensor:
    """Return the text features of tokens (n, length), run up to the last end token only.

    The model must be one of which ``reads_to_the_end_only`` holds; zeros pad the texts.
    """
    from open_clip.transformer import text_global_pool

    # A text may hold the token 0 too; nothing but padding follows the last other one.
    used = int((tokens != 0).any(dim=0).nonzero().max()) + 1
    tokens = tokens[:, : min(tokens.shape[1], -(-used // _STEP) * _STEP)]
    # This is CLIP.encode_text, with positions and mask cut to the length at hand.
    dtype, length = model.transformer.get_cast_dtype(), tokens.shape[1]
    states = model.token_embedding(tokens).to(dtype) + model.positional_embedding[:length].to(dtype)
    states = model.ln_final(model.transformer(states, attn_mask=model.attn_mask[:length, :length]))
    pooled: torch.Tensor = text_global_pool(
        states, tokens, model.text_pool_type, eos_token_id=getattr(model, "text_eos_id", None)
    )
    return _projected(pooled, model.text_projection)


def _projected(pooled: torch.Tensor, projection: Any) -> torch.Tensor:
    if projection is None:
        return pooled
    projected: torch.Tensor = projection(pooled) if callable(projection) else pooled @ projection
    return projected


def tower_digest(state: Mapping[str, torch.Tensor], tokens: torch.Tensor, *facts: str) -> str:
    """Return the sha256 of weights by name, of what a tokenizer made of a probe, and of facts."""
    import torch

    digest = hashlib.sha256(repr(facts).encode())
    for name in sorted(state):
        part = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {part.dtype} {tuple(part.shape)}".encode())
        digest.update(part.reshape(-1).view(torch.uint8).numpy().tobytes())
    digest.update(tokens.cpu().numpy().tobytes())
    return digest.hexdigest()
