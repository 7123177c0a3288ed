"""Keys of stored results: everything that can change a value, and nothing else.

The path of a checkpoint is left out (its content is in); so is a tag's download address. What only
describes the making (device, torch, Pillow) stands beside the result as provenance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Protocol

from robustcheck.crops import Decode
from robustcheck.models.digests import installed_version
from robustcheck.models.encoders import Precision
from robustcheck.models.kind import model_kind
from robustcheck.registry import foreign_maker
from robustcheck.values import SURROUNDINGS, ModelRef, Pairs


class Images(Protocol):
    """The part of a data set that keys depend on."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def class_names(self) -> tuple[str, ...]: ...


class NamedTransform(Protocol):
    """The part of a transform that keys depend on."""

    @property
    def name(self) -> str: ...
    @property
    def variant(self) -> str: ...
    @property
    def schema(self) -> int: ...
    @property
    def reads_scene(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """What decides the outputs of an encoder."""

    kind: str
    architecture: str
    tag: str
    weights: str
    libraries: Pairs
    precision: Precision
    train: str = ""

    @property
    def plain(self) -> dict[str, Any]:
        """The facts as JSON values; what no adapter learnt from is left out, as before there were adapters."""
        facts = {
            "kind": self.kind,
            "architecture": self.architecture,
            "tag": self.tag,
            "weights": self.weights,
            "libraries": dict(self.libraries),
            "precision": self.precision,
        }
        return {**facts, "train": self.train} if self.train else facts


def encoder_facts(ref: ModelRef, digest: str, precision: Precision, train: str = "") -> EncoderFacts:
    """Return the facts of a reference whose weights have this digest.

    ``train`` is the fingerprint of what its encoder adapters learn from; the adapters are in the digest.
    """
    said = model_kind(ref).key(ref)
    return EncoderFacts(
        kind=said.kind,
        architecture=said.architecture,
        tag=said.tag,
        weights=digest,
        libraries=tuple((name, installed_version(name)) for name in said.libraries),
        precision=precision,
        train=train,
    )


def outputs_facts(
    encoder: EncoderFacts,
    images: Images,
    transform: NamedTransform | None,
    seed: int,
    reading: Mapping[str, Any] = MappingProxyType({}),
    decode: Decode = "exact",
) -> dict[str, Any]:
    """Return what decides what a reading takes off an encoder on a data set's (transformed) images.

    The default reading has no facts, and neither has exact decoding, so that their keys are those of the time before
    there were others.
    """
    decoded = {} if decode == "exact" else {"decode": decode}
    facts = {
        "encoder": encoder.plain,
        "dataset": images.fingerprint,
        "transform": None if transform is None else transform_facts(transform, seed, images.class_names),
    }
    return {**facts, **decoded, "reading": dict(reading)} if reading else {**facts, **decoded}


def transform_facts(transform: NamedTransform, seed: int, class_names: Sequence[str] = ()) -> dict[str, Any]:
    """Return what decides a transformed image, given the image, its id and its label."""
    facts = {
        "name": transform.name,
        "variant": transform.variant,
        "seed": seed,
        "schema": transform.schema,
        # What is resized, encoded or written by Pillow may look otherwise with another version of it.
        "pillow": installed_version("pillow"),
        "written": {"classes": list(class_names), "freetype": _freetype()} if transform.reads_scene else None,
    }
    return {**facts, "made by": maker} if (maker := foreign_maker("transforms", transform.name)) else facts


def head_facts(encoder: EncoderFacts, text_digest: str) -> dict[str, Any]:
    """Return what decides a text head."""
    return {"encoder": encoder.plain, "texts": text_digest}


def provenance_libraries() -> Pairs:
    """Return the versions that a measurement is reported with."""
    return tuple((name, installed_version(name)) for name in SURROUNDINGS)


@cache
def _freetype() -> str:
    from PIL import features

    return str(features.version("freetype2"))
