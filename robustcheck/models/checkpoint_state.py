"""The weights in a checkpoint file: which copy of them counts, and under which names.

A training run may keep a moving average (EMA) of its weights beside them. Where there is one, it counts: timm's own
loaders take it, and it is what such runs publish. The report says so. Names lose what wrappers put before or into them:
``module.`` (distributed training, averaged models) and ``_orig_mod.`` (torch.compile), in any order and nesting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcheck.errors import ModelError

if TYPE_CHECKING:
    import torch

AVERAGED = ("state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "ema")
_TRAINED = ("state_dict", "model", "model_state_dict", "module", "network", "net")
_COMPILED, _WRAPPED = "_orig_mod", "module"
# Before every name where the state of an object that holds the model was saved, as FLYP's and WiSE-FT's encoders do.
_HELD = "model."
_POINTER = b"version https://git-lfs"
# What torch's averaged models count beside the weights.
_COUNTERS = frozenset({"n_averaged"})


@dataclass(frozen=True, eq=False)
class CheckpointState:
    """The tensors of a checkpoint by name; ``remark`` says which copy they are, where the file holds several."""

    tensors: Mapping[str, torch.Tensor]
    remark: str = ""


def read_checkpoint(path: Path, device: str = "cpu") -> CheckpointState:
    """Read a checkpoint file without executing anything in it; raise ModelError where it holds no weights.

    On the device ``meta`` tensors have shapes and no numbers.
    """
    content = _content(path, device)
    named = {key: found for key, value in content.items() if (found := _weights_in(value))}
    averaged = next((key for key in AVERAGED if key in named), None)
    trained = next((key for key in _TRAINED if key in named), None)
    if averaged is not None:
        beside = f"; the weights under {trained} are not used" if trained else ""
        return CheckpointState(_bare(named[averaged]), f"the averaged weights (EMA) under {averaged} count{beside}")
    tensors = named[trained] if trained is not None else _weights_in(content)
    if not tensors:
        raise ModelError(
            "the checkpoint holds no weights",
            where=str(path),
            expected=f"tensors by name, or such under one of {', '.join((*_TRAINED, *AVERAGED))}",
        )
    return CheckpointState(_bare(tensors))


def fitted_names(tensors: Mapping[str, torch.Tensor], expected: Iterable[str]) -> dict[str, torch.Tensor]:
    """Return tensors under the names that a model expects, where a wrapper inside or around it was named too."""
    known = set(expected)
    if all(name.startswith(_HELD) and name.removeprefix(_HELD) in known for name in tensors):
        tensors = {name.removeprefix(_HELD): tensor for name, tensor in tensors.items()}
    return _renamed(tensors, lambda name: name if name in known or _without(name) not in known else _without(name))


def require_floats(tensors: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]) -> None:
    """Refuse whole numbers where an architecture has floats: torch would cut quantised weights off in silence."""
    for name, tensor in tensors.items():
        if name in own and own[name].is_floating_point() and not tensor.is_floating_point():
            raise ModelError(
                f"{name} holds numbers of the type {tensor.dtype}, the architecture {own[name].dtype}",
                expected="weights in floating point",
                fix="turn a quantised checkpoint back into floating point first",
            )


def _content(path: Path, device: str) -> Mapping[str, Any]:
    _refuse_pointer(path)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path) if device == "cpu" else _shapes(path, device)
    _require_torch_file(path)
    import argparse

    import torch

    # timm's training script keeps its arguments beside the weights: plain values, nothing that runs.
    with torch.serialization.safe_globals([argparse.Namespace]):
        content = torch.load(path, map_location=device, weights_only=True)
    if not isinstance(content, Mapping):
        raise ModelError("the checkpoint holds no weights", where=str(path), expected="tensors by name")
    return content


def _shapes(path: Path, device: str) -> dict[str, torch.Tensor]:
    """Return empty tensors of the shapes that stand in the header of a safetensors file."""
    import torch
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 - not a mapping
    return {name: torch.empty(shape, device=device) for name, shape in shapes.items()}


def _refuse_pointer(path: Path) -> None:
    """Tell the text that Git LFS leaves in the place of a large file from the file."""
    if _beginning(path).startswith(_POINTER):
        raise ModelError(
            "the file is a Git LFS pointer, not the weights", where=str(path), expected="weights", fix="git lfs pull"
        )


def _require_torch_file(path: Path) -> None:
    # torch writes a zip archive, and before version 1.6 wrote a pickle; what is neither ends in a KeyError there.
    if not _beginning(path).startswith((b"PK", b"\x80")):
        raise ModelError(
            "the file does not begin as a torch file does",
            where=str(path),
            expected="a whole file that torch.save wrote, or a .safetensors file",
            fix="copy or download it again",
        )


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_POINTER))


def _weights_in(value: Any) -> dict[str, torch.Tensor]:
    """Return the tensors of a mapping that holds nothing else by name; nothing for anything else."""
    import torch

    if not isinstance(value, Mapping):
        return {}
    kept = {name: tensor for name, tensor in value.items() if name not in _COUNTERS}
    is_state = all(isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in kept.items())
    return dict(kept) if is_state else {}


def _bare(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return _renamed(tensors, _bare_name)


def _bare_name(name: str) -> str:
    """Return a name without compiled wrappers anywhere and without other wrappers in front.

    >>> _bare_name("module._orig_mod.module.visual._orig_mod.conv1.weight")
    'visual.conv1.weight'
    """
    parts = [part for part in name.split(".") if part != _COMPILED]
    while len(parts) > 1 and parts[0] == _WRAPPED:
        del parts[0]
    return ".".join(parts)


def _without(name: str) -> str:
    return ".".join(part for part in name.split(".") if part != _WRAPPED)


def _renamed(tensors: Mapping[str, torch.Tensor], rename: Any) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        new = rename(name)
        if new in found:
            raise ModelError(f"the checkpoint holds two tensors for {new}", expected="one copy of the weights")
        found[new] = tensor
    return found
