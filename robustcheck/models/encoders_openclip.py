"""open_clip models: its names, checkpoint files, directories and hub repositories."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcheck.errors import ModelError, ModelUnavailable
from robustcheck.models.encoders import Precision
from robustcheck.models.foreign_code import without_foreign_code
from robustcheck.models.openclip_files import file_architecture
from robustcheck.models.openclip_kinds import CONFIGURATION
from robustcheck.models.openclip_names import check_architecture, check_tag
from robustcheck.models.openclip_tables import pretrained_source
from robustcheck.models.openclip_texts import TOKENIZER_PROBE, reads_to_the_end_only, short_text_features, tower_digest
from robustcheck.models.openclip_weights import filled, one_checkpoint
from robustcheck.models.picture_sizes import patch_side, sized_tower
from robustcheck.models.torch_geometry import split_transform
from robustcheck.models.torch_models import OUTLINED_SCALE, DualEncoder
from robustcheck.models.torch_running import loaded, on_device, resolve_device
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class OpenClipModel(DualEncoder):
    """A zero-shot model of open_clip, ready to encode."""

    tokenizer: Callable[[list[str]], torch.Tensor]

    @property
    def image_tower(self) -> Any:
        """The module that images go through."""
        return self.model.visual

    def _image_features(self, images: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.model.encode_image(images)
        return features

    def _text_features(self, texts: list[str]) -> torch.Tensor:
        tokens = self._tokens(texts).to(self.device)
        return short_text_features(self.model, tokens) if reads_to_the_end_only(self.model) else self._whole(tokens)

    def _whole(self, tokens: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.model.encode_text(tokens)
        return features

    @cached_property
    def text_tower(self) -> str:
        """Return a digest of all that decides a text's embedding, the same for models that share a text tower."""
        state = {name: part for name, part in self.model.state_dict().items() if not name.startswith("visual.")}
        tokens = self.tokenizer(list(TOKENIZER_PROBE))
        return tower_digest(state, tokens, type(self.model).__name__, self.precision)

    def _tokens(self, texts: list[str]) -> torch.Tensor:
        """Return tokens that the text tower knows: one that it does not know would break a GPU for all models."""
        tokens, known = self.tokenizer(texts), _vocabulary_size(self.model)
        if known is not None and int(tokens.max()) >= known:
            raise ModelError(
                f"its tokenizer gives the token {int(tokens.max())}, its text tower knows {known}",
                expected="a tokenizer and a text tower of one vocabulary",
                fix="check tokenizer and vocab_size in the model's configuration",
            )
        return tokens

    @property
    def patch_side(self) -> int | None:
        """Return the side of the image tower's patches; None for a CNN."""
        return patch_side(self.model.visual)

    def _feature_map(self, images: torch.Tensor) -> torch.Tensor:
        tower = sized_tower(self.model.visual, *images.shape[2:])
        found = tower.forward_intermediates(images, indices=1, intermediates_only=True, output_fmt="NCHW")
        # A tower of timm gives the list itself.
        stages: list[torch.Tensor] = found["image_intermediates"] if isinstance(found, dict) else found
        return stages[-1]


def load_openclip_name(ref: ModelRef, device: str, precision: Precision) -> OpenClipModel:
    """Load a model of open_clip's own table."""
    check_architecture(ref.architecture, ref.text)
    tag = _weights(ref)
    _fetch_pretrained(ref, tag)
    return _load(ref, device, precision, pretrained=tag)


def load_openclip_file(ref: ModelRef, device: str, precision: Precision) -> OpenClipModel:
    """Load a checkpoint file of a training run into its architecture, preprocessed as the architecture's tags are."""
    path = _existing(ref, Path(_weights(ref)), "a checkpoint file", Path.is_file)
    return _load(ref, device, precision, checkpoint=path)


def load_openclip_directory(ref: ModelRef, device: str, precision: Precision) -> OpenClipModel:
    """Load a directory in open_clip's form."""
    directory = _existing(ref, Path(_weights(ref)), f"a directory with {CONFIGURATION}", Path.is_dir)
    _existing(ref, directory / CONFIGURATION, "the configuration of the model", Path.is_file)
    return _load(ref, device, precision, checkpoint=one_checkpoint(directory))


def load_openclip_repository(ref: ModelRef, device: str, precision: Precision) -> OpenClipModel:
    """Load a repository of the hub in open_clip's form."""
    _fetch_repository(ref, _weights(ref))
    return _load(ref, device, precision)


def outline_openclip(ref: ModelRef, precision: Precision) -> OpenClipModel:
    """Build any of them on the meta device: its weights have shapes and no numbers, and are not read."""
    import torch

    meta = torch.device("meta")
    name, options = _asked(ref)
    with without_foreign_code():
        with meta:
            model = _empty_model(name, meta, options)
        return _assembled(ref, model, _tokenizer(ref, name), meta, precision, "")


def _asked(ref: ModelRef) -> tuple[str, dict[str, Any]]:
    """Return what open_clip calls a model of one of its kinds, and the options that it is created with."""
    if ref.kind == "openclip":
        source = pretrained_source(ref.architecture, _weights(ref))
        # Weights trained with QuickGELU score several points lower with GELU; open_clip only warns.
        return ref.architecture, _quick(is_quick=source is not None and source.quick_gelu)
    if ref.kind == "openclip-file":
        asked = file_architecture(ref.architecture, ref.text)
        return asked.name, {"force_preprocess_cfg": asked.configuration, **_quick(is_quick=asked.quick_gelu)}
    return f"{'hf-hub' if ref.kind == 'hf-hub' else 'local-dir'}:{_weights(ref)}", {}


def _quick(*, is_quick: bool) -> dict[str, Any]:
    return {"force_quick_gelu": True} if is_quick else {}


def _load(
    ref: ModelRef, device: str, precision: Precision, *, checkpoint: Path | None = None, **more: Any
) -> OpenClipModel:
    """Load open_clip's model with its own preprocessing and tokenizer, with these weights or not at all."""
    target = resolve_device(device)
    name, options = _asked(ref)
    with without_foreign_code():
        model, remark = loaded(ref, lambda: _filled_model(name, target, checkpoint, {**options, **more}))
        return _assembled(ref, model, _tokenizer(ref, name), target, precision, remark)


def _assembled(
    ref: ModelRef, model: Any, tokenizer: Any, target: torch.device, precision: Precision, remark: str
) -> OpenClipModel:
    from open_clip.transform import PreprocessCfg, image_transform_v2

    configuration = PreprocessCfg(**getattr(model.visual, "preprocess_cfg", {}))
    geometry, normalisation = split_transform(image_transform_v2(configuration, is_train=False), ref.text)
    return OpenClipModel(
        model=on_device(model, target, precision),
        geometry=geometry,
        normalisation=normalisation,
        device=target,
        precision=precision,
        remark=remark,
        logit_scale=OUTLINED_SCALE if model.logit_scale.is_meta else float(model.logit_scale.detach().exp().mean()),
        logit_bias=_bias(model),
        tokenizer=tokenizer,
    )


def _filled_model(name: str, device: Any, checkpoint: Path | None, options: Mapping[str, Any]) -> tuple[Any, str]:
    """Return a model of open_clip with its weights, and what is worth saying of these."""
    import open_clip

    if checkpoint is None:
        return open_clip.create_model(name, device=device, require_pretrained=True, weights_only=True, **options), ""
    model = _empty_model(name, device, options)
    return model, filled(model, checkpoint, may_resize=name.startswith("local-dir:"))


def _empty_model(name: str, device: Any, options: Mapping[str, Any]) -> Any:
    """Return a model of open_clip with weights that mean nothing."""
    import open_clip

    with _without_word_of_random_weights():
        return open_clip.create_model(name, device=device, load_weights=False, pretrained_text=False, **options)


@contextmanager
def _without_word_of_random_weights() -> Iterator[None]:
    """Keep open_clip from saying that a model has random weights; it gets those of its file next."""

    def is_other(record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("No pretrained weights loaded")

    root = logging.getLogger()
    root.addFilter(is_other)
    try:
        yield
    finally:
        root.removeFilter(is_other)


def _weights(ref: ModelRef) -> str:
    if ref.weights is None:
        raise ModelError(
            "a reference without weights", where=ref.text, expected="a pretrained tag, a file or a directory"
        )
    return ref.weights


def _existing(ref: ModelRef, path: Path, expected: str, is_there: Callable[[Path], bool]) -> Path:
    if not is_there(path):
        raise ModelUnavailable(f"{path} is not there", where=ref.text, expected=expected, fix="check the path")
    return path


def _fetch_pretrained(ref: ModelRef, tag: str) -> None:
    from open_clip.pretrained import download_pretrained, get_pretrained_cfg

    check_tag(ref.architecture, tag, ref.text)
    configuration = get_pretrained_cfg(ref.architecture, tag)
    call = f"open_clip.create_model('{ref.architecture}', '{tag}')"
    fix = f'where there is a network: python -c "import open_clip; {call}"'
    _fetched(ref, lambda: download_pretrained(configuration), fix)


def _fetch_repository(ref: ModelRef, repository: str) -> None:
    from open_clip.pretrained import download_pretrained_from_hf

    fix = f"where there is a network: hf download {repository}"
    _fetched(ref, lambda: download_pretrained_from_hf(repository, filename=CONFIGURATION), fix)
    _fetched(ref, lambda: download_pretrained_from_hf(repository), fix)


def _fetched(ref: ModelRef, fetch: Callable[[], str], fix: str) -> None:
    """Call a download; what fails there is the network or the cache, so the weights cannot be had."""
    try:
        fetch()
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelUnavailable(
            "its weights are not on this machine and cannot be fetched", where=ref.text, fix=fix
        ) from error


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


def _vocabulary_size(model: Any) -> int | None:
    """Return how many tokens a text tower of open_clip knows, or None where it does not tell."""
    towers = [tower for tower in (model, getattr(model, "text", None)) if tower is not None]
    places = [place for tower in towers for place in (tower, getattr(tower, "config", None))]
    sizes = [getattr(place, "vocab_size", None) for place in places]
    return next((size for size in sizes if isinstance(size, int)), None)


def _bias(model: Any) -> float:
    bias = getattr(model, "logit_bias", None)
    return 0.0 if bias is None or bias.is_meta else float(bias.detach().mean())
