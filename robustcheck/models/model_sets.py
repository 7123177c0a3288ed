"""Resolve what ``--models`` and ``models:`` say: sets, queries, globs, references, files of references."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml

from robustcheck.errors import ModelError, SetupError, did_you_mean
from robustcheck.files.user_paths import is_directory, user_path
from robustcheck.files.yaml_files import read_yaml
from robustcheck.listing import natural
from robustcheck.models.adapted_reference import Written, bare_reference, split_adapter
from robustcheck.models.catalogue import entries
from robustcheck.models.facets import is_query, matches, parse_query, query_from_dict
from robustcheck.models.kind import ModelKind, kinds_of_scheme
from robustcheck.models.reference import (
    is_checkpoint_file,
    is_held,
    parse_reference,
    reference_of,
    with_adapter,
)
from robustcheck.printing import shown
from robustcheck.values import ModelRef, Query, query_text


@dataclass(frozen=True, slots=True)
class ModelSet:
    """A built-in set: what it is and the query that it stands for."""

    name: str
    about: str
    query: Query


def resolve_models(texts: Sequence[str], *, arch: str | None = None, base: Path | None = None) -> tuple[ModelRef, ...]:
    """Return the models that the texts name, each once, in order, with unique ids.

    Members of sets, globs and queries are not ``named``; explicit references are. Files are looked
    for relative to ``base``. Raises SetupError or ModelError in words.
    """
    base = base or Path.cwd()
    parts = [part for text in texts for part in _split(text)]
    if not parts:
        raise SetupError("no model is named", expected="a set, a query or a reference", fix=_set_list())
    if arch is not None and not any(_takes_arch(bare_reference(part, base), base) for part in parts):
        raise SetupError(
            f"--arch {arch} has no checkpoint file to belong to",
            expected="--models with a checkpoint file, such as --models epoch_12.pt --arch ViT-B-32",
        )
    return _unique(model for part in parts for model in _resolve(part, arch, base))


def _takes_arch(text: str, base: Path) -> bool:
    return is_checkpoint_file(text) or is_directory(text, base)


def resolve_one(text: str, *, arch: str | None = None, base: Path | None = None) -> ModelRef:
    """Return the one model that a text names; raise ModelError when it names several."""
    models = resolve_models((text,), arch=arch, base=base)
    if len(models) != 1:
        example = f", such as {models[0].text}" if models else ""
        raise ModelError(f"{text!r} names {len(models)} models", expected=f"one model{example}")
    return models[0]


def list_models(text: str | None = None) -> tuple[ModelRef, ...]:
    """Return the catalogue's models, or those that a set, a query, a glob or a reference names."""
    if text is None:
        return tuple(reference_of(model) for model in entries())
    return resolve_models([text])


@cache
def known_sets() -> Mapping[str, ModelSet]:
    """Return the built-in sets by name."""
    text = Path(__file__).with_name("model_sets.yaml").read_text(encoding="utf-8")
    sets: dict[str, dict[str, str]] = yaml.safe_load(text)
    return {name: ModelSet(name, item["about"], parse_query(item["query"])) for name, item in sets.items()}


def _resolve(text: str, arch: str | None, base: Path) -> tuple[ModelRef, ...]:
    written = split_adapter(text, base)
    if written is not None:
        models = _resolve(written.base, arch, base)
        return tuple(
            with_adapter(model, replace(written, text=f"{model.text}+{written.use}"), base) for model in models
        )
    if text in known_sets():
        return _queried(known_sets()[text].query, f"the set {text}")
    if text.endswith((".yaml", ".yml")):
        return _from_yaml(user_path(text, base, ModelError), arch)
    if is_query(text) and not is_checkpoint_file(text):
        return _queried(parse_query(text), text)
    if any(mark in text for mark in "*?"):
        return _globbed(text, arch, base)
    if is_directory(text, base) and not is_held(text, base):
        return _checkpoints(text, arch, base)
    return (_referenced(text, arch, base),)


def _checkpoints(text: str, arch: str | None, base: Path) -> tuple[ModelRef, ...]:
    """Return the checkpoint files in a directory and below it, and the models that its directories are."""
    root = user_path(text, base, ModelError)
    places = sorted(root.rglob("*"), key=lambda path: natural(path.relative_to(root).as_posix()))
    below = [str(Path(text) / path.relative_to(root)) for path in places]
    found = [each for each in below if is_checkpoint_file(each) or is_held(each, base)]
    # The files of a model in a directory of its own are parts of that model.
    models = [each for each in found if not any(str(parent) in found for parent in Path(each).parents)]
    if not models:
        raise ModelError(
            f"no model in the directory {text}",
            expected="checkpoint files, or directories in the format of open_clip or transformers",
        )
    return tuple(parse_reference(each, arch=arch, base=base) for each in models)


def _adapted(model: ModelRef, written: Written, base: Path) -> ModelRef:
    """Return a model with the adapter that stands after it, or after the set, the query or the glob that it is of."""
    return with_adapter(model, replace(written, text=f"{model.text}+{written.use}"), base)


def _referenced(text: str, arch: str | None, base: Path) -> ModelRef:
    try:
        return replace(parse_reference(text, arch=arch, base=base), named=True)
    except ModelError as error:
        near = did_you_mean(text, known_sets()) if not set("/:") & set(text) else ""
        several = text.split()
        if len(several) > 1:
            near = f"join models with commas: {','.join(several)}"
        if not near:
            raise
        raise ModelError(error.found, where=error.where, expected=error.expected, fix=near) from error


def _queried(query: Query, where: str) -> tuple[ModelRef, ...]:
    found = tuple(reference_of(model) for model in entries() if matches(query, model.facets))
    if not found:
        raise SetupError(
            "no model of the catalogue matches",
            where=where,
            expected=f"models with {query_text(query)}",
            fix="robustcheck models lists the catalogue with its facets",
        )
    return found


def _globbed(text: str, arch: str | None, base: Path) -> tuple[ModelRef, ...]:
    scheme = text.partition(":")[0]
    holding = [kind for kind in kinds_of_scheme(scheme) if kind.holds is not None]
    if holding:
        found = _globbed_paths(holding[0], text, base)
    elif is_checkpoint_file(text) or "@" in text:
        head, at, pattern = text.rpartition("@")
        files = sorted(glob.glob(str(user_path(pattern, Path(), ModelError)), root_dir=base), key=natural)
        found = tuple(parse_reference(f"{head}{at}{file}", arch=arch, base=base) for file in files)
    else:
        found = tuple(
            reference_of(model) for model in entries() if fnmatchcase(model.text, text) or fnmatchcase(model.id, text)
        )
    if not found:
        raise SetupError(
            f"nothing matches {text!r}",
            expected="a glob over the catalogue such as openclip:ViT-B-*/laion*, or over files or saved outputs",
        )
    return found


def _globbed_paths(kind: ModelKind, text: str, base: Path) -> tuple[ModelRef, ...]:
    scheme, _, pattern = text.partition(":")
    places = sorted(glob.glob(str(user_path(pattern, Path(), ModelError)), root_dir=base), key=natural)
    # Notes and logs lie beside models; what holds none is not meant.
    held = [place for place in places if kind.holds is not None and kind.holds(base / place)]
    return tuple(parse_reference(f"{scheme}:{place}", base=base) for place in held)


def _from_yaml(path: Path, arch: str | None) -> tuple[ModelRef, ...]:
    if not os.path.exists(path):
        raise ModelError(f"there is no file {path}", expected="a YAML file: a list of references, sets and queries")
    expected = "a list of references, or one under the key models"
    content = read_yaml(path, SetupError, expected=expected)
    items = content.get("models") if isinstance(content, dict) else content
    if not isinstance(items, list) or not items:
        raise SetupError("no list of models", where=str(path), expected=expected)
    return tuple(model for item in items for model in _resolve_item(item, arch, path))


def _resolve_item(item: object, arch: str | None, path: Path) -> tuple[ModelRef, ...]:
    if isinstance(item, dict):
        return _queried(query_from_dict(item), str(path))
    if not isinstance(item, str):
        raise SetupError(
            f"{shown(item)} is not a model", where=str(path), expected="a reference, a set, a query as text or mapping"
        )
    if item.endswith((".yaml", ".yml")):
        raise SetupError(f"{item} inside a YAML file of models", where=str(path), expected="the references themselves")
    return _resolve(item, arch, path.parent)


def _unique(models: Iterable[ModelRef]) -> tuple[ModelRef, ...]:
    kept: dict[tuple[object, ...], ModelRef] = {}
    for model in models:
        first = kept.get(model.identity, model)
        kept[model.identity] = replace(first, named=first.named or model.named)
    return _with_unique_ids(tuple(kept.values()))


def _with_unique_ids(models: tuple[ModelRef, ...]) -> tuple[ModelRef, ...]:
    """Tell files of the same name apart: by their directory, and if that is not enough by a number."""
    ids: set[str] = set()
    told: list[ModelRef] = []
    for model in models:
        name = model.id if model.id not in ids else _with_directory(model)
        number = 2
        while name in ids:
            name, number = f"{_with_directory(model)}-{number}", number + 1
        ids.add(name)
        told.append(replace(model, id=name))
    return tuple(told)


def _with_directory(model: ModelRef) -> str:
    files = [use.file for use in model.adapters if use.file is not None]
    place = Path(files[-1] if files else model.weights or "")
    if not place.is_absolute():
        return model.id
    directory = place.parent.name.replace(" ", "_")
    head, at, stem = model.id.rpartition("@")
    return f"{head}{at}{directory}-{stem}" if directory else model.id


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _set_list() -> str:
    return "the built-in sets are " + ", ".join(known_sets())
