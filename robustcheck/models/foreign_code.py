"""Code that comes with weights is never run: what asks for it is refused before any library reads it.

transformers imports modules that lie beside weights when a configuration names them (``auto_map``) and somebody trusts
them: the call, a setting (``trust_remote_code``), or whoever sits at the keyboard, whom it asks. Attention kernels that
a configuration names by their repository are code too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from robustcheck.errors import ModelError
from robustcheck.files.json_files import read_settings
from robustcheck.values import ModelRef

_TRUST = "trust_remote_code"
_CLASSES = "auto_map"
_KERNELS = ("attn_implementation", "_attn_implementation", "experts_implementation")
# Large tables of tokens, which name no code.
_TABLES = frozenset({"tokenizer.json", "vocab.json", "added_tokens.json"})
_EXPECTED = "weights with settings alone: code that comes with them is never run"


def refuse_foreign_code(ref: ModelRef, files: Mapping[str, Path]) -> None:
    """Raise ModelError for a setting among the files of a model that asks to run code from outside.

    Classes that the outermost level names are passed over by the libraries, which are told not to trust them; those of
    an inner level are built without that word.
    """
    for path in files.values():
        if path.suffix == ".json" and path.name not in _TABLES and not path.name.endswith(".index.json"):
            for place, found in _asks(read_settings(path), ()):
                raise ModelError(
                    f"{'.'.join(place)} asks to run {found}", where=f"{ref.text}, {path.name}", expected=_EXPECTED
                )


@contextmanager
def without_foreign_code() -> Iterator[None]:
    """Keep transformers from importing modules that lie beside weights, and from asking whether it may."""
    from transformers import dynamic_module_utils

    names: dict[str, object] = {"get_class_in_module": _refuse_class, "TIME_OUT_REMOTE_CODE": 0}
    before = {name: getattr(dynamic_module_utils, name) for name in names}
    for name, value in names.items():
        setattr(dynamic_module_utils, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(dynamic_module_utils, name, value)


def _asks(settings: object, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the place of each setting that asks for code, and for which."""
    items: list[tuple[str, Any]] = []
    if isinstance(settings, Mapping):
        items = list(settings.items())
    elif isinstance(settings, list):
        items = [(str(index), value) for index, value in enumerate(settings)]
    for name, value in items:
        here = (*place, name)
        if name == _TRUST and value not in (False, None):
            yield here, "code that comes with the weights"
        elif name == _CLASSES and place and value:
            yield here, "classes that come with the weights"
        elif name in _KERNELS and "/" in str(value):
            yield here, "a kernel from a repository"
        else:
            yield from _asks(value, here)


def _refuse_class(class_name: str, *_: object, **__: object) -> NoReturn:
    raise ModelError(f"its settings ask to run the class {class_name} that comes with the weights", expected=_EXPECTED)
