"""Derive the family and the training data of a timm classifier from the tag of its name.

``timm_sources.csv`` reads the tag (first match wins): ``supervised`` saw only ImageNet-1k, though
perhaps a teacher, ``more-data`` saw more images, ``clip-ft`` is a CLIP image tower fine-tuned.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

Facets = dict[str, str]

_FINETUNING = re.compile(r"_ft_(in12k|in21k|in22k)_in1k|_ft_(in1k)")


def timm_rule_facets(name: str) -> Facets:
    """Return what the tag of a timm name tells; nothing for a name without a known tag."""
    tag = name.partition(".")[2]
    known = next((row for row in _sources() if fnmatchcase(tag, row["tag"])), None)
    if known is None:
        return {}
    return {"family": known["family"], "source": known["source"], "finetuning": finetuning(tag)}


def finetuning(tag: str) -> str:
    """Return the sets a pretrained backbone was fine-tuned on, in order, or ``none``."""
    found = _FINETUNING.search(tag)
    if found is None:
        return "none"
    return f"{found[1]}-in1k" if found[1] else "in1k"


@cache
def _sources() -> tuple[Mapping[str, str], ...]:
    path = Path(__file__).with_name("timm_sources.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
