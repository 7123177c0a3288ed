"""The transforms by name: one table, and the text form ``NAME:VARIANT``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.transforms.corruptions import CORRUPTIONS, SEVERITIES, Corruption
from robustcheck.transforms.near_duplicate import STRENGTHS, NearDuplicate
from robustcheck.transforms.transform import Transform
from robustcheck.transforms.typed import CONTENTS, STYLES
from robustcheck.transforms.typographic import Typographic

_VARIANTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(CORRUPTIONS, SEVERITIES),
    **dict.fromkeys(CONTENTS, tuple(STYLES)),
    "near_duplicate": tuple(STRENGTHS),
}


def known_transforms() -> Mapping[str, tuple[str, ...]]:
    """Return the variants of each transform: severities, styles or strengths."""
    return dict(_VARIANTS)


def parse_transform(text: str | None) -> Transform | None:
    """Parse ``NAME:VARIANT``; None stands for clean images."""
    if text is None:
        return None
    name, _, variant = text.partition(":")
    if name not in _VARIANTS:
        raise SetupError(
            f"unknown transform {name!r}", expected="one of " + ", ".join(_VARIANTS), fix=did_you_mean(name, _VARIANTS)
        )
    if variant not in _VARIANTS[name]:
        raise SetupError(
            f"{text!r} has the variant {variant!r}" if variant else f"{text!r} has no variant",
            expected="one of " + ", ".join(f"{name}:{known}" for known in _VARIANTS[name]),
            fix=did_you_mean(variant, _VARIANTS[name]),
        )
    return _kind(name)(name, variant)


def _kind(name: str) -> Callable[[str, str], Transform]:
    if name in CORRUPTIONS:
        return Corruption
    return Typographic if name in CONTENTS else NearDuplicate
