"""The kinds of model that open_clip loads: its own names, checkpoint files, directories, hub repositories."""

from __future__ import annotations

import json
from pathlib import Path

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.files.json_files import read_settings
from robustcheck.models.catalogue import entries, entry, sorted_facets
from robustcheck.models.kind import KeyFacts, ModelKind, Outline, Reference, always, safe_id
from robustcheck.models.model_files import (
    AVERAGED_FIRST,
    directory_files,
    hub_file,
    hub_files,
    is_repository,
    one_file,
)
from robustcheck.models.openclip_files import file_architecture
from robustcheck.models.openclip_names import check_architecture, check_tag
from robustcheck.models.openclip_rules import openclip_facets
from robustcheck.models.openclip_tables import pretrained_source
from robustcheck.values import ModelRef

LIBRARIES = ("open_clip_torch", "timm")
CAPABILITIES = always("embeds images", "embeds text", "gives feature maps", "has gradients")
CONFIGURATION = "open_clip_config.json"
_SAFE, _BIN = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"
_HUB_FILES = (
    CONFIGURATION,
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)


def self_described(ref: ModelRef) -> KeyFacts:
    """Return the key's facts of a model whose own files say what it is: its place says nothing."""
    return KeyFacts("directory", "", "", LIBRARIES)


def _directory_key(ref: ModelRef) -> KeyFacts:
    is_safe = not any(any(Path(ref.weights or "").glob(pattern)) for pattern in ("*.bin", "*.pth"))
    return KeyFacts("directory", "", "" if is_safe else AVERAGED_FIRST, LIBRARIES)


def is_openclip_directory(path: Path) -> bool:
    """Say whether a directory is in open_clip's own form."""
    return (path / CONFIGURATION).is_file()


def _parse_name(reference: Reference) -> ModelRef | None:
    rest, text = reference.rest, reference.text
    if "@" in rest:
        return None
    architecture, slash, tag = rest.partition("/")
    if not (architecture and slash and tag) or "/" in tag:
        raise ModelError(
            f"{rest!r} is not an architecture with a pretrained tag",
            where=text,
            expected="openclip:ARCH/TAG or openclip:ARCH@FILE",
            fix=did_you_mean(rest, [model.id for model in entries()])
            or "robustcheck models lists the published checkpoints",
        )
    known = entry(rest)
    if known is None or not known.text.startswith("openclip:"):
        check_architecture(architecture, text)
        check_tag(architecture, tag, text)
    return ModelRef(rest, text, "openclip", architecture, tag, sorted_facets(rest))


def _parse_file(reference: Reference) -> ModelRef | None:
    architecture, at, written = reference.rest.partition("@")
    if not at:
        return None
    path = reference.file(written)
    asked = file_architecture(architecture, reference.text)
    facets = tuple(sorted(openclip_facets(asked.name, None).items()))
    name = f"{safe_id(architecture.replace('/', '-'))}@{safe_id(path.stem)}"
    return ModelRef(name, reference.text, "openclip-file", architecture, str(path), facets)


def _file_key(ref: ModelRef) -> KeyFacts:
    """Return the key's facts of a file: how it is preprocessed, and that an averaged copy of its weights counts."""
    asked = file_architecture(ref.architecture, ref.text)
    averaged = "" if str(ref.weights).endswith(".safetensors") else AVERAGED_FIRST
    return KeyFacts("openclip-file", asked.name, f"{asked.keyed}{averaged}", LIBRARIES)


def _parse_directory(reference: Reference) -> ModelRef:
    path = reference.path(reference.rest)
    if not is_openclip_directory(path):
        found = f"has no {CONFIGURATION}" if path.is_dir() else "is not a directory"
        raise ModelError(
            f"{path} {found}",
            where=reference.text,
            expected=f"a directory in open_clip's form: {CONFIGURATION} and weights",
        )
    name = f"local@{safe_id(path.name)}"
    return ModelRef(name, reference.text, "local-dir", "", str(path), (("family", "clip"),))


def _parse_repository(reference: Reference) -> ModelRef:
    rest = reference.rest
    if not is_repository(rest):
        raise ModelError(f"{rest!r} is not a repository", where=reference.text, expected="hf-hub:ORG/NAME")
    return ModelRef(safe_id(rest), reference.text, "hf-hub", "", rest, (("family", "clip"),))


def _tag_files(ref: ModelRef) -> dict[str, Path]:
    source = pretrained_source(ref.architecture, ref.weights or "")
    if source is None:
        return {}
    weights = _hub_tag_file(source.hub) if source.hub else _downloaded(source.url)
    return {"weights": weights} if weights else {}


def _hub_tag_file(hub: str) -> Path | None:
    repository, _, filename = hub.rpartition("/")
    wanted = filename or _BIN
    stem, _, suffix = wanted.rpartition(".")
    if wanted == _BIN:
        return hub_file(repository, _SAFE, f"{stem}.safetensors", wanted)
    return hub_file(repository, *([f"{stem}.safetensors"] if suffix in ("bin", "pth") else []), wanted)


def _downloaded(url: str) -> Path | None:
    path = Path.home() / ".cache" / "clip" / url.rpartition("/")[2]
    return path if url and path.is_file() else None


def _repository_files(ref: ModelRef) -> dict[str, Path]:
    repository = ref.weights or ""
    weights = hub_file(repository, _SAFE, _BIN)
    return {"weights": weights, **hub_files(repository, _HUB_FILES)} if weights else {}


def _outline_of_name(ref: ModelRef) -> Outline:
    source = pretrained_source(ref.architecture, ref.weights or "")
    return _outlined(f"{ref.architecture}, quick GELU: {source is not None and source.quick_gelu}")


def _outline_of_file(ref: ModelRef) -> Outline:
    asked = file_architecture(ref.architecture, ref.text)
    return _outlined(f"{asked.name}, quick GELU: {asked.quick_gelu}")


def outline_of_directory(ref: ModelRef) -> Outline | None:
    """Return the outline of a directory in open_clip's form; None where its configuration cannot be read."""
    return _outline_of_configuration(Path(ref.weights or "") / CONFIGURATION)


def _outline_of_repository(ref: ModelRef) -> Outline | None:
    found = hub_file(ref.weights or "", CONFIGURATION)
    return None if found is None else _outline_of_configuration(found)


def _outline_of_configuration(path: Path) -> Outline | None:
    settings = read_settings(path)
    return _outlined(json.dumps(settings, sort_keys=True)) if settings else None


def _outlined(facts: str) -> Outline:
    return Outline(facts, "robustcheck.models.encoders_openclip:outline_openclip")


NAMED = ModelKind(
    name="openclip",
    schemes=("openclip",),
    example="openclip:ViT-B-32/laion2b_s34b_b79k",
    parse=_parse_name,
    files=_tag_files,
    key=lambda ref: KeyFacts("openclip", ref.architecture, ref.weights or "", LIBRARIES),
    capabilities=CAPABILITIES,
    load="robustcheck.models.encoders_openclip:load_openclip_name",
    needs_hub=True,
    outline=_outline_of_name,
)
FILE = ModelKind(
    name="openclip-file",
    schemes=("openclip",),
    example="openclip:ViT-B-32@path/epoch_12.pt",
    parse=_parse_file,
    files=lambda ref: one_file(ref.weights),
    key=_file_key,
    capabilities=CAPABILITIES,
    load="robustcheck.models.encoders_openclip:load_openclip_file",
    needs_hub=True,
    outline=_outline_of_file,
)
DIRECTORY = ModelKind(
    name="local-dir",
    schemes=("local-dir",),
    example="local-dir:PATH",
    parse=_parse_directory,
    files=lambda ref: directory_files(Path(ref.weights or "")),
    key=_directory_key,
    capabilities=CAPABILITIES,
    load="robustcheck.models.encoders_openclip:load_openclip_directory",
    needs_hub=False,
    holds=is_openclip_directory,
    is_bare=True,
    outline=outline_of_directory,
)
REPOSITORY = ModelKind(
    name="hf-hub",
    schemes=("hf-hub",),
    example="hf-hub:ORG/NAME",
    parse=_parse_repository,
    files=_repository_files,
    key=self_described,
    capabilities=CAPABILITIES,
    load="robustcheck.models.encoders_openclip:load_openclip_repository",
    needs_hub=True,
    outline=_outline_of_repository,
)
KINDS = (NAMED, FILE, DIRECTORY, REPOSITORY)
