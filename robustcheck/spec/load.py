"""Reading a suite: from the text of a file to a frozen Suite, with every mistake at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robustcheck.spec.assemble import SuiteValues, as_mapping, read_check
from robustcheck.spec.language import CheckModel, DefaultsModel, HeadModel, SeriesModel, SuiteModel
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.names import KnownNames
from robustcheck.spec.query import is_query_text, read_query
from robustcheck.spec.source import Document, Loc, read_document
from robustcheck.spec.suggestions import suggest
from robustcheck.spec.translate import validate_part
from robustcheck.spec.unknown_names import check_model
from robustcheck.spec.variables import expand_cases, fill_variables
from robustcheck.values import query_text
from robustcheck.values.checks import Check, Suite
from robustcheck.values.series import Series


def load_suite(path: Path, names: KnownNames) -> Suite:
    """Read a suite; raise one SpecError that holds every problem of the file."""
    document = read_document(path)
    mistakes = Mistakes(document)
    suite = _read_suite(document, path, names, mistakes)
    mistakes.raise_if_any()
    return suite


def _read_suite(document: Document, path: Path, names: KnownNames, mistakes: Mistakes) -> Suite:
    data = document.data if isinstance(document.data, dict) else {}
    scope = fill_variables(
        Scope(document, (), {key: value for key, value in data.items() if key != "checks"}), {}, mistakes
    )
    if not isinstance(document.data, dict):
        mistakes.at_value(scope, (), "this is not a suite", expected="keys and values, starting with robustcheck: 1")
        mistakes.raise_if_any()
    head = _read_head(scope, mistakes)
    models = _read_models(scope, names, mistakes)
    values = SuiteValues(head.defaults if head else DefaultsModel(), _suite_applies_to(scope, names, mistakes), models)
    return Suite(
        path=document.path,
        title=(head.title if head else "") or path.name.removesuffix(".robust.yaml"),
        about=head.about if head else "",
        models=models,
        checks=_read_checks(document, data.get("checks"), values, names, mistakes),
        series=_series(head.series if head else None),
        effort=head.effort if head else "full",
    )


def _read_head(scope: Scope, mistakes: Mistakes) -> HeadModel | None:
    data = scope.data
    assert isinstance(data, dict)
    plain = {key: value for key, value in data.items() if key not in {"models", "applies_to"}}
    return validate_part(HeadModel, scope, plain, mistakes, words=SuiteModel)


def _series(written: SeriesModel | None) -> Series | None:
    return None if written is None else Series(written.name, None if written.looks == "open" else written.looks)


def _suite_applies_to(scope: Scope, names: KnownNames, mistakes: Mistakes) -> Any:
    data = scope.data
    assert isinstance(data, dict)
    return read_query(scope, ("applies_to",), data["applies_to"], names, mistakes) if "applies_to" in data else ()


def _read_models(scope: Scope, names: KnownNames, mistakes: Mistakes) -> tuple[str, ...]:
    data = scope.data
    assert isinstance(data, dict)
    written = data.get("models", "clip")
    if not isinstance(written, list):
        return _model_texts(scope, ("models",), written, names, mistakes)
    if not written:
        mistakes.at_value(scope, ("models",), "'models' names no model", expected="a set, a reference or a query")
    items = [_model_texts(scope, ("models", index), item, names, mistakes) for index, item in enumerate(written)]
    return tuple(text for texts in items for text in texts)


def _model_texts(scope: Scope, loc: Loc, written: object, names: KnownNames, mistakes: Mistakes) -> tuple[str, ...]:
    if isinstance(written, dict):
        return (query_text(read_query(scope, loc, written, names, mistakes)),)
    texts = [text.strip() for text in written.split(",")] if isinstance(written, str) else []
    if not all(texts) or not texts:
        expected = "a set such as clip, a reference such as ViT-B-32/openai, or a query such as {source: laion}"
        mistakes.at_value(scope, loc, "this names no model", expected=expected)
        return ()
    for text in texts:
        if is_query_text(text):
            read_query(scope, loc, text, names, mistakes)
        else:
            check_model(scope, loc, text, names, mistakes)
    return tuple(texts)


def _read_checks(
    document: Document, written: object, values: SuiteValues, names: KnownNames, mistakes: Mistakes
) -> tuple[Check, ...]:
    scope = Scope(document, (), document.data)
    if isinstance(written, dict) and written:
        first = next(iter(written))
        hint = (
            f"did you mean '- {first}: ...'?" if first in CheckModel.model_fields else f"did you mean '- id: {first}'?"
        )
        expected = "a list, in which each check begins with '- id: '"
        mistakes.at_key(scope, ("checks",), "'checks' is a mapping", expected=expected, hint=hint)
        return ()
    if not isinstance(written, list) or not written:
        keys = as_mapping(document.data)
        if "checks" not in keys and any("'checks'" in suggest(str(key), SuiteModel.model_fields) for key in keys):
            # It is there under a wrong name, which is reported.
            return ()
        summary = "missing key 'checks'" if "checks" not in keys else "'checks' has no checks"
        mistakes.at_key(scope, ("checks",), summary, expected="checks: a list of at least one check")
        return ()
    _refuse_same_ids(scope, written, mistakes)
    found: list[Check] = []
    for index, data in enumerate(written):
        found += _read_cases(Scope(document, ("checks", index), data), values, names, mistakes)
    return tuple(found)


def _refuse_same_ids(scope: Scope, written: list[Any], mistakes: Mistakes) -> None:
    first: dict[str, int] = {}
    for index, data in enumerate(written):
        name = as_mapping(data).get("id")
        if not isinstance(name, str):
            continue
        loc: Loc = ("checks", index, "id")
        if name in first:
            expected = f"an id of its own (line {first[name]} has this one already)"
            mistakes.at_value(scope, loc, f"duplicate check id {name!r}", expected=expected)
        first.setdefault(name, scope.value_span(loc).line)


def _read_cases(scope: Scope, values: SuiteValues, names: KnownNames, mistakes: Mistakes) -> list[Check]:
    if not isinstance(scope.data, dict):
        expected = "a block of keys and values, starting with - id: ..."
        mistakes.at_value(scope, (), "this is not a check", expected=expected)
        return []
    checks = [read_check(filled, case, values, names, mistakes) for case, filled in expand_cases(scope, mistakes)]
    return [check for check in checks if check is not None]
