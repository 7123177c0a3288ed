"""Derive the family and the training data of a timm classifier from the tag of its name.

``timm_sources.csv`` reads the tag, or the whole name where a pattern has a dot (first match wins). Classifiers:
``supervised`` saw only ImageNet-1k, though perhaps a teacher, ``more-data`` saw more images, ``clip-ft`` is a CLIP
image tower fine-tuned. Networks without a trained head: ``clip-tower`` is the image tower of a CLIP model,
``contrastive`` learnt from images alone by telling them apart, ``tower`` in any other way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from robustcheck.models.table_rows import rows_of

_SOURCES = Path(__file__).with_name("timm_sources.csv")
_CLASSIFIERS = Path(__file__).with_name("timm.csv")
Facets = dict[str, str]

_TOWER = re.compile(r"_clip(_|$)|siglip")
CLASSIFIERS = frozenset({"supervised", "more-data", "clip-ft"})
TOWERS = frozenset({"clip-tower", "contrastive", "tower"})
# The image side at the end of a tag, or of an architecture whose last number is one. It is not a side in ``levit_256``.
_TAG_SIDE = re.compile(r"_(\d{3})$")
_SIDE = re.compile(
    r"^(?!levit|mobilevit).*(?:patch|window|mixer|mlp|maxvit|coat|vit|clip|beit|hiera|cait|swin|halo|focal).*_(\d{3})$"
)
_FINETUNING = re.compile(r"_ft_(in12k|in21k|in22k)_in1k|_ft_(in1k)")


def timm_rule_facets(name: str) -> Facets:
    """Return what a timm name tells; nothing for a name without a known tag.

    >>> timm_rule_facets("vit_base_patch16_siglip_512.v2_webli")
    {'family': 'clip-tower', 'source': 'webli', 'resolution': '512'}
    """
    architecture, _, tag = name.partition(".")
    rows = rows_of(_SOURCES)
    known = next((row for row in rows if fnmatchcase(name if "." in row["tag"] else tag, row["tag"])), None)
    if known is None:
        return {}
    side = _TAG_SIDE.search(tag) or _SIDE.search(architecture)
    return {
        "family": known["family"],
        "source": known["source"],
        **({"finetuning": finetuning(tag)} if known["family"] in CLASSIFIERS else {}),
        **({"resolution": side[1]} if side else {}),
    }


def timm_file_facets(name: str) -> Facets:
    """Return the facets of a checkpoint file: of its tag where the reference names one, else of its architecture.

    What a file was trained on is not known. It is a classifier, so its family is ``supervised``; that of a CLIP or
    SigLIP tower is ``clip-ft``. The sort of architecture and its image side are those of timm's tables.
    """
    architecture, _, tag = name.partition(".")
    family = "clip-ft" if _TOWER.search(architecture) else "supervised"
    told = timm_rule_facets(name) if tag else {}
    # A file is of a classifier, also where its training began with a tower.
    told = {facet: value for facet, value in told.items() if value not in TOWERS}
    known = {"family": family, **_tabled(architecture), **told}
    return {facet: value for facet, value in known.items() if value}


@cache
def _tabled(architecture: str) -> Mapping[str, str]:
    """Return the sort and the image side that all tags of an architecture have in timm's tables."""
    rows = [row for row in rows_of(_CLASSIFIERS) if row["model"].partition(".")[0] == architecture]
    found = {facet: {row[facet] for row in rows} for facet in ("architecture", "resolution")}
    return {facet: values.pop() for facet, values in found.items() if len(values) == 1}


def finetuning(tag: str) -> str:
    """Return the sets a pretrained backbone was fine-tuned on, in order, or ``none``."""
    found = _FINETUNING.search(tag)
    if found is None:
        return "none"
    return f"{found[1]}-in1k" if found[1] else "in1k"
