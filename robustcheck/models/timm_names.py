"""The names that the installed timm offers, and what is wrong with one that it does not."""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import cache
from pathlib import Path

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.models.catalogue import entry

_REGISTERED = re.compile(r"^@register_model\s*\ndef (\w+)\(", re.MULTILINE)
# Keys of tables: those of weights are names with a tag, those of old names are told by what they are called now.
_TAGGED = re.compile(r"""['"]([a-z]\w*\.\w+)['"]\s*:""")
_OLD = re.compile(r"""['"]([a-z]\w*)['"]\s*:\s*['"]""")


def require_timm_name(name: str, where: str) -> None:
    """Raise ModelError unless timm can build NAME or NAME.TAG; its names unknown, accept any."""
    if entry(name) is not None or not shipped_names():
        return
    architecture, _, tag = name.partition(".")
    require_timm_architecture(architecture, where)
    tags = sorted(known.partition(".")[2] for known in _names() if known.startswith(f"{architecture}."))
    # Where none is written, timm makes the tags when it is imported.
    if tag and tags and tag not in tags:
        raise ModelError(
            f"{architecture} has no pretrained tag {tag!r}",
            where=where,
            expected=", ".join(tags),
            fix=did_you_mean(tag, tags),
        )


def require_timm_architecture(architecture: str, where: str) -> None:
    """Raise ModelError unless timm has the architecture; its names unknown, accept any."""
    known = _names()
    if architecture in known or not known:
        return
    raise ModelError(
        f"timm has no architecture {architecture!r}",
        where=where,
        expected="timm's name, such as resnet50 or resnet50.a1_in1k (or openclip:NAME for a CLIP model)",
        fix=did_you_mean(architecture, [name for name in known if "." not in name])
        or 'python -c "import timm; print(timm.list_models())" lists them',
    )


def _names() -> frozenset[str]:
    # A conftest.py may have registered its own.
    loaded = sys.modules.get("timm")
    return shipped_names() | frozenset([*loaded.list_models(), *loaded.list_pretrained()] if loaded else ())


@cache
def shipped_names() -> frozenset[str]:
    """Return the names that stand in timm's source, with and without tags; empty when it cannot be read."""
    package = importlib.util.find_spec("timm")
    if package is None or package.origin is None:
        return frozenset()
    files = sorted((Path(package.origin).parent / "models").glob("*.py"))
    source = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    return frozenset(name for kind in (_REGISTERED, _TAGGED, _OLD) for name in kind.findall(source))
