"""The kind of model that answers questions about an image: LLaVA 1.5, NeXT, OneVision and their like in transformers.

Any model that transformers loads as ``AutoModelForImageTextToText`` will do: a directory or a repository of the hub,
with its processor and chat template. Only safetensors are read, and no code that lies beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcheck.errors import ModelError
from robustcheck.files.json_files import read_settings
from robustcheck.models.answering_memory import answering_bytes, count_weights
from robustcheck.models.hf_kind import (
    CONFIGURATION,
    MODEL_TYPES,
    SETTINGS_FILES,
    directory_of,
    files_of_reference,
    model_files,
)
from robustcheck.models.kind import KeyFacts, ModelKind, Reference, always, safe_id
from robustcheck.values import ModelRef, Pairs

if TYPE_CHECKING:
    from robustcheck.models.encoders import Precision

# What decides an answer beside what decides an embedding: the words around a question, and where an answer ends.
ANSWERING_FILES = (
    *SETTINGS_FILES,
    "chat_template.jinja",
    "chat_template.json",
    "generation_config.json",
    "video_preprocessor_config.json",
)
_EXPECTED = (
    "a model of images and texts that answers, which transformers saved: llava, llava_next, llava_onevision, ..."
)


def is_answering(path: Path) -> bool:
    """Say whether a directory is a model that reads images and writes text."""
    return _answers(read_settings(path / CONFIGURATION)) and bool(model_files(path))


def _answers(configuration: Mapping[str, Any]) -> bool:
    """Say whether a configuration is of a language model with an image tower: both have a part of their own in it."""
    return "vision_config" in configuration and configuration.get("model_type") not in (None, *MODEL_TYPES)


def _parse(reference: Reference) -> ModelRef:
    rest, text = reference.rest, reference.text
    path = directory_of(reference, "llava")
    if path is not None:
        return _parse_directory(path, text)
    return ModelRef(safe_id(rest), text, "llava", "", rest, (("family", "vlm"),))


def _parse_directory(path: Path, text: str) -> ModelRef:
    configuration = read_settings(path / CONFIGURATION)
    if not _answers(configuration):
        found = f"is of the type {configuration.get('model_type')!r}" if configuration else f"has no {CONFIGURATION}"
        raise ModelError(f"{path} {found}", where=text, expected=_EXPECTED)
    return answering_ref(f"llava@{safe_id(path.name)}", text, path)


def answering_ref(name: str, text: str, path: Path, more: Pairs = ()) -> ModelRef:
    """Return the model that a directory holds, with ``more`` facets beside those that its files tell."""
    configuration = read_settings(path / CONFIGURATION)
    facets = tuple(sorted((*_facets(path, configuration), *more)))
    return ModelRef(name, text, "llava", str(configuration["model_type"]), str(path), facets)


def _facets(path: Path, configuration: Mapping[str, Any]) -> Pairs:
    side = (configuration["vision_config"] or {}).get("image_size")
    found = {"family": "vlm", "params": count_weights(model_files(path)), "resolution": side}
    return tuple((name, str(value)) for name, value in found.items() if value and isinstance(value, int | str))


def _memory(ref: ModelRef, precision: Precision) -> int:
    return answering_bytes(files_of_reference(ref, ANSWERING_FILES), precision)


KIND = ModelKind(
    name="llava",
    schemes=("llava",),
    example="llava:llava-hf/llava-1.5-7b-hf or llava:PATH",
    parse=_parse,
    files=lambda ref: files_of_reference(ref, ANSWERING_FILES),
    # The processors resize with torchvision; chat templates are rendered by jinja2.
    key=lambda ref: KeyFacts("llava", "", "", ("transformers", "tokenizers", "torchvision", "jinja2")),
    capabilities=always("answers"),
    load="robustcheck.models.answering:load_answering",
    needs_hub=True,
    holds=is_answering,
    is_bare=True,
    memory=_memory,
)
