"""Read a model reference: the text by which a person names one model that can be scored."""

from __future__ import annotations

import os
import re
from pathlib import Path

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.files.user_paths import user_path
from robustcheck.models.adapted_reference import (
    Written,
    adapt_reference,
    named_argument,
    split_adapter,
    unknown_adapter,
)
from robustcheck.models.catalogue import Entry, entries, entry
from robustcheck.models.kind import ModelKind, Reference, kinds_of_scheme, model_kinds, reference_examples, schemes
from robustcheck.values import ModelRef

CHECKPOINT_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
# What a bare checkpoint file is of, where --arch names no other.
_CHECKPOINT_SCHEME = "openclip"


def parse_reference(text: str, *, arch: str | None = None, base: Path | None = None) -> ModelRef:
    """Return the model that a reference names; ``arch`` is for a bare checkpoint file.

    Files and directories are looked for relative to ``base``. Raises ModelError in words.
    """
    text = text.strip()
    base = base or Path.cwd()
    written = split_adapter(text, base)
    if written is not None:
        return with_adapter(parse_reference(written.base, arch=arch, base=base), written, base)
    try:
        return _parse_bare(text, arch, base)
    except ModelError:
        # Perhaps only the adapter is wrong.
        unknown = unknown_adapter(text, base)
        if unknown is not None and _is_reference(unknown[0], arch, base):
            raise unknown[1] from None
        raise


def with_adapter(model: ModelRef, written: Written, base: Path) -> ModelRef:
    """Return a model with the adapter that a reference names after it."""
    argument = named_argument(written)
    other = None if argument is None else parse_reference(argument, base=base)
    return adapt_reference(model, written, base, other)


def is_checkpoint_file(text: str) -> bool:
    """Say whether a text is a bare checkpoint file: one that needs ``--arch``."""
    return ":" not in text and "@" not in text and text.endswith(CHECKPOINT_SUFFIXES)


def _parse_bare(text: str, arch: str | None, base: Path) -> ModelRef:
    scheme, colon, rest = text.partition(":")
    if colon and scheme in schemes():
        return _schemed(scheme, Reference(rest, text, base))
    return _bare(text, arch, base)


def _is_reference(text: str, arch: str | None, base: Path) -> bool:
    try:
        parse_reference(text, arch=arch, base=base)
    except ModelError:
        return False
    return True


def reference_of(model: Entry) -> ModelRef:
    """Return the reference to a model of the catalogue."""
    return parse_reference(model.text)


def _schemed(scheme: str, reference: Reference) -> ModelRef:
    if not reference.rest:
        raise ModelError(f"{reference.text!r} names no model", expected=reference_examples())
    for kind in kinds_of_scheme(scheme):
        found = kind.parse(reference)
        if found is not None:
            return found
    raise ModelError(f"{reference.text!r} is of no kind of {scheme} model", expected=reference_examples())


def _bare(text: str, arch: str | None, base: Path) -> ModelRef:
    if is_checkpoint_file(text):
        return _bare_file(text, arch, base)
    known = entry(text)
    if known is not None:
        return reference_of(known)
    kind = _holder(text, base)
    if kind is not None:
        return _schemed(kind.schemes[0], Reference(text, text, base))
    raise _unknown(text, base)


def is_held(text: str, base: Path) -> bool:
    """Tell whether a directory is a model by itself, in the format of a library."""
    return _holder(text, base) is not None


def _holder(text: str, base: Path) -> ModelKind | None:
    place = user_path(text, base, ModelError)
    held = (kind for kind in model_kinds() if kind.is_bare and kind.holds is not None and kind.holds(place))
    return next(held, None)


def _bare_file(text: str, arch: str | None, base: Path) -> ModelRef:
    path = Reference(text, text, base).file(text)
    if arch is None:
        raise ModelError(
            f"{text} is a checkpoint file without an architecture",
            expected="--arch with the architecture it was trained as, such as --arch ViT-B-32",
            fix=f"add --arch ARCH, or write {_CHECKPOINT_SCHEME}:ARCH@{text}",
        )
    scheme, colon, name = arch.partition(":")
    if not colon or scheme not in schemes():
        scheme, name = _CHECKPOINT_SCHEME, arch
    return _schemed(scheme, Reference(f"{name}@{path}", f"{scheme}:{name}@{text}", base))


def _unknown(text: str, base: Path) -> ModelError:
    scheme, colon, _ = text.partition(":")
    ids = [model.id for model in entries()]
    if colon:
        near = _of_the_hub(text) or did_you_mean(scheme, schemes()) or did_you_mean(text.replace(":", "/"), ids)
        return ModelError(f"unknown kind of model {scheme!r}", where=text, expected=reference_examples(), fix=near)
    if os.path.isfile(base / text):
        return ModelError(
            f"{text} is not a checkpoint file", expected="a file that ends in " + ", ".join(CHECKPOINT_SUFFIXES)
        )
    outside = "write openclip:ARCH/TAG or timm:NAME for a model outside the catalogue"
    fix = did_you_mean(text, ids) or _of_the_hub(text) or outside
    return ModelError(
        f"unknown model {text!r}", expected=f"a set, a query or a reference: {reference_examples()}", fix=fix
    )


def _of_the_hub(text: str) -> str:
    """Say how a model is written that is named as on the Hugging Face hub: by its address, or as ORG/NAME."""
    found = re.fullmatch(r"(?:https?://)?(?:huggingface\.co/|hf\.co/)?([\w.-]+/[\w.-]+?)/?", text)
    if found is None:
        return ""
    return f"write hf:{found[1]} (transformers) or hf-hub:{found[1]} (open_clip) for a model on the hub"
