"""timm classifiers: its names and checkpoint files."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from robustcheck.errors import ModelError, ModelUnavailable, did_you_mean
from robustcheck.models.encoders import Features, Precision
from robustcheck.models.torch_running import inference, loaded, resolve_device, stack_batch
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    import torch


def load(ref: ModelRef, device: str, precision: Precision) -> TimmModel:
    """Load a timm classifier with its own preprocessing."""
    data: Any = importlib.import_module("timm.data")

    _require_name(ref)
    target = resolve_device(device)
    model = _from_file(ref) if ref.kind == "timm-file" else _pretrained(ref)
    configuration = data.resolve_model_data_config(model)
    return TimmModel(
        preprocessing=f"timm {sorted(configuration.items())}",
        class_count=int(model.num_classes),
        model=model.to(target).eval(),
        transform=data.create_transform(**configuration, is_training=False),
        device=target,
        precision=precision,
    )


@dataclass(frozen=True, slots=True, eq=False)
class TimmModel:
    """A supervised classifier of timm, ready to run."""

    preprocessing: str
    class_count: int
    model: Any
    transform: Callable[[Image.Image], torch.Tensor]
    device: torch.device
    precision: Precision

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        """Return an image as this model's own evaluation transform makes it."""
        return self.transform(image)

    def logits(self, batch: Sequence[Any]) -> Features:
        """Return (n, C) class scores in float32."""
        with inference(self.device, self.precision):
            outputs = self.model(stack_batch(batch, self.device))
            return np.asarray(outputs.float().cpu().numpy()[: len(batch)], dtype=np.float32)


def _require_name(ref: ModelRef) -> None:
    import timm

    name = ref.architecture.partition(".")[0]
    if not timm.is_model(name):
        raise ModelError(
            f"timm has no model {name!r}",
            where=ref.text,
            expected="a name of timm.list_models()",
            fix=did_you_mean(name, timm.list_models()) or "check the name",
        )


def _pretrained(ref: ModelRef) -> Any:
    import timm

    try:
        return timm.create_model(ref.architecture, pretrained=True)
    except OSError as error:
        raise ModelUnavailable(
            "its weights are not on this machine and cannot be fetched",
            where=ref.text,
            fix=f"where there is a network: hf download timm/{ref.architecture}",
        ) from error
    except RuntimeError as error:
        raise ModelError(str(error).splitlines()[0], where=ref.text, expected="a pretrained tag of timm") from error


def _from_file(ref: ModelRef) -> Any:
    path = Path(ref.weights or "")
    if not path.is_file():
        raise ModelUnavailable(
            f"{path} is not there", where=ref.text, expected="a checkpoint file", fix="check the path"
        )
    return loaded(ref, lambda: _build(ref.architecture, path))


def _build(architecture: str, path: Path) -> Any:
    timm: Any = importlib.import_module("timm")
    state = timm.models.load_state_dict(str(path), use_ema=False, weights_only=True)
    classifier = f"{timm.create_model(architecture, pretrained=False).default_cfg['classifier']}.weight"
    outputs = {"num_classes": len(state[classifier])} if classifier in state else {}
    model = timm.create_model(architecture, pretrained=False, **outputs)
    model.load_state_dict(state, strict=True)
    return model
