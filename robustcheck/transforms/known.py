"""The transforms by name, found in the registry's group ``transforms``, and the text form ``NAME:VARIANT``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.registry import known
from robustcheck.transforms.transform import Transform


@dataclass(frozen=True, slots=True)
class TransformKind:
    """Transforms of one name: their variants (severities, styles, strengths), and how one is made.

    ``make`` takes the name and one of the variants.
    """

    name: str
    variants: tuple[str, ...]
    make: Callable[[str, str], Transform]


def known_transforms() -> Mapping[str, tuple[str, ...]]:
    """Return the variants of each transform: severities, styles or strengths."""
    return {name: kind.variants for name, kind in known("transforms", TransformKind).items()}


def parse_transform(text: str | None) -> Transform | None:
    """Parse ``NAME:VARIANT``; None stands for clean images."""
    if text is None:
        return None
    name, _, variant = text.partition(":")
    kinds = known("transforms", TransformKind)
    if name not in kinds:
        raise SetupError(
            f"unknown transform {name!r}", expected="one of " + ", ".join(kinds), fix=did_you_mean(name, kinds)
        )
    variants = kinds[name].variants
    if variant not in variants:
        raise SetupError(
            f"{text!r} has the variant {variant!r}" if variant else f"{text!r} has no variant",
            expected="one of " + ", ".join(f"{name}:{known}" for known in variants),
            fix=did_you_mean(variant, variants),
        )
    return kinds[name].make(name, variant)
