"""Keys of stored results: everything that can change a value, and nothing else.

The path of a checkpoint is left out (its content is in); so is a tag's download address. What only
describes the making (device, torch, Pillow) stands beside the result as provenance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from robustcheck.models.encoders import Precision
from robustcheck.records import ModelRef, Pairs
from robustcheck.store import content_key
from robustcheck.transforms import SCHEMA as TRANSFORM_SCHEMA

_OPEN_CLIP_LIBRARIES = ("open_clip_torch", "timm")
_TIMM_LIBRARIES = ("timm",)
_SELF_DESCRIBED = frozenset({"local-dir", "zoo", "hf-hub"})
_PROVENANCE_LIBRARIES = ("torch", "torchvision", "pillow", "numpy")


class HasFingerprint(Protocol):
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
    def severity(self) -> int: ...


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """What decides the outputs of an encoder."""

    kind: str
    architecture: str
    tag: str
    weights: str
    libraries: Pairs
    precision: Precision

    @property
    def plain(self) -> dict[str, Any]:
        """The facts as JSON values."""
        return {
            "kind": self.kind,
            "architecture": self.architecture,
            "tag": self.tag,
            "weights": self.weights,
            "libraries": dict(self.libraries),
            "precision": self.precision,
        }


def encoder_facts(ref: ModelRef, digest: str, precision: Precision) -> EncoderFacts:
    """Return the facts of a reference whose weights have this digest."""
    described = ref.kind in _SELF_DESCRIBED
    libraries = _TIMM_LIBRARIES if ref.kind.startswith("timm") else _OPEN_CLIP_LIBRARIES
    return EncoderFacts(
        kind="directory" if described else ref.kind,
        architecture="" if described else ref.architecture,
        tag=(ref.weights or "") if ref.kind == "openclip" else "",
        weights=digest,
        libraries=() if ref.kind == "fake" else tuple((name, _version(name)) for name in libraries),
        precision=precision,
    )


def outputs_facts(
    encoder: EncoderFacts, dataset: HasFingerprint, transform: NamedTransform | None, seed: int
) -> dict[str, Any]:
    """Return what decides the outputs of an encoder on a data set's (transformed) images."""
    return {
        "encoder": encoder.plain,
        "dataset": dataset.fingerprint,
        "transform": None if transform is None else transform_facts(transform, seed),
    }


def transform_facts(transform: NamedTransform, seed: int) -> dict[str, Any]:
    """Return what decides a transformed image, given the image and its id."""
    return {
        "name": transform.name,
        "severity": transform.severity,
        "seed": seed,
        "schema": TRANSFORM_SCHEMA,
    }


def head_facts(encoder: EncoderFacts, class_names: Sequence[str], templates: Sequence[str]) -> dict[str, Any]:
    """Return what decides a text head."""
    return {"encoder": encoder.plain, "class_names": list(class_names), "templates": list(templates)}


def ranks_facts(
    outputs: Mapping[str, Any],
    head: Mapping[str, Any] | None,
    labels: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64] | None,
    kept: npt.NDArray[np.int64] | None,
) -> dict[str, Any]:
    """Return what decides the rank of each label: the outputs, the head or its columns, the classes kept."""
    return {
        "outputs": content_key(outputs),
        "head": None if head is None else content_key(head),
        "labels": content_key({"labels": labels.tolist()}),
        "columns": None if columns is None else columns.tolist(),
        "kept": None if kept is None else kept.tolist(),
    }


def provenance_libraries() -> Pairs:
    """Return the versions that a measurement is reported with."""
    return tuple((name, _version(name)) for name in _PROVENANCE_LIBRARIES)


@cache
def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
