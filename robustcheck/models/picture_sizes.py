"""Image towers on pictures of another size than the one that they were trained at.

Towers without positions (CNNs) take every size. Of the others a copy is made that shares all weights but the
positional embedding, which is resized: bicubic, with antialiasing, as timm and open_clip do it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

# The cells of a CNN's map are brought to this side in pixels, which is that of most ViTs' patches.
CNN_CELL = 16


def sized_tower(tower: Any, high: int, wide: int) -> Any:
    """Return an image tower of open_clip or timm for pictures of a size: itself, or a copy that shares its weights."""
    if hasattr(tower, "trunk"):  # open_clip around a model of timm
        return sized_trunk(tower.trunk, high, wide)
    if not hasattr(tower, "positional_embedding") or not hasattr(tower, "grid_size"):
        return tower
    grid = (high // tower.patch_size[0], wide // tower.patch_size[1])
    if grid == tuple(tower.grid_size):
        return tower
    sized = _shared_copy(tower)
    sized.positional_embedding = _resized_positions(tower.positional_embedding, tuple(tower.grid_size), grid)
    sized.grid_size, sized.image_size = grid, (high, wide)
    return sized


def sized_trunk(trunk: Any, high: int, wide: int) -> Any:
    """Return a model of timm for pictures of a size: itself, or a copy that shares its weights."""
    embed = getattr(trunk, "patch_embed", None)
    if not hasattr(trunk, "set_input_size") or tuple(getattr(embed, "img_size", None) or ()) == (high, wide):
        return trunk
    sized = _shared_copy(trunk)
    sized.set_input_size(img_size=(high, wide))
    return sized


def patch_side(tower: Any) -> int | None:
    """Return the side of the patches that a tower of open_clip or timm keeps to its last block; None for a CNN."""
    if hasattr(tower, "trunk"):
        return patch_side(tower.trunk)
    if hasattr(tower, "positional_embedding") and hasattr(tower, "patch_size"):
        return int(tower.patch_size[0])
    stages = getattr(tower, "feature_info", None)
    sides = {stage["reduction"] for stage in stages} if isinstance(stages, list) else set()
    # Towers of one grid name the same reduction after every block, CNNs and hierarchical towers a growing one.
    return int(sides.pop()) if len(sides) == 1 else None


def padded_to_cells(images: torch.Tensor, side: int) -> torch.Tensor:
    """Return images (n, 3, h, w) with zeros around them, so that both sides are multiples of ``side``.

    As probe3d's center_padding: where one side fits and the other does not, the one that fits gets a whole cell too.
    """
    from torch.nn import functional

    over_high, over_wide = images.shape[2] % side, images.shape[3] % side
    if not over_high and not over_wide:
        return images
    high, wide = side - over_high, side - over_wide
    return functional.pad(images, (wide // 2, wide - wide // 2, high // 2, high - high // 2))


def _shared_copy(module: Any) -> Any:
    """Return a copy of a module whose parameters and buffers are the same tensors."""
    shared = [*module.parameters(), *module.buffers()]
    return copy.deepcopy(module, {id(tensor): tensor for tensor in shared})


def _resized_positions(table: torch.Tensor, old: tuple[int, ...], new: tuple[int, int]) -> Any:
    """Return a positional embedding (prefix + h w, d) for another grid; what stands before the patches stays."""
    import torch
    from torch.nn import functional

    prefix = len(table) - old[0] * old[1]
    grid = table[prefix:].float().T.reshape(1, -1, *old)
    resized = functional.interpolate(grid, size=new, mode="bicubic", align_corners=False, antialias=True)
    joined = torch.cat([table[:prefix].float(), resized.flatten(2)[0].T]).to(table.dtype)
    return torch.nn.Parameter(joined, requires_grad=table.requires_grad)
