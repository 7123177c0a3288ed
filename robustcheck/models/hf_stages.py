"""What the last block of an image tower of transformers gives, before any norm or pooling that follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def last_stage(tower: Any, run: Callable[[], object]) -> torch.Tensor:
    """Return what the last block gives while ``run`` runs the tower."""
    seen: list[Any] = []
    hook = blocks_of(tower)[-1].register_forward_hook(lambda block, given, found: seen.append(found))
    try:
        run()
    finally:
        hook.remove()
    stage: torch.Tensor = seen[0][0] if isinstance(seen[0], tuple) else seen[0]
    return stage


def blocks_of(tower: Any) -> Any:
    """Return the blocks of a tower: of its outermost lists of modules the longest."""
    from torch.nn import ModuleList

    lists = {name: part for name, part in tower.named_modules() if isinstance(part, ModuleList)}
    outermost = [part for name, part in lists.items() if not any(name.startswith(f"{other}.") for other in lists)]
    return max(outermost, key=len)


def as_grid(tokens: torch.Tensor, high: int, wide: int) -> torch.Tensor:
    """Return patch tokens (n, t, d) as (n, d, high, wide), without those that stand before the patches."""
    patches = tokens[:, tokens.shape[1] - high * wide :]
    return patches.transpose(1, 2).reshape(len(tokens), -1, high, wide)
