"""The weights of a model of transformers: all of them, from safetensors, and none that it does not read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from robustcheck.errors import ModelError
from robustcheck.listing import name_first
from robustcheck.models.hf_kind import model_files

_LAYER = re.compile(r"[.][0-9]+[.]")
# Buffers that older versions of transformers saved.
_BUFFERS = ("position_ids", "inv_freq", "num_batches_tracked")


def load_weights(directory: Path, class_name: str, dtype: str = "float32", unread: tuple[str, ...] = ()) -> Any:
    """Return the model of a directory with all of its weights from safetensors, by a class of transformers.

    Those whose names begin with one of ``unread`` may be missing.
    """
    import torch
    import transformers

    model, found = getattr(transformers, class_name).from_pretrained(
        directory,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        dtype=getattr(torch, dtype),
        output_loading_info=True,
    )
    missing = sorted(key for key in found["missing_keys"] if not key.startswith(unread))
    if missing:  # transformers would go on with random ones
        raise RuntimeError(f"missing {name_first(missing, 3)}")
    _require_all_read(model, found["unexpected_keys"])
    _require_floats(model, directory)
    return model


def empty_model(directory: Path, class_name: str) -> Any:
    """Return the model that a directory describes, in float32, with weights that mean nothing: its own are not read."""
    import torch
    import transformers

    # The classes of transformers have no types for this.
    libraries: Any = transformers
    configuration = libraries.AutoConfig.from_pretrained(directory, trust_remote_code=False, local_files_only=True)
    return getattr(libraries, class_name).from_config(configuration, trust_remote_code=False, dtype=torch.float32)


def _require_all_read(model: Any, unexpected: Iterable[str]) -> None:
    """Refuse weights of layers that are not read: the configuration has fewer of them, or a layer has more parts.

    What is saved beside the layers (a pooling that is not used, buffers of older versions) changes nothing.
    """
    parts = {name for name, _ in model.named_children()}
    inside = (key for key in unexpected if key.partition(".")[0] in parts and _LAYER.search(key))
    unread = sorted(key for key in inside if not key.endswith(_BUFFERS))
    if unread:
        raise RuntimeError(f"unexpected {name_first(unread, 3)}")


def _require_floats(model: Any, directory: Path) -> None:
    """Refuse whole numbers in the place of weights: transformers would turn them into floats, without their scale."""
    from safetensors import safe_open

    own = model.state_dict()
    for path in (path for path in model_files(directory).values() if path.suffix == ".safetensors"):
        with safe_open(path, framework="pt") as file:
            kinds = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 - not a mapping
        whole = [name for name, kind in kinds.items() if kind[0] not in "BF" or kind == "BOOL"]
        if odd := [name for name in whole if name in own and own[name].is_floating_point()]:
            raise ModelError(
                f"{odd[0]} holds numbers of the type {kinds[odd[0]]}, the architecture floats",
                where=str(path),
                expected="weights in floating point",
                fix="turn a quantised checkpoint back into floating point first",
            )
