"""timm classifiers: its names and checkpoint files."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcheck.errors import ModelError, ModelUnavailable, did_you_mean
from robustcheck.models.checkpoint_state import fitted_names, read_checkpoint, require_floats
from robustcheck.models.encoders import Precision
from robustcheck.models.model_errors import is_out_of_memory
from robustcheck.models.picture_sizes import patch_side, sized_trunk
from robustcheck.models.torch_geometry import split_transform
from robustcheck.models.torch_models import Classifier
from robustcheck.models.torch_running import loaded, on_device, resolve_device
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class TimmModel(Classifier):
    """A supervised classifier of timm, ready to run."""

    def _last_features(self, images: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.model.forward_head(self.model.forward_features(images), pre_logits=True)
        return features

    @property
    def patch_side(self) -> int | None:
        """Return the side of the patches; None for a CNN."""
        return patch_side(self.model)

    def _feature_map(self, images: torch.Tensor) -> torch.Tensor:
        stages: list[torch.Tensor] = sized_trunk(self.model, *images.shape[2:]).forward_intermediates(
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
    model, remark = _from_file(ref)
    return _ready(ref, model, device, precision, remark)


def outline_timm(ref: ModelRef, precision: Precision) -> TimmModel:
    """Build one on the meta device: its weights have shapes and no numbers; of a file only the shapes are read."""
    import torch

    timm: Any = importlib.import_module("timm")
    _require_name(ref)
    tensors: Mapping[str, Any] = {}
    if ref.weights is not None:
        tensors = loaded(ref, lambda: read_checkpoint(Path(str(ref.weights)), "meta").tensors)
    with torch.device("meta"):
        options = _head_options(ref.architecture, tensors) if tensors else {}
        model = timm.create_model(ref.architecture, pretrained=False, **options)
    return _ready(ref, model, "meta", precision)


def _ready(ref: ModelRef, model: Any, device: str, precision: Precision, remark: str = "") -> TimmModel:
    """Return a timm module with its own preprocessing, on its device."""
    data: Any = importlib.import_module("timm.data")

    target = resolve_device(device)
    configuration = data.resolve_model_data_config(model)
    geometry, normalisation = split_transform(data.create_transform(**configuration, is_training=False), ref.text)
    return TimmModel(
        model=on_device(model, target, precision),
        geometry=geometry,
        normalisation=normalisation,
        device=target,
        precision=precision,
        remark=remark,
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


def _from_file(ref: ModelRef) -> tuple[Any, str]:
    path = Path(ref.weights or "")
    if not path.is_file():
        raise ModelUnavailable(
            f"{path} is not there", where=ref.text, expected="a checkpoint file", fix="check the path"
        )
    return loaded(ref, lambda: _build(ref.architecture, path))


def _build(architecture: str, path: Path) -> tuple[Any, str]:
    """Return timm's model with the weights of a file, with as many outputs as its heads have there."""
    timm: Any = importlib.import_module("timm")
    state = read_checkpoint(path)
    model = timm.create_model(architecture, pretrained=False, **_head_options(architecture, state.tensors))
    tensors = fitted_names(state.tensors, model.state_dict())
    require_floats(tensors, model.state_dict())
    model.load_state_dict(tensors, strict=True)
    return model, state.remark


def _head_options(architecture: str, tensors: Mapping[str, Any]) -> dict[str, int]:
    """Return the option that gives an architecture as many outputs as the head of a checkpoint has."""
    timm: Any = importlib.import_module("timm")
    configuration = timm.create_model(architecture, pretrained=False).default_cfg
    count = head_outputs(tensors, configuration.get("classifier"))
    return {} if count is None else {"num_classes": count}


def head_outputs(tensors: Mapping[str, Any], classifier: str | Sequence[str] | None) -> int | None:
    """Return how many outputs the head of a checkpoint has, or None where it is under none of the architecture's names.

    An architecture may have several heads (a distilled one beside its own), which have the same outputs, or none.
    """
    names = (classifier,) if isinstance(classifier, str) else tuple(classifier or ())
    found = {len(tensors[weight]) for name in names if (weight := f"{name}.weight") in tensors}
    if len(found) > 1:
        raise ModelError(
            f"its heads {', '.join(names)} have {' and '.join(map(str, sorted(found)))} outputs",
            expected="heads of the same classes",
        )
    return found.pop() if found else None
