"""What a YAML syntax error means to the author of a suite."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml
from yaml.reader import ReaderError

from robustcheck.files.spans import Mistake, Span
from robustcheck.lookalikes import name_characters, with_plain_characters

_NOT_YAML = "this is not YAML:"
_NO_SPACE = re.compile(r"(\s*(?:- +)?)([A-Za-z_][\w-]*):([^\s/:].*)")
# A first word that a value follows, as behind a key.
_NO_COLON = re.compile(r"(\s*(?:- +)?)([A-Za-z_][\w-]*) +(?=\S)(?!.*: .*[^}\]]$)")
_NO_SPACE_DASH = re.compile(r"\s*-(?=[A-Za-z_\"'{])")
_VARIABLE = ("a variable stands outside quotes", 'the variable in quotes: "${name}"')

_WITHOUT_IT = 'the text without it, or an escape such as "\\x0c" in double quotes'
_ESCAPE = "a '\\' in double quotes begins an escape"

# (part of PyYAML's message, what is wrong, what was expected); the first that fits is used.
_EXPLANATIONS = (
    (
        "mapping values are not allowed",
        "a ':' where no key can stand",
        "quotes around text that contains ': ', or other indentation",
    ),
    (
        "sequence entries are not allowed",
        "a list cannot start behind its key",
        "[a, b], or each '- ...' on a line of its own",
    ),
    ("'\\t'", "a tab where YAML takes spaces only", "spaces"),
    ("'%' that cannot start", "a value cannot start with '%'", "the number first, such as 45%, or quotes"),
    ("that cannot start any token", "a value cannot start with this character", "the value in quotes"),
    (
        "found undefined alias",
        "a value that starts with '*' is read as an alias",
        "text with a star in quotes: \"*...\", or an anchor '&...' above it",
    ),
    ("while scanning a double-quoted scalar", _ESCAPE, "text with a '\\' in single quotes"),
    (
        "while scanning an alias",
        "a value that starts with '*' is read as an alias",
        'text with a star in quotes: "*..."',
    ),
    ("while scanning an anchor", "a value that starts with '&' is read as an anchor", "the value in quotes"),
    ("expected chomping or indentation", "a value cannot start with '>' or '|'", 'the condition in quotes: ">=1e9"'),
    ("while scanning a tag", "a value that starts with '!' is read as a tag", 'the condition in quotes: "!=224"'),
    ("while scanning a quoted scalar", "a quote is opened and not closed", "a closing quote"),
    (
        "while parsing a flow mapping",
        "this is not what can follow inside { }",
        "',' and the next key, or a closing '}'",
    ),
    (
        "while parsing a flow sequence",
        "this is not what can follow inside [ ]",
        "',' and the next value, or a closing ']'",
    ),
    ("could not find expected ':'", "a key without its ':'", "key: value"),
    ("expected '<document start>'", "text after the end of the document", "one document a file, without '...'"),
    ("expected a single document", "a second document starts here", "one document a file, without a second '---'"),
    ("expected <block end>", "the indentation does not fit the lines above", "keys of one block in the same column"),
    ("expected the node content", "a value is missing here", "a value"),
)

# The parser notices these only further down.
_WRONG_AT_THEIR_START = ("while scanning a quoted scalar", "while scanning a simple key")


def explain_syntax_error(error: yaml.YAMLError, lines: Sequence[str]) -> Mistake:
    """Turn PyYAML's error into a mistake at its place, in the words of an author."""
    if isinstance(error, ReaderError):
        return _bad_character(error, lines)
    if not isinstance(error, yaml.MarkedYAMLError):
        return Mistake(Span(1, 1), f"{_NOT_YAML} {error}")
    message = f"{error.context or ''}; {error.problem or ''}"
    span = _error_span(error, lines)
    for explain in (_explain_lookalike, _explain_missing_colon, _explain_line, _explain_quote):
        if (found := explain(error, span, lines)) is not None:
            return found
    opened = _opened(error, span)
    summary, expected = _explain(message, lines[span.line - 1] if lines else "")
    return Mistake(span, f"{_NOT_YAML} {summary}{opened}", expected)


def _explain_lookalike(error: yaml.MarkedYAMLError, span: Span, lines: Sequence[str]) -> Mistake | None:
    """Explain a character that looks like one of YAML's, where the text with that one would be read."""
    plain = [with_plain_characters(line) for line in lines]
    changed = [number for number, line in enumerate(lines) if line != plain[number]]
    if not changed or not _is_yaml(plain):
        return None
    at = max((number for number in changed if number < span.line), default=changed[0])
    column = next(place for place, one in enumerate(lines[at]) if with_plain_characters(one) != one)
    named = name_characters(lines[at][column])
    return Mistake(Span(at + 1, column + 1), f"{_NOT_YAML} {named}, which YAML does not know", plain[at].strip())


def _explain_missing_colon(error: yaml.MarkedYAMLError, span: Span, lines: Sequence[str]) -> Mistake | None:
    """Explain a key without its ':', on the line of the error or above it, where the text with it would be read."""
    for number in range(span.line - 1, max(span.line - 3, -1), -1):
        found = _NO_COLON.match(lines[number]) if number < len(lines) else None
        if found is None:
            continue
        mended = f"{found[1]}{found[2]}: {lines[number][found.end() :]}"
        if _is_yaml([*lines[:number], mended, *lines[number + 1 :]]):
            start = Span(number + 1, found.start(2) + 1, len(found[2]))
            return Mistake(start, f"{_NOT_YAML} a key without its ':'", mended.strip().removeprefix("- "))
    return None


def _is_yaml(lines: Sequence[str]) -> bool:
    try:
        yaml.compose("\n".join(lines) + "\n", Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        return False
    return True


def _explain_line(error: yaml.MarkedYAMLError, span: Span, lines: Sequence[str]) -> Mistake | None:
    """Explain a ':' or a dash that lacks the space after it, which YAML takes for a part of the text."""
    line = lines[span.line - 1] if lines else ""
    problem = str(error.problem)
    if "expected ':'" in problem and (found := _NO_SPACE.fullmatch(line)):
        start = Span(span.line, found.start(2) + 1, len(found[2]) + 1)
        return Mistake(start, f"{_NOT_YAML} a ':' without a space after it", f"{found[2]}: {found[3]}")
    if "expected <block end>" in problem and (found := _NO_SPACE_DASH.match(line)):
        start = Span(span.line, found.end(), 1)
        return Mistake(start, f"{_NOT_YAML} a '-' without a space after it", f"- {line[found.end() :].strip()}")
    return None


def _explain_quote(error: yaml.MarkedYAMLError, span: Span, lines: Sequence[str]) -> Mistake | None:
    """Explain an error right behind a quoted text: its quote closed where the author did not mean it to."""
    mark, last = error.problem_mark, None
    if mark is None or not str(error.context).startswith(("while parsing a block", "while parsing a flow")):
        return None
    try:
        for token in yaml.scan("\n".join(lines) + "\n"):
            if token.start_mark.index >= mark.index:
                break
            last = token
    except yaml.YAMLError:
        return None
    if not isinstance(last, yaml.ScalarToken) or last.style not in {"'", '"'} or last.end_mark.line != mark.line:
        return None
    opened, start = last.start_mark.line + 1, Span(last.start_mark.line + 1, last.start_mark.column + 1)
    if opened < span.line:
        summary = f"the quote that opens here closes only in line {span.line}"
        return Mistake(start, f"{_NOT_YAML} {summary}", "a closing quote on the same line")
    expected = "a quote inside '...' doubled ('')" if last.style == "'" else 'a quote inside "..." as \\"'
    return Mistake(span, f"{_NOT_YAML} text after a closing quote", f"{expected}, or ',' or the end of the line")


def _explain(message: str, line: str) -> tuple[str, str]:
    if "while parsing a flow mapping" in message and _has_bare_variable(line):
        return _VARIABLE
    for part, summary, expected in _EXPLANATIONS:
        if part in message:
            return summary, expected
    return message.strip("; "), ""


def _has_bare_variable(line: str) -> bool:
    at = line.find("${")
    return at >= 0 and line[:at].count('"') % 2 == 0 and line[:at].count("'") % 2 == 0


def _error_span(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> Span:
    mark = error.problem_mark or error.context_mark
    if error.context in _WRONG_AT_THEIR_START:
        mark = error.context_mark
    if mark is None:
        return Span(1, 1)
    # An error at the end of the file is shown on its last line, where there is something to see.
    line = min(mark.line + 1, max(1, len(lines)))
    return Span(line, mark.column + 1)


def _opened(error: yaml.MarkedYAMLError, span: Span) -> str:
    mark = error.context_mark
    if mark is None or mark.line + 1 == span.line:
        return ""
    return f" (it belongs to what starts in line {mark.line + 1})"


def _bad_character(error: ReaderError, lines: Sequence[str]) -> Mistake:
    rest: int = error.position
    for number, line in enumerate(lines, start=1):
        if rest <= len(line):
            return Mistake(Span(number, rest + 1), "this character cannot stand in a YAML file", _WITHOUT_IT)
        rest -= len(line) + 1
    return Mistake(Span(1, 1), "the file holds a character that cannot stand in YAML", _WITHOUT_IT)
