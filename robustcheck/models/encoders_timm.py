"""timm classifiers: its names and checkpoint files."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcheck.errors import ModelError, ModelUnavailable, did_you_mean
from robustcheck.models.encoders import Precision
from robustcheck.models.model_errors import is_out_of_memory
from robustcheck.models.torch_geometry import split_transform
from robustcheck.models.torch_models import Classifier
from robustcheck.models.torch_running import loaded, resolve_device
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class TimmModel(Classifier):
    """A supervised classifier of timm, ready to run."""

    def _last_features(self, images: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.model.forward_head(self.model.forward_features(images), pre_logits=True)
        return features

    def _feature_map(self, images: torch.Tensor) -> torch.Tensor:
        stages: list[torch.Tensor] = self.model.forward_intermediates(
            images, indices=1, intermediates_only=True, output_fmt="NCHW"
        )
        return stages[-1]


def load_timm_name(ref: ModelRef, device: str, precision: Precision) -> TimmModel:
    """Load a model of timm's own table."""
    _require_name(ref)
    return _ready(ref, _pretrained(ref), device, precision)


def load_timm_file(ref: ModelRef, device: str, precision: Precision) -> TimmModel:
    """Load a checkpoint file into its architecture."""
    _require_name(ref)
    return _ready(ref, _from_file(ref), device, precision)


def _ready(ref: ModelRef, model: Any, device: str, precision: Precision) -> TimmModel:
    """Return a timm module with its own preprocessing, on its device."""
    data: Any = importlib.import_module("timm.data")

    target = resolve_device(device)
    configuration = data.resolve_model_data_config(model)
    geometry, normalisation = split_transform(data.create_transform(**configuration, is_training=False), ref.text)
    return TimmModel(
        model=model.to(target).eval(),
        geometry=geometry,
        normalisation=normalisation,
        device=target,
        precision=precision,
        class_count=int(model.num_classes),
    )


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
        if is_out_of_memory(error):
            raise
        raise ModelUnavailable(
            "its weights are not on this machine and cannot be fetched",
            where=ref.text,
            fix=f"where there is a network: hf download timm/{ref.architecture}",
        ) from error
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
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
