"""The kind of model that transformers loads: dual encoders and image towers, from a directory or the hub.

Only safetensors are read, and no code that lies beside them: not in loading, not in preprocessing, not in tokenizing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustcheck.errors import ModelError
from robustcheck.files.json_files import read_settings
from robustcheck.models.hf_towers import IMAGE_TOWERS
from robustcheck.models.kind import Capability, KeyFacts, ModelKind, Outline, Reference, safe_id
from robustcheck.models.model_files import hub_file, is_repository
from robustcheck.models.openclip_kinds import is_openclip_directory
from robustcheck.values import ModelRef, Pairs

CONFIGURATION = "config.json"
WHOLE_WEIGHTS, SHARDS_INDEX, SHARDS = "model.safetensors", "model.safetensors.index.json", "model-*.safetensors"
_PREPROCESSOR_FILES = ("processor_config.json", "preprocessor_config.json")
# What decides the shapes of weights, of pictures and of texts.
_TELL_SHAPES = (CONFIGURATION, *_PREPROCESSOR_FILES, "tokenizer_config.json")
_PROCESSOR_FILES = (*_PREPROCESSOR_FILES, "tokenizer_config.json")
# Everything beside the weights that decides an output: of the model, of its preprocessing and of its tokenizer.
SETTINGS_FILES = (
    CONFIGURATION,
    *_PREPROCESSOR_FILES,
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)


@dataclass(frozen=True, slots=True)
class TextInput:
    """How texts are given to a text tower, as its model was trained.

    ``limit`` is the number of tokens that a text is cut at; None for as many as the tower has places. A tower that
    is ``padded`` always sees that many, the padding unmasked: SigLIP takes its embedding from the last of them.
    """

    padded: bool = False
    lower_case: bool = False
    limit: int | None = None


_MASKED = TextInput()
_SIGLIP = TextInput(padded=True, lower_case=True)
# The dual encoders of transformers, by what ``model_type`` in their configuration says.
TEXT_INPUTS: Mapping[str, TextInput] = {
    "clip": _MASKED,
    "metaclip_2": _MASKED,
    "altclip": _MASKED,
    "chinese_clip": _MASKED,
    "vision-text-dual-encoder": _MASKED,
    "align": TextInput(limit=64),
    "siglip": _SIGLIP,
    "siglip2": _SIGLIP,
}
MODEL_TYPES = (*TEXT_INPUTS, *IMAGE_TOWERS)
_CNNS = ("efficientnet", "align", "resnet", "convnext", "regnet")
_OF_IMAGES: frozenset[Capability] = frozenset({"embeds images", "gives feature maps", "has gradients"})


def is_model_directory(path: Path) -> bool:
    """Say whether a directory is a model of transformers that is known here, and not also in open_clip's form."""
    return (
        (path / CONFIGURATION).is_file()
        and not is_openclip_directory(path)
        and read_settings(path / CONFIGURATION).get("model_type") in MODEL_TYPES
    )


def model_files(directory: Path, settings: Sequence[str] = SETTINGS_FILES) -> dict[str, Path]:
    """Return the files of a directory that decide outputs, by name; nothing where weights are missing."""
    weights = _weights(directory)
    if not weights or not all((directory / name).is_file() for name in weights):
        return {}
    names = [*weights, *(name for name in settings if (directory / name).is_file())]
    return {name: directory / name for name in names}


def declared_class(directory: Path, part: str) -> str | None:
    """Return the class that the files name for the ``Tokenizer``, the ``ImageProcessor`` or the ``Processor``."""
    if part == "Tokenizer":
        return read_settings(directory / "tokenizer_config.json").get("tokenizer_class")
    if part == "Processor":
        named = (read_settings(directory / name).get("processor_class") for name in _PROCESSOR_FILES)
        return next(filter(None, named), None)
    settings = _preprocessing(directory)
    # Image processors were feature extractors when the first models were published.
    before: str | None = settings.get("feature_extractor_type")
    return settings.get("image_processor_type") or (before and before.replace("FeatureExtractor", "ImageProcessor"))


def _weights(directory: Path) -> tuple[str, ...]:
    """Return the names of the weights that transformers would read: one file, or an index and its shards."""
    if (directory / WHOLE_WEIGHTS).is_file():
        return (WHOLE_WEIGHTS,)
    shards = read_settings(directory / SHARDS_INDEX).get("weight_map")
    names = list(shards.values()) if isinstance(shards, dict) else []
    # A shard elsewhere would not be in the key.
    is_whole = bool(names) and all(isinstance(name, str) and Path(name).name == name for name in names)
    return (SHARDS_INDEX, *sorted(set(names))) if is_whole else ()


def directory_of(reference: Reference, kind: str) -> Path | None:
    """Return the directory that a reference names, None for a repository; raise ModelError where it is neither."""
    rest = reference.rest
    path = reference.path(rest)
    if path.is_dir():
        return path
    if not is_repository(rest):
        raise ModelError(
            f"{rest!r} is neither a directory nor a repository",
            where=reference.text,
            expected=f"{kind}:PATH or {kind}:ORG/NAME",
        )
    return None


def _parse(reference: Reference) -> ModelRef:
    rest, text = reference.rest, reference.text
    path = directory_of(reference, "hf")
    if path is not None:
        return _parse_directory(path, text)
    configuration = _hub_configuration(rest)
    tower = IMAGE_TOWERS.get(str(configuration.get("model_type")))
    family = "clip" if tower is None else tower.family
    return ModelRef(safe_id(rest), text, "hf", "", rest, (("family", family),) if family else ())


def _parse_directory(path: Path, text: str) -> ModelRef:
    configuration = read_settings(path / CONFIGURATION)
    model_type = configuration.get("model_type")
    if model_type not in MODEL_TYPES:
        found = f"is of the type {model_type!r}" if configuration else f"has no {CONFIGURATION}"
        raise ModelError(
            f"{path} {found}",
            where=text,
            expected="a dual encoder or an image tower that transformers saved: " + ", ".join(MODEL_TYPES),
        )
    return ModelRef(f"hf@{safe_id(path.name)}", text, "hf", str(model_type), str(path), _facets(path, configuration))


def _facets(path: Path, configuration: Mapping[str, Any]) -> Pairs:
    vision = configuration.get("vision_config") or {}
    tower = str(vision.get("model_type") or configuration["model_type"])
    alone = IMAGE_TOWERS.get(str(configuration["model_type"]))
    facets = {"family": "clip" if alone is None else alone.family}
    facets |= {"architecture": "cnn" if tower.startswith(_CNNS) else "vit"}
    side = _side(path) or vision.get("image_size") or (configuration.get("image_size") if alone else None)
    facets |= {"resolution": str(side)} if side else {}
    return tuple(sorted((name, value) for name, value in facets.items() if value))


def _side(path: Path) -> int | None:
    """Return the side of the pictures that the preprocessing makes; None where it has no fixed one."""
    settings = _preprocessing(path)
    for size in (settings.get("crop_size") if settings.get("do_center_crop") else None, settings.get("size")):
        side = (size.get("height") or size.get("shortest_edge")) if isinstance(size, dict) else size
        if side:
            return int(side)
    return None


def _preprocessing(directory: Path) -> Mapping[str, Any]:
    """Return the settings of the image processor, from the first file that has them."""
    contents = [read_settings(directory / name) for name in _PREPROCESSOR_FILES]
    found = [content.get("image_processor", content) for content in contents]
    return next((settings for settings in found if settings), {})


def _hub_configuration(repository: str) -> Mapping[str, Any]:
    """Return the configuration of a repository, as far as it is on this machine."""
    found = hub_file(repository, CONFIGURATION)
    return {} if found is None else read_settings(found)


def _capabilities(ref: ModelRef) -> frozenset[Capability]:
    """Return what a model can do; one of which nothing is on this machine yet is taken for a dual encoder."""
    is_here = Path(ref.weights or "").is_absolute()
    model_type = ref.architecture if is_here else str(_hub_configuration(str(ref.weights)).get("model_type"))
    return _OF_IMAGES if model_type in IMAGE_TOWERS else _OF_IMAGES | {"embeds text"}


def files_of_reference(ref: ModelRef, settings: Sequence[str] = SETTINGS_FILES) -> dict[str, Path]:
    """Return the files that decide outputs of a directory or of a repository in the cache; nothing of one elsewhere."""
    place = Path(ref.weights or "")
    if place.is_absolute():
        return model_files(place, settings)
    found = hub_file(str(ref.weights), CONFIGURATION)
    return {} if found is None else model_files(found.parent, settings)


def _outline(ref: ModelRef) -> Outline | None:
    """Return the outline of a model whose files are here: of its shapes, and of the size of its pictures and texts."""
    files = files_of_reference(ref)
    told = {name: read_settings(path) for name, path in files.items() if name in _TELL_SHAPES}
    return Outline(json.dumps(told, sort_keys=True), "robustcheck.models.encoders_hf:outline_hf") if told else None


KIND = ModelKind(
    name="hf",
    schemes=("hf",),
    example="hf:openai/clip-vit-base-patch32 or hf:PATH",
    parse=_parse,
    files=files_of_reference,
    # The processors resize with torchvision.
    key=lambda ref: KeyFacts("hf", "", "", ("transformers", "tokenizers", "torchvision")),
    capabilities=_capabilities,
    load="robustcheck.models.encoders_hf:load_hf",
    needs_hub=True,
    holds=is_model_directory,
    is_bare=True,
    outline=_outline,
)
