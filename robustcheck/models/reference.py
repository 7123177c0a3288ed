"""Read a model reference: the text by which a person names one model that can be scored."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.models.catalogue import ZOO_DIRECTORY, Entry, entries, entry, facets_of, zoo_entries
from robustcheck.models.openclip_names import check_architecture, check_tag
from robustcheck.models.openclip_rules import openclip_facets
from robustcheck.models.prediction_files import prediction_files, read_about
from robustcheck.values import ModelRef

CHECKPOINT_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
EXAMPLES = (
    "openclip:ViT-B-32/laion2b_s34b_b79k, openclip:ViT-B-32@path/epoch_12.pt, local-dir:PATH, hf-hub:ORG/NAME, "
    "timm:resnet50.a1_in1k, timm:resnet50@path.safetensors, zoo:NAME, predictions:DIR"
)
_UNSAFE = re.compile(r"[\s|\[\]:]+")


def parse_reference(text: str, *, arch: str | None = None, base: Path | None = None) -> ModelRef:
    """Return the model that a reference names; ``arch`` is for a bare checkpoint file.

    Files and directories are looked for relative to ``base``. Raises ModelError in words.
    """
    text = text.strip()
    base = base or Path.cwd()
    scheme, colon, rest = text.partition(":")
    if colon and scheme in _SCHEMES:
        if not rest:
            raise ModelError(f"{text!r} names no model", expected=EXAMPLES)
        return _SCHEMES[scheme](rest, text, base)
    return _bare(text, arch, base)


def is_checkpoint_file(text: str) -> bool:
    """Say whether a text is a bare checkpoint file: one that needs ``--arch``."""
    return ":" not in text and "@" not in text and text.endswith(CHECKPOINT_SUFFIXES)


def reference_of(model: Entry) -> ModelRef:
    """Return the reference to a model of the catalogue."""
    scheme, _, name = model.text.partition(":")
    facets = tuple(sorted(model.facets.items()))
    if scheme == "openclip":
        architecture, _, tag = name.partition("/")
        return ModelRef(model.id, model.text, "openclip", architecture, tag, facets)
    if scheme == "zoo":
        architecture = model.facets.get("architecture", "")
        return ModelRef(model.id, model.text, "zoo", architecture, str(ZOO_DIRECTORY / name), facets)
    return ModelRef(model.id, model.text, "timm", name, None, facets)


def _openclip(rest: str, text: str, base: Path) -> ModelRef:
    architecture, at, path = rest.partition("@")
    if at:
        return _openclip_file(architecture, _file(path, text, base), text)
    architecture, slash, tag = rest.partition("/")
    if not (architecture and slash and tag) or "/" in tag:
        raise ModelError(
            f"{rest!r} is no architecture with a pretrained tag",
            where=text,
            expected="openclip:ARCH/TAG or openclip:ARCH@FILE",
            fix=did_you_mean(rest, _ids()) or "robustcheck models lists the published checkpoints",
        )
    known = entry(rest)
    if known is None or not known.text.startswith("openclip:"):
        check_architecture(architecture, text)
        check_tag(architecture, tag, text)
    return ModelRef(rest, text, "openclip", architecture, tag, _facets(rest))


def _openclip_file(architecture: str, path: Path, text: str) -> ModelRef:
    check_architecture(architecture, text)
    facets = tuple(sorted(openclip_facets(architecture, None).items()))
    return ModelRef(f"{architecture}@{_safe(path.stem)}", text, "openclip-file", architecture, str(path), facets)


def _timm(rest: str, text: str, base: Path) -> ModelRef:
    name, at, path = rest.partition("@")
    if "/" in name or not name:
        raise ModelError(
            f"{name!r} is no timm name",
            where=text,
            expected="timm:NAME.TAG or timm:NAME@FILE",
            fix=did_you_mean(name, _ids()),
        )
    if at:
        file = _file(path, text, base)
        return ModelRef(f"{name}@{_safe(file.stem)}", text, "timm-file", name, str(file))
    return ModelRef(name, text, "timm", name, None, _facets(name))


def _zoo(rest: str, text: str, base: Path) -> ModelRef:
    known = entry(rest)
    if known is None or known not in zoo_entries():
        names = [model.id for model in zoo_entries()]
        raise ModelError(
            f"the zoo has no model {rest!r}", where=text, expected=", ".join(names), fix=did_you_mean(rest, names)
        )
    return reference_of(known)


def _local_directory(rest: str, text: str, base: Path) -> ModelRef:
    path = (base / Path(rest).expanduser()).resolve()
    if not (path / "open_clip_config.json").is_file():
        found = "has no open_clip_config.json" if path.is_dir() else "is no directory"
        raise ModelError(
            f"{path} {found}", where=text, expected="a directory in open_clip's form: open_clip_config.json and weights"
        )
    return ModelRef(f"local@{_safe(path.name)}", text, "local-dir", "", str(path), (("family", "clip"),))


def _hub(rest: str, text: str, base: Path) -> ModelRef:
    if rest.count("/") != 1 or rest.startswith("/") or rest.endswith("/"):
        raise ModelError(f"{rest!r} is no repository", where=text, expected="hf-hub:ORG/NAME")
    return ModelRef(_safe(rest), text, "hf-hub", "", rest, (("family", "clip"),))


def _predictions(rest: str, text: str, base: Path) -> ModelRef:
    path = (base / Path(rest).expanduser()).resolve()
    if not prediction_files(path):
        found = "holds no CSV or NPZ file" if path.exists() else "does not exist"
        raise ModelError(
            f"{path} {found}",
            where=text,
            expected="a directory of saved outputs, DATASET.csv or DATASET.npz, or one such file",
            fix=did_you_mean(path.name, [other.name for other in path.parent.glob("*")]),
        )
    about = read_about(path)
    architecture = about.facets.get("architecture", "")
    return ModelRef(
        _safe(about.name), text, "predictions", architecture, str(path), tuple(sorted(about.facets.items()))
    )


def _fake(rest: str, text: str, base: Path) -> ModelRef:
    architecture, _, seed = rest.partition("@")
    return ModelRef(f"fake-{_safe(rest)}", text, "fake", architecture, seed or None)


def _bare(text: str, arch: str | None, base: Path) -> ModelRef:
    if is_checkpoint_file(text):
        return _bare_file(text, arch, base)
    known = entry(text)
    if known is not None:
        return reference_of(known)
    if (base / text / "open_clip_config.json").is_file():
        return _local_directory(text, text, base)
    raise _unknown(text, base)


def _bare_file(text: str, arch: str | None, base: Path) -> ModelRef:
    path = _file(text, text, base)
    if arch is None:
        raise ModelError(
            f"{text} is a checkpoint file without an architecture",
            expected="--arch with the architecture it was trained as, such as --arch ViT-B-32",
            fix=f"add --arch ARCH, or write openclip:ARCH@{text}",
        )
    scheme, colon, name = arch.partition(":")
    if colon and scheme == "timm":
        return _timm(f"{name}@{path}", f"timm:{name}@{text}", base)
    architecture = name if scheme == "openclip" else arch
    return _openclip_file(architecture, path, f"openclip:{architecture}@{text}")


def _unknown(text: str, base: Path) -> ModelError:
    scheme, colon, _ = text.partition(":")
    if colon:
        near = did_you_mean(scheme, _SCHEMES)
        return ModelError(f"unknown kind of model {scheme!r}", where=text, expected=EXAMPLES, fix=near)
    if (base / text).is_file():
        return ModelError(
            f"{text} is not a checkpoint file", expected="a file that ends in " + ", ".join(CHECKPOINT_SUFFIXES)
        )
    fix = did_you_mean(text, _ids()) or "write openclip:ARCH/TAG or timm:NAME for a model outside the catalogue"
    return ModelError(f"unknown model {text!r}", expected=f"a set, a query or a reference: {EXAMPLES}", fix=fix)


def _file(path_text: str, text: str, base: Path) -> Path:
    path = (base / Path(path_text).expanduser()).resolve()
    if not path.is_file():
        raise ModelError(f"there is no file {path}", where=text, expected="the checkpoint file of a training run")
    return path


def _facets(model_id: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(facets_of(model_id).items()))


def _ids() -> list[str]:
    return [model.id for model in entries()]


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name)


_SCHEMES: dict[str, Callable[[str, str, Path], ModelRef]] = {
    "openclip": _openclip,
    "timm": _timm,
    "zoo": _zoo,
    "local-dir": _local_directory,
    "hf-hub": _hub,
    "predictions": _predictions,
    "fake": _fake,
}
