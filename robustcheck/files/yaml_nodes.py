"""YAML text as plain values, with the line and column of every key and value, within bounds.

Aliases can make a kilobyte stand for billions of values, brackets can nest beyond any stack, and a number can have a
million digits. No honest file comes near the bounds here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from robustcheck.files.spans import Mistake, Span
from robustcheck.files.yaml_scalars import PREFIX, CoreLoader, scalar_value, trap
from robustcheck.files.yaml_syntax import explain_syntax_error

Loc = tuple[str | int, ...]

MOST_BYTES = 2**20
_MOST_VALUES = 200_000
_DEEPEST = 40
_REST_OF_DECIMAL = re.compile(r"\d+\s*(%|pp)?")
_SCALAR_KINDS = frozenset({"str", "null", "bool", "int", "float"})


class UnreadableError(Exception):
    """A text that cannot be parsed at all."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake
        super().__init__(mistake.summary)


@dataclass(frozen=True)
class Parsed:
    """The values of a text, where each stands, and what was wrong in the text itself."""

    data: object
    keys: Mapping[Loc, Span]
    values: Mapping[Loc, Span]
    last_lines: Mapping[Loc, int]
    mistakes: tuple[Mistake, ...]


def parse_yaml(text: str, lines: Sequence[str], *, switch_words: bool = False) -> Parsed | None:
    """Return the values of a YAML text, or None when it is empty; raise UnreadableError when it is not YAML.

    With ``switch_words`` a plain ``yes``, ``no``, ``on`` or ``off`` is a word; else it is a mistake.
    """
    node = _compose(text, lines)
    if node is None:
        return None
    _refuse_large(node)
    build = _Build(switch_words)
    data = build.value(node, ())
    return Parsed(data, build.keys, build.values, build.last_lines, tuple(build.mistakes))


class _BoundedLoader(CoreLoader):
    """The loader that refuses depth before Python's own stack ends."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        if self.depth > _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            span, most = Span(mark.line + 1, mark.column + 1), f"at most {_DEEPEST} inside each other"
            mistake = Mistake(span, "the brackets or lists are nested too deeply", most)
            raise UnreadableError(mistake)
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _compose(text: str, lines: Sequence[str]) -> Node | None:
    # A final newline lets the end of the last block lie on a line of its own.
    try:
        node: Node | None = yaml.compose(text + "\n", Loader=_BoundedLoader)
    except yaml.YAMLError as error:
        raise UnreadableError(explain_syntax_error(error, lines)) from None
    except (RecursionError, ValueError, OverflowError):
        # Escapes beyond Unicode and directives with huge numbers escape PyYAML's own errors.
        raise UnreadableError(Mistake(Span(1, 1), "this is not YAML")) from None
    return node


def _refuse_large(root: Node) -> None:
    """Refuse what the aliases of a file stand for, before any of it is built: each node is counted once."""
    sizes: dict[int, tuple[int, int]] = {}
    inside: set[int] = set()

    def size(node: Node) -> tuple[int, int]:
        """Return how many values a node stands for, and how deep they lie."""
        if id(node) in inside:
            raise UnreadableError(Mistake(_span(node), "this value contains itself through an alias", "no alias"))
        if id(node) not in sizes:
            inside.add(id(node))
            parts = [size(child) for child in _children(node)]
            inside.discard(id(node))
            found = 1 + sum(count for count, _ in parts), 1 + max((depth for _, depth in parts), default=0)
            _refuse_size(node, *found)
            sizes[id(node)] = found
        return sizes[id(node)]

    size(root)


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _refuse_size(node: Node, count: int, depth: int) -> None:
    if count > _MOST_VALUES:
        found = f"the aliases of this file stand for over {_MOST_VALUES} values"
        raise UnreadableError(Mistake(_span(node), found, "the values written out, in several suites if need be"))
    if depth > _DEEPEST:
        raise UnreadableError(Mistake(_span(node), "the aliases of this file nest it too deeply", "fewer aliases"))


@dataclass
class _Build:
    """The walk over the parsed nodes that collects values, places and mistakes."""

    switch_words: bool = False
    keys: dict[Loc, Span] = field(default_factory=dict)
    values: dict[Loc, Span] = field(default_factory=dict)
    last_lines: dict[Loc, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def value(self, node: Node, loc: Loc) -> object:
        self.values[loc] = _span(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        self._check_tag(node)
        self.last_lines[loc] = _last_line(node)
        return self._mapping(node, loc) if isinstance(node, MappingNode) else self._sequence(node, loc)

    def _scalar(self, node: ScalarNode) -> object:
        kind = node.tag.removeprefix(PREFIX)
        found = trap(kind, node.value, switch_words=self.switch_words) if node.style is None else None
        if found:
            self.mistakes.append(Mistake(_span(node), *found))
            return node.value
        if kind not in _SCALAR_KINDS:
            self._refuse_tag(node)
            return node.value
        try:
            return scalar_value(kind, node.value)
        except ValueError as error:
            self.mistakes.append(Mistake(_span(node), str(error), "a number that fits, or text in quotes"))
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
        for key_node, value_node in [*node.value, *_merged(node)]:
            if self._is_decimal_comma(mapping, key_node, value_node, loc):
                continue
            key = self._key(key_node)
            if key is None:
                continue
            if key in mapping and all(key_node is not own for own, _ in node.value):
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
        if _is_merge(node):
            mistake = Mistake(_span(node), "merge keys (<<) are not part of the language", "the keys written out")
            self.mistakes.append(mistake)
            return None
        return str(node.value)

    def _refuse_duplicate(self, key: str, node: Node, first: Span) -> None:
        summary = f"duplicate key {key!r}: it already stands in line {first.line}"
        self.mistakes.append(Mistake(_span(node), summary, "each key once"))


def _is_merge(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value == "<<" and node.style is None


def _merged(node: MappingNode) -> list[tuple[Node, Node]]:
    """Return the keys that a refused ``<<`` stands for, so that none of them is said to be missing as well."""
    blocks = [value for key, value in node.value if _is_merge(key) and isinstance(value, MappingNode)]
    return [pair for block in blocks for pair in block.value if not _is_merge(pair[0])]


def _span(node: Node) -> Span:
    start, end = node.start_mark, node.end_mark
    one_line = isinstance(node, ScalarNode) and start.line == end.line
    return Span(start.line + 1, start.column + 1, max(1, end.column - start.column) if one_line else 1)


def _last_line(node: Node) -> int:
    # A block ends where the next token starts; a flow collection ends with its bracket.
    end: int = node.end_mark.line
    return end + 1 if isinstance(node, CollectionNode) and node.flow_style else end
