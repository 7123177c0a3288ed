"""What the outputs of a classifier are called, where something beside its weights says so.

Looked for beside a checkpoint ``DIR/STEM.EXT``, the first that is there counts: ``STEM.classes.txt`` or
``STEM.classes.json``; ``classes.txt`` or ``classes.json``; timm's ``config.json`` with ``label_names``.
A text file has a line for each output, its class name or WordNet id; or lines ``CLASS<TAB>OUTPUT`` for some of them.
A JSON file holds a list of names, names with their outputs, or outputs with their names (Keras' and timm's forms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustcheck.errors import ModelError
from robustcheck.files.json_files import read_json, read_settings
from robustcheck.files.numbers import whole_number
from robustcheck.files.regular import is_regular
from robustcheck.files.texts import lines_of, read_text, stripped
from robustcheck.models.kind import model_kind
from robustcheck.values import ModelRef

HOW_TO_NAME = (
    "write STEM.classes.txt beside the weights STEM.safetensors, a class name or WordNet id a line for each output; "
    "docs/models.md has more ways"
)
_CONFIGURATION = "config.json"
_FORMS = "a list of names, {NAME: OUTPUT}, or {OUTPUT: NAME}"
# More outputs than any classifier has; a wrong number must not fill the memory.
_MOST_OUTPUTS = 1_000_000


@dataclass(frozen=True, slots=True)
class OutputNames:
    """The names of a classifier's outputs, in their order; empty for one without; ``where`` says who tells.

    ``is_partial`` says that outputs behind the last name have none.
    """

    names: tuple[str, ...]
    where: str
    is_partial: bool = False

    def of(self, count: int) -> tuple[str, ...] | None:
        """Return a name for each of ``count`` outputs, or None where the names are those of another number."""
        missing = count - len(self.names)
        return (*self.names, *[""] * missing) if missing == 0 or (self.is_partial and missing > 0) else None


def output_names(ref: ModelRef) -> OutputNames | None:
    """Return what a classifier's outputs are called, or None where nothing tells; raise ModelError for a bad list."""
    bare = ref.adapters[0].base if ref.adapters else ref
    tell = model_kind(bare).output_names
    return None if tell is None else tell(bare)


def names_beside(weights: Path) -> OutputNames | None:
    """Return the names that lie beside a checkpoint file."""
    for stem in (f"{weights.stem}.classes", "classes"):
        found = [path for path in (weights.with_name(f"{stem}.{form}") for form in ("txt", "json")) if is_regular(path)]
        if len(found) > 1:
            raise ModelError(f"both {found[0].name} and {found[1].name}", where=str(weights.parent), expected="one")
        if found:
            path = found[0]
            return _in_text(path) if path.suffix == ".txt" else _in_json(read_json(path, ModelError), path)
    return names_in_configuration(weights.with_name(_CONFIGURATION))


def names_in_configuration(path: Path) -> OutputNames | None:
    """Return the names that a configuration of timm's form gives, or None where it gives none or is not there."""
    if not is_regular(path):
        return None
    content = read_settings(path)
    places = [content, content.get("pretrained_cfg")]
    found = [place.get(key) for place in places if isinstance(place, dict) for key in ("label_names", "labels")]
    named = next((names for names in found if names), None)
    return None if named is None else _in_json(named, path)


def _in_text(path: Path) -> OutputNames:
    lines = [stripped(line) for line in lines_of(read_text(path, ModelError))]
    while lines and not lines[-1]:
        lines.pop()
    if "" in lines or not lines:
        found = f"line {lines.index('') + 1} is blank" if lines else "it is empty"
        raise ModelError(found, where=str(path), expected="a line for each output")
    if any("\t" in line for line in lines):
        pairs = [line.rpartition("\t") for line in lines]
        return _by_output([(whole_number(output), name) for name, _, output in pairs], path)
    return OutputNames(tuple(lines), path.name)


def _in_json(content: Any, path: Path) -> OutputNames:
    if isinstance(content, Sequence) and not isinstance(content, str):
        return OutputNames(tuple(_name(name, path) for name in content), path.name)
    if not isinstance(content, Mapping) or not content:
        raise ModelError("no names of outputs", where=str(path), expected=_FORMS)
    if all(isinstance(value, int) and not isinstance(value, bool) for value in content.values()):
        return _by_output([(value, str(name)) for name, value in content.items()], path)
    return _by_output([(whole_number(str(place)), _name(name, path)) for place, name in content.items()], path)


def _by_output(pairs: Sequence[tuple[int | None, str]], path: Path) -> OutputNames:
    names: dict[int, str] = {}
    for output, name in pairs:
        if output is None or not 0 <= output < _MOST_OUTPUTS or output in names:
            reason = "occurs twice" if output in names else "is not the place of an output"
            raise ModelError(f"the output of {name!r} {reason}", where=str(path), expected=_FORMS)
        names[output] = stripped(name)
    return OutputNames(tuple(names.get(output, "") for output in range(max(names) + 1)), path.name, is_partial=True)


def _name(content: Any, path: Path) -> str:
    """Return a name; Keras writes the WordNet id and the name of each output."""
    first = content[0] if isinstance(content, Sequence) and not isinstance(content, str) and content else content
    if not isinstance(first, str):
        raise ModelError(f"the name of an output is {str(first)[:40]}", where=str(path), expected=_FORMS)
    return stripped(first)
