"""Put a checkpoint of a user into a model of open_clip: as open_clip itself does, but never resized in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcheck.errors import ModelError
from robustcheck.models.checkpoint_state import CheckpointState, fitted_names, read_checkpoint, require_floats

if TYPE_CHECKING:
    import torch

# What open_clip looks for in a directory.
DIRECTORY_SUFFIXES = (".safetensors", ".bin", ".pth")
_IMAGE_POSITIONS, _TEXT_POSITIONS = "visual.positional_embedding", "positional_embedding"
_POSITION_IDS = "text.transformer.embeddings.position_ids"
_WAY_OUT = (
    "write a directory with open_clip_config.json (its model_cfg with the checkpoint's own image_size and "
    "context_length) and the weights, and name it local-dir:PATH"
)


def one_checkpoint(directory: Path) -> Path:
    """Return the only checkpoint of a directory; raise ModelError where there is none, or more than one."""
    found = sorted(path for path in directory.iterdir() if path.suffix in DIRECTORY_SUFFIXES and path.is_file())
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise ModelError(
            f"{len(found)} checkpoints: {names}" if found else "weights could not be loaded: there is no checkpoint",
            where=str(directory),
            expected="one file of weights, " + ", ".join(f"*{suffix}" for suffix in DIRECTORY_SUFFIXES),
            fix="keep the one that is meant" if found else "copy the weights beside the configuration",
        )
    return found[0]


def filled(model: Any, path: Path, *, may_resize: bool) -> str:
    """Load a checkpoint into a model, strictly; return what is worth saying of it.

    Position embeddings of another length are resized only where the configuration that asks for it is the user's own.
    """
    state: CheckpointState = read_checkpoint(path)
    tensors = _converted(model, fitted_names(state.tensors, model.state_dict()))
    resized = _resized(model, tensors, may_resize)
    require_floats(tensors, model.state_dict())
    model.load_state_dict(tensors, strict=True)
    return "; ".join(filter(None, (state.remark, resized)))


def _converted(model: Any, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a state under the names of a model, from each form that open_clip reads."""
    import torch
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict

    tensors = dict(convert_state_dict(model, tensors))
    if _TEXT_POSITIONS in tensors and not hasattr(model, "positional_embedding"):
        tensors = dict(convert_to_custom_text_state_dict(tensors))
    if "logit_bias" not in tensors and getattr(model, "logit_bias", None) is not None and "logit_scale" in tensors:
        tensors["logit_bias"] = torch.zeros_like(tensors["logit_scale"])
    own = model.state_dict()
    for name in {"logit_scale", "logit_bias"} & tensors.keys() & own.keys():
        tensors[name] = tensors[name].reshape(own[name].shape)
    if _POSITION_IDS in tensors and _POSITION_IDS not in own:
        del tensors[_POSITION_IDS]
    return tensors


def _resized(model: Any, tensors: dict[str, torch.Tensor], may_resize: bool) -> str:
    """Resize position embeddings as open_clip does, or refuse to; return what was resized, in words."""
    from open_clip.model import resize_pos_embed, resize_text_pos_embed

    text = _TEXT_POSITIONS if _TEXT_POSITIONS in tensors else f"text.{_TEXT_POSITIONS}"
    ways: tuple[tuple[str, str, Callable[[Any, Any], None]], ...] = (
        (_IMAGE_POSITIONS, "image", resize_pos_embed),
        (text, "text", resize_text_pos_embed),
    )
    said = []
    own = model.state_dict()
    for name, tower, resize in ways:
        if name not in tensors or name not in own or tensors[name].shape[0] == own[name].shape[0]:
            continue
        found = f"{tensors[name].shape[0]} {tower} positions, {own[name].shape[0]} in the configuration"
        if not may_resize:
            raise ModelError(
                f"the checkpoint has {found}: another {'image size' if tower == 'image' else 'context length'}",
                expected="a checkpoint of the architecture as it is named",
                fix=_WAY_OUT,
            )
        resize(tensors, model)
        said.append(f"position embeddings were resized: the checkpoint has {found}")
    return "; ".join(said)
