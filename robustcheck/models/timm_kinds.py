"""The kinds of model that timm loads: its own names and checkpoint files."""

from __future__ import annotations

from pathlib import Path

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.models.catalogue import entries, sorted_facets, timm_entries
from robustcheck.models.kind import KeyFacts, ModelKind, Outline, Reference, always, safe_id
from robustcheck.models.model_files import AVERAGED_FIRST, hub_file, hub_files, one_file
from robustcheck.models.output_names import OutputNames, names_beside, names_in_configuration
from robustcheck.models.timm_names import require_timm_architecture, require_timm_name
from robustcheck.models.timm_rules import timm_file_facets
from robustcheck.values import ModelRef

_CAPABILITIES = always("embeds images", "scores classes", "gives feature maps", "has gradients")


def _parse_name(reference: Reference) -> ModelRef | None:
    name, at, _ = reference.rest.partition("@")
    if "/" in name or "+" in name or not name:
        raise ModelError(
            f"{name!r} is not a timm name",
            where=reference.text,
            expected="timm:NAME.TAG or timm:NAME@FILE",
            fix=did_you_mean(name, [model.id for model in entries()]),
        )
    if at:
        return None
    require_timm_name(name, reference.text)
    return ModelRef(name, reference.text, "timm", name, None, sorted_facets(name))


def _parse_file(reference: Reference) -> ModelRef | None:
    name, at, written = reference.rest.partition("@")
    if not at:
        return None
    # A tag says what the training began with, so that it need not be one of timm's.
    architecture = name.partition(".")[0]
    if architecture not in {model.id.partition(".")[0] for model in timm_entries()}:
        require_timm_architecture(architecture, reference.text)
    path = reference.file(written)
    facets = tuple(sorted(timm_file_facets(name).items()))
    return ModelRef(f"{name}@{safe_id(path.stem)}", reference.text, "timm-file", name, str(path), facets)


def _hub_repository_files(ref: ModelRef) -> dict[str, Path]:
    repository = f"timm/{ref.architecture}"
    weights = hub_file(repository, "model.safetensors", "pytorch_model.bin")
    return {"weights": weights, **hub_files(repository, ("config.json",))} if weights else {}


def _file_key(ref: ModelRef) -> KeyFacts:
    averaged = "" if str(ref.weights).endswith(".safetensors") else AVERAGED_FIRST
    return KeyFacts("timm-file", ref.architecture, averaged, ("timm",))


def _published_names(ref: ModelRef) -> OutputNames | None:
    found = hub_file(f"timm/{ref.architecture}", "config.json")
    return None if found is None else names_in_configuration(found)


def _outline(ref: ModelRef) -> Outline:
    # A file's head may have any number of outputs; files of one architecture and size have one.
    size = sum(path.stat().st_size for path in one_file(ref.weights).values())
    return Outline(f"{ref.architecture}, {size} bytes", "robustcheck.models.encoders_timm:outline_timm")


NAMED = ModelKind(
    name="timm",
    schemes=("timm",),
    example="timm:resnet50.a1_in1k",
    parse=_parse_name,
    files=_hub_repository_files,
    key=lambda ref: KeyFacts("timm", ref.architecture, "", ("timm",)),
    capabilities=_CAPABILITIES,
    load="robustcheck.models.encoders_timm:load_timm_name",
    needs_hub=True,
    outline=_outline,
    output_names=_published_names,
)
FILE = ModelKind(
    name="timm-file",
    schemes=("timm",),
    example="timm:resnet50@path.safetensors",
    parse=_parse_file,
    files=lambda ref: one_file(ref.weights),
    key=_file_key,
    capabilities=_CAPABILITIES,
    load="robustcheck.models.encoders_timm:load_timm_file",
    needs_hub=False,
    outline=_outline,
    output_names=lambda ref: names_beside(Path(ref.weights or "")),
)
KINDS = (NAMED, FILE)
