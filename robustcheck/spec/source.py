"""A YAML file as plain values, with the line and column of every key and value."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from robustcheck.errors import SpecError
from robustcheck.spec.problems import Mistake, Span, show_mistake
from robustcheck.spec.scalars import PREFIX, CoreLoader, scalar_value, trap
from robustcheck.spec.syntax import explain_syntax_error

Loc = tuple[str | int, ...]

# Aliases can make a small file stand for billions of values; no honest suite comes near this.
_MOST_VALUES = 200_000
_NEWLINE = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_REST_OF_DECIMAL = re.compile(r"\d+\s*(%|pp)?")
_SCALAR_KINDS = frozenset({"str", "null", "bool", "int", "float"})


@dataclass(frozen=True)
class Document:
    """A parsed file: its values, where each stands, and what was wrong in the text itself."""

    path: str
    directory: Path
    lines: tuple[str, ...]
    data: object
    keys: Mapping[Loc, Span]
    values: Mapping[Loc, Span]
    last_lines: Mapping[Loc, int]
    mistakes: tuple[Mistake, ...]

    def value_span(self, loc: Loc) -> Span:
        """Return where a value stands, or its nearest ancestor that is in the file."""
        while loc and loc not in self.values:
            loc = loc[:-1]
        return self.values.get(loc, Span(1, 1))

    def key_span(self, loc: Loc) -> Span:
        """Return where a key stands, or the value when it has no key of its own."""
        return self.keys[loc] if loc in self.keys else self.value_span(loc)


def read_document(path: Path) -> Document:
    """Read a YAML file; raise SpecError when its text cannot be parsed at all."""
    shown = show_path(path)
    text = _read_text(path, shown)
    lines = tuple(_NEWLINE.split(text))
    try:
        return _build_document(path, shown, text, lines)
    except _UnreadableError as unreadable:
        raise SpecError([show_mistake(unreadable.mistake, shown, lines)]) from None


def show_path(path: Path) -> str:
    """Return the path relative to the working directory where that is shorter to read."""
    relative = os.path.relpath(path.absolute())
    return path.absolute().as_posix() if relative.startswith("..") else Path(relative).as_posix()


class _UnreadableError(Exception):
    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake
        super().__init__(mistake.summary)


def _read_text(path: Path, shown: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        mistake = Mistake(Span(1, 1), f"the file cannot be read ({error.strerror or error})")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        mistake = Mistake(Span(line, 1), "the file is not UTF-8 text", "a text file saved as UTF-8")
    raise SpecError([show_mistake(mistake, shown, ())]) from None


def _build_document(path: Path, shown: str, text: str, lines: tuple[str, ...]) -> Document:
    node = _compose(text, lines)
    if node is None:
        raise _UnreadableError(Mistake(Span(1, 1), "the file is empty", "a suite that starts with robustcheck: 1"))
    build = _Build()
    data = build.value(node, ())
    return Document(
        path=shown,
        directory=path.absolute().parent,
        lines=lines,
        data=data,
        keys=build.keys,
        values=build.values,
        last_lines=build.last_lines,
        mistakes=tuple(build.mistakes),
    )


def _compose(text: str, lines: tuple[str, ...]) -> Node | None:
    # A final newline lets the end of the last block lie on a line of its own.
    try:
        node: Node | None = yaml.compose(text + "\n", Loader=CoreLoader)
    except yaml.YAMLError as error:
        raise _UnreadableError(explain_syntax_error(error, lines)) from None
    except RecursionError:
        raise _UnreadableError(Mistake(Span(1, 1), "the brackets or lists are nested too deeply")) from None
    return node


@dataclass
class _Build:
    """The walk over the parsed nodes that collects values, places and mistakes."""

    keys: dict[Loc, Span] = field(default_factory=dict)
    values: dict[Loc, Span] = field(default_factory=dict)
    last_lines: dict[Loc, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    _open: set[int] = field(default_factory=set)

    def value(self, node: Node, loc: Loc) -> object:
        self.values[loc] = _span(node)
        self._refuse_endless(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        self._check_tag(node)
        self.last_lines[loc] = _last_line(node)
        self._open.add(id(node))
        value = self._mapping(node, loc) if isinstance(node, MappingNode) else self._sequence(node, loc)
        self._open.discard(id(node))
        return value

    def _refuse_endless(self, node: Node) -> None:
        if id(node) in self._open:
            raise _UnreadableError(Mistake(_span(node), "this value contains itself through an alias"))
        if len(self.values) > _MOST_VALUES:
            raise _UnreadableError(
                Mistake(_span(node), f"the aliases of this file stand for over {_MOST_VALUES} values")
            )

    def _scalar(self, node: ScalarNode) -> object:
        kind = node.tag.removeprefix(PREFIX)
        found = trap(kind, node.value) if node.style is None else None
        if found:
            self.mistakes.append(Mistake(_span(node), *found))
            return node.value
        if kind not in _SCALAR_KINDS:
            self._refuse_tag(node)
            return node.value
        try:
            return scalar_value(kind, node.value)
        except ValueError as error:
            self.mistakes.append(Mistake(_span(node), str(error)))
            return node.value

    def _check_tag(self, node: Node) -> None:
        if node.tag != PREFIX + ("map" if isinstance(node, MappingNode) else "seq"):
            self._refuse_tag(node)

    def _refuse_tag(self, node: Node) -> None:
        tag = node.tag.replace(PREFIX, "!!")
        summary = f"the tag {tag} is not part of the language"
        self.mistakes.append(Mistake(_span(node), summary, 'plain values; text that starts with "!" stands in quotes'))

    def _sequence(self, node: Node, loc: Loc) -> list[object]:
        items: list[Node] = node.value if isinstance(node, SequenceNode) else []
        return [self.value(item, (*loc, index)) for index, item in enumerate(items)]

    def _mapping(self, node: MappingNode, loc: Loc) -> dict[str, object]:
        mapping: dict[str, object] = {}
        for key_node, value_node in node.value:
            if self._is_decimal_comma(mapping, key_node, value_node, loc):
                continue
            key = self._key(key_node)
            if key is None:
                continue
            if key in mapping:
                self._refuse_duplicate(key, key_node, self.keys[(*loc, key)])
                continue
            self.keys[(*loc, key)] = _span(key_node)
            mapping[key] = self.value(value_node, (*loc, key))
        return mapping

    def _is_decimal_comma(self, mapping: dict[str, object], key: Node, value: Node, loc: Loc) -> bool:
        """Report the second half of ``{at_least: 50,5%}``, which YAML takes for a key of its own."""
        last = next(reversed(mapping), None)
        whole = mapping.get(last) if last is not None else None
        if isinstance(whole, bool) or not isinstance(whole, int) or not isinstance(key, ScalarNode):
            return False
        if value.start_mark.index != value.end_mark.index or not _REST_OF_DECIMAL.fullmatch(key.value):
            return False
        first = self.values[(*loc, str(last))]
        written, meant = f"{whole},{key.value}", f"{whole}.{key.value}"
        span = Span(first.line, first.column, first.width + len(key.value) + 1)
        summary = f"{written!r} is two values to YAML"
        self.mistakes.append(Mistake(span, summary, "a point in a number", f"did you mean {meant!r}?"))
        mapping[str(last)] = meant
        return True

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode) or node.tag != PREFIX + "str":
            hint = ' (a "${variable}" stands in quotes)' if isinstance(node, MappingNode) else ""
            self.mistakes.append(
                Mistake(_span(node), "a key must be plain text", "a name, in quotes if need be" + hint)
            )
            return None
        if node.value == "<<" and node.style is None:
            mistake = Mistake(_span(node), "merge keys (<<) are not part of the language", "the keys written out")
            self.mistakes.append(mistake)
            return None
        return str(node.value)

    def _refuse_duplicate(self, key: str, node: Node, first: Span) -> None:
        summary = f"duplicate key {key!r}: it already stands in line {first.line}"
        self.mistakes.append(Mistake(_span(node), summary, "each key once"))


def _span(node: Node) -> Span:
    start, end = node.start_mark, node.end_mark
    one_line = isinstance(node, ScalarNode) and start.line == end.line
    return Span(start.line + 1, start.column + 1, max(1, end.column - start.column) if one_line else 1)


def _last_line(node: Node) -> int:
    # A block ends where the next token starts; a flow collection ends with its bracket.
    end: int = node.end_mark.line
    return end + 1 if isinstance(node, CollectionNode) and node.flow_style else end
