"""Derive the facets of an OpenCLIP checkpoint from open_clip's own identifiers.

``openclip_sources.csv`` says what a pretrained tag was trained on (first match wins); the rest is
read off the architecture's name. Figures that no name holds are left out, never guessed: ``unknown`` in the
table means that somebody looked and that the makers do not say.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

from robustcheck.models.table_rows import rows_of

_SOURCES = Path(__file__).with_name("openclip_sources.csv")
Facets = dict[str, str]

_SIZES = {"RN50x4": "288", "RN50x16": "384", "RN50x64": "448"}
_RESOLUTION = re.compile(r"[-_](\d{3})(?=$|-quickgelu$)")
_TEXT_TOWER = re.compile(r"^(coca_|roberta-|xlm-roberta-base-|xlm-roberta-large-)")
_RECIPE = re.compile(r"(-quickgelu|-CLIPA|-SigLIP2?|-i18n|-worldwide|[-_]\d{3})+$")
_SEEN = re.compile(r"_s(\d+)([mb])(?=_|$)")
_SEEN_KNOWN = {
    "openai": "1.28e10",
    "metaclip_400m": "1.28e10",
    "metaclip_fullcc": "1.28e10",
    "laion400m_e32": "1.28e10",
    "laion400m_e31": "1.24e10",
    "datacompdr": "1.3e10",
    "datacompdr_lt": "3.6e10",
}
_HYBRID = re.compile(r"MobileCLIP2?-[SB]|ViTamin")
# How a checkpoint was trained, by what its architecture's name holds; the first that fits.
_RECIPES = (
    ("nllb", "nllb-clip"), ("coca", "coca"), ("EVA", "eva-clip"), ("CLIPA", "clipa"), ("ViTamin", "vitamin"),
    ("MobileCLIP2", "mobileclip2"), ("MobileCLIP", "mobileclip"), ("PE-Core", "pe-core"),
    ("SigLIP2", "siglip2"), ("SigLIP", "siglip"), ("worldwide", "metaclip2"),
)  # fmt: skip
_MULTILINGUAL = ("nllb", "xlm-roberta", "i18n", "worldwide", "SigLIP2")


def openclip_facets(architecture: str, tag: str | None) -> Facets:
    """Return what the names of an architecture and of a pretrained tag tell; no tag: a file's weights."""
    facets = {"family": "clip", **architecture_facets(architecture)}
    if tag is not None:
        facets |= _tag_facets(tag)
    return {name: value for name, value in facets.items() if value}


def architecture_facets(architecture: str) -> Facets:
    """Return the facets that an open_clip architecture's name tells."""
    return {
        "architecture": _kind(architecture),
        "backbone": backbone(architecture),
        "resolution": resolution(architecture),
        "recipe": next((recipe for mark, recipe in _RECIPES if mark in architecture), "clip"),
        "loss": _loss(architecture),
        "language": "multilingual" if any(mark in architecture for mark in _MULTILINGUAL) else "english",
    }


def backbone(architecture: str) -> str:
    """Return the image tower in small letters, without text tower, recipe and resolution."""
    return _RECIPE.sub("", _TEXT_TOWER.sub("", architecture)).lower()


def resolution(architecture: str) -> str:
    """Return the image side that the name tells, or what the plain family is trained at."""
    found = _RESOLUTION.search(architecture)
    if found:
        return found[1]
    if architecture.startswith(("convnext", "nllb", "MobileCLIP")):
        return ""
    return _SIZES.get(architecture.removesuffix("-quickgelu"), "224")


def _kind(architecture: str) -> str:
    if architecture.startswith("EVA"):
        return "eva"
    if _HYBRID.match(architecture):
        return "hybrid"
    return "cnn" if architecture.startswith(("RN", "convnext")) else "vit"


def _loss(architecture: str) -> str:
    if architecture.startswith("coca"):
        return "contrastive-captioning"
    return "sigmoid" if "siglip" in architecture.lower() else "contrastive"


def _tag_facets(tag: str) -> Facets:
    known = next((row for row in rows_of(_SOURCES) if fnmatchcase(tag, row["tag"])), {})
    facets = {name: value for name, value in known.items() if name != "tag"}
    finetuned = tag.startswith("mscoco_finetuned") or re.search(r"_ft(_|$)", tag)
    return facets | {
        "source": known.get("source", "other"),
        "samples_seen": _samples_seen(tag),
        "finetuned": "yes" if finetuned else "no",
        "task": known.get("task") or "zero-shot",
    }


def _samples_seen(tag: str) -> str:
    found = _SEEN.search(tag)
    if found is None:
        return _SEEN_KNOWN.get(tag, "")
    return f"{int(found[1]) * (1e6 if found[2] == 'm' else 1e9):.3g}".replace("e+0", "e").replace("e+", "e")
