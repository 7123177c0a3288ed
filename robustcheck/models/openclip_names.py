"""The names that the installed open_clip offers, and what is wrong with one that it does not."""

from __future__ import annotations

import re
import sys
from functools import cache

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.models.openclip_tables import open_clip_directory, pretrained_source, pretrained_table

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def check_architecture(architecture: str, where: str) -> None:
    """Raise ModelError unless open_clip has the architecture; its names unknown, unless it may be a name."""
    known = architectures()
    if architecture in known or (not known and _NAME.fullmatch(architecture)):
        return
    raise ModelError(
        f"open_clip has no architecture {architecture!r}",
        where=where,
        expected="open_clip's name without a pretrained tag, such as ViT-B-32 (or timm:NAME for a timm checkpoint)",
        fix=did_you_mean(architecture.partition("/")[0], known)
        or 'python -c "import open_clip; print(open_clip.list_models())" lists them',
    )


def check_tag(architecture: str, tag: str, where: str) -> None:
    """Raise ModelError unless open_clip has pretrained weights of that tag; its tags unknown, accept any."""
    tags = pretrained_tags(architecture)
    if tags is None or pretrained_source(architecture, tag) is not None:
        return
    raise ModelError(
        f"{architecture} has no pretrained tag {tag!r}",
        where=where,
        expected=", ".join(tags) or f"an architecture with pretrained weights, or openclip:{architecture}@FILE",
        fix=did_you_mean(tag, tags),
    )


def architectures() -> frozenset[str]:
    """Return the architectures that open_clip can build; empty when they cannot be read."""
    # A conftest.py may have added its own with open_clip.add_model_config.
    loaded = sys.modules.get("open_clip")
    return shipped_architectures() | frozenset(loaded.list_models() if loaded else ())


def pretrained_tags(architecture: str) -> tuple[str, ...] | None:
    """Return the tags of an architecture, or None when open_clip's table cannot be read."""
    table = pretrained_table()
    # A row without tags is one that was not understood: open_clip lists no such architecture.
    is_unread = not table or table.get(architecture.removesuffix("-quickgelu")) == {}
    return None if is_unread else tuple(table.get(architecture, ()))


@cache
def shipped_architectures() -> frozenset[str]:
    """Return the architectures whose configurations open_clip ships."""
    package = open_clip_directory()
    return frozenset(path.stem for path in package.glob("model_configs/*.json")) if package else frozenset()
