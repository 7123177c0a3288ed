"""The transforms that come with robustcheck."""

from __future__ import annotations

from robustcheck.transforms.corruptions import CORRUPTIONS, SEVERITIES, Corruption
from robustcheck.transforms.known import TransformKind
from robustcheck.transforms.near_duplicate import STRENGTHS, NearDuplicate
from robustcheck.transforms.typed import CONTENTS, STYLES
from robustcheck.transforms.typographic import Typographic

TRANSFORMS = (
    *(TransformKind(name, SEVERITIES, Corruption) for name in CORRUPTIONS),
    *(TransformKind(name, tuple(STYLES), Typographic) for name in CONTENTS),
    TransformKind("near_duplicate", tuple(STRENGTHS), NearDuplicate),
)
