"""open_clip models: its names, checkpoint files, directories and hub repositories."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from robustcheck.errors import ModelError, ModelUnavailable
from robustcheck.models.encoders import Features, Precision
from robustcheck.models.openclip_names import check_architecture, check_tag
from robustcheck.models.openclip_tables import pretrained_source
from robustcheck.models.torch_running import inference, loaded, resolve_device, stack_batch, unit_rows
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    import torch

_TEXT_BATCH = 256


def load(ref: ModelRef, device: str, precision: Precision) -> OpenClipModel:
    """Load an open_clip model with its own preprocessing and tokenizer."""
    import open_clip
    from open_clip.transform import PreprocessCfg, image_transform_v2

    _require_architecture(ref)
    target = resolve_device(device)
    weights = _weights_path(ref)
    name, options = _creation(ref, weights)
    model = loaded(ref, lambda: open_clip.create_model(name, device=target, weights_only=True, **options))
    model.eval()
    configuration = getattr(model.visual, "preprocess_cfg", {})
    return OpenClipModel(
        preprocessing=json.dumps(configuration, sort_keys=True, default=str),
        logit_scale=float(model.logit_scale.detach().exp().mean()),
        logit_bias=_bias(model),
        model=model,
        transform=image_transform_v2(PreprocessCfg(**configuration), is_train=False),
        tokenizer=_tokenizer(ref, name),
        device=target,
        precision=precision,
    )


@dataclass(frozen=True, slots=True, eq=False)
class OpenClipModel:
    """A zero-shot model of open_clip, ready to encode."""

    preprocessing: str
    logit_scale: float
    logit_bias: float
    model: Any
    transform: Callable[[Image.Image], torch.Tensor]
    tokenizer: Callable[[list[str]], torch.Tensor]
    device: torch.device
    precision: Precision

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        """Return an image as this model's own evaluation transform makes it."""
        return self.transform(image)

    def encode_images(self, batch: Sequence[Any]) -> Features:
        """Return (n, d) image embeddings at unit norm."""
        with inference(self.device, self.precision):
            return unit_rows(self.model.encode_image(stack_batch(batch, self.device)))[: len(batch)]

    def encode_texts(self, texts: list[str]) -> Features:
        """Return (n, d) text embeddings at unit norm."""
        starts = range(0, len(texts), _TEXT_BATCH)
        return np.concatenate([self._encode_text_batch(texts[start : start + _TEXT_BATCH]) for start in starts])

    def _encode_text_batch(self, texts: list[str]) -> Features:
        with inference(self.device, self.precision):
            return unit_rows(self.model.encode_text(self.tokenizer(texts).to(self.device)))


def _require_architecture(ref: ModelRef) -> None:
    if ref.kind in ("openclip", "openclip-file"):
        check_architecture(ref.architecture, ref.text)


def _weights_path(ref: ModelRef) -> Path:
    if ref.weights is None:
        raise ModelError(
            "a reference without weights", where=ref.text, expected="a pretrained tag, a file or a directory"
        )
    match ref.kind:
        case "openclip":
            return _pretrained_file(ref, ref.weights)
        case "hf-hub":
            return _hub_directory(ref, ref.weights)
        case "openclip-file":
            return _existing(ref, Path(ref.weights), "a checkpoint file", Path.is_file)
    directory = _existing(ref, Path(ref.weights), "a directory with open_clip_config.json", Path.is_dir)
    _existing(ref, directory / "open_clip_config.json", "the configuration of the model", Path.is_file)
    return directory


def _existing(ref: ModelRef, path: Path, expected: str, is_there: Callable[[Path], bool]) -> Path:
    if not is_there(path):
        raise ModelUnavailable(f"{path} is not there", where=ref.text, expected=expected, fix="check the path")
    return path


def _pretrained_file(ref: ModelRef, tag: str) -> Path:
    from open_clip.pretrained import download_pretrained, get_pretrained_cfg

    check_tag(ref.architecture, tag, ref.text)
    configuration = get_pretrained_cfg(ref.architecture, tag)
    call = f"open_clip.create_model('{ref.architecture}', '{tag}')"
    fix = f'where there is a network: python -c "import open_clip; {call}"'
    return Path(_fetched(ref, lambda: download_pretrained(configuration), fix))


def _hub_directory(ref: ModelRef, repository: str) -> Path:
    from open_clip.pretrained import download_pretrained_from_hf

    fix = f"where there is a network: hf download {repository}"
    _fetched(ref, lambda: download_pretrained_from_hf(repository, filename="open_clip_config.json"), fix)
    return Path(_fetched(ref, lambda: download_pretrained_from_hf(repository), fix)).parent


def _fetched(ref: ModelRef, fetch: Callable[[], str], fix: str) -> str:
    """Call a download; what fails there is the network or the cache, so the weights cannot be had."""
    try:
        return fetch()
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelUnavailable(
            "its weights are not on this machine and cannot be fetched", where=ref.text, fix=fix
        ) from error


def _creation(ref: ModelRef, weights: Path) -> tuple[str, dict[str, Any]]:
    """Return open_clip's name for a reference and the options that make it load these weights or fail."""
    options: dict[str, Any] = {"require_pretrained": True}
    if ref.kind == "openclip-file":
        return ref.architecture, {**options, "pretrained": str(weights)}
    if ref.kind == "openclip":
        source = pretrained_source(ref.architecture, ref.weights or "")
        # Weights trained with QuickGELU score several points lower with GELU; open_clip only warns.
        quick = {"force_quick_gelu": True} if source is not None and source.quick_gelu else {}
        return ref.architecture, {**options, "pretrained": ref.weights, **quick}
    return (f"hf-hub:{ref.weights}" if ref.kind == "hf-hub" else f"local-dir:{weights}"), options


def _tokenizer(ref: ModelRef, name: str) -> Callable[[list[str]], torch.Tensor]:
    import open_clip

    fix = f"where there is a network: python -c \"import open_clip; open_clip.get_tokenizer('{name}')\""
    try:
        tokenizer: Callable[[list[str]], torch.Tensor] = open_clip.get_tokenizer(name)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise ModelUnavailable(
            f"its tokenizer cannot be loaded ({(str(error).splitlines() or [''])[0]})", where=ref.text, fix=fix
        ) from error
    return tokenizer


def _bias(model: Any) -> float:
    bias = getattr(model, "logit_bias", None)
    return 0.0 if bias is None else float(bias.detach().mean())
