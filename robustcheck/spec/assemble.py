"""One ``checks:`` entry of the file, for one case: validated, checked and made a Check."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from robustcheck.errors import did_you_mean
from robustcheck.files.spans import Span
from robustcheck.spec.amounts import check_limits, check_units
from robustcheck.spec.joined_lists import join_lists
from robustcheck.spec.kept_values import make_paths_absolute
from robustcheck.spec.language import CheckModel, DefaultsModel
from robustcheck.spec.limits import doubt_side, find_looser_limits, find_written_limits
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.names import KnownNames
from robustcheck.spec.query import read_query
from robustcheck.spec.references import check_references
from robustcheck.spec.sentences import write_sentence
from robustcheck.spec.source import Loc
from robustcheck.spec.translate import validate_part
from robustcheck.values import KnownDeviation, Pairs, Position, Query
from robustcheck.values.checks import Check
from robustcheck.values.expectations import KINDS, Expectation


@dataclass(frozen=True)
class SuiteValues:
    """What a check takes over from its suite."""

    defaults: DefaultsModel
    applies_to: Query
    models: tuple[str, ...] = ()


def read_check(scope: Scope, case: Pairs, suite: SuiteValues, names: KnownNames, mistakes: Mistakes) -> Check | None:
    """Return the check of one case, or None after reporting what is wrong with it."""
    data = join_lists(scope.data, names)
    assert isinstance(data, dict)
    scope = replace(scope, data=data)
    settings = names.options.get(str(as_mapping(data.get("measure")).get("metric")), {})
    model = validate_part(CheckModel, scope, _own_keys(data), mistakes, settings=settings)
    check_references(scope, names, mistakes)
    _check_deviations(scope, suite, names, mistakes)
    kind = _only_kind(data.get("expect"))
    if kind:
        check_units(scope, kind, names, mistakes)
    narrowed = _applies_to(scope, data, names, mistakes)
    warn = _read_warn(scope, model, kind, names, mistakes) if kind else None
    return _make_check(scope, model, case, suite, names, warn, narrowed) if model else None


def _check_deviations(scope: Scope, suite: SuiteValues, names: KnownNames, mistakes: Mistakes) -> None:
    """Report a known deviation whose model does not exist: it would excuse nobody, and nobody would notice."""
    written = scope.data.get("known_deviations") if isinstance(scope.data, dict) else None
    wanted = [as_mapping(item).get("model") for item in written] if isinstance(written, list) else []
    known = names.model_names(suite.models) if wanted else None
    for index, model in enumerate(wanted):
        # A checkpoint file has an id of its own, which only the runs that name it know.
        if known is None or not isinstance(model, str) or "@" in model:
            continue
        if not any(fnmatchcase(name, model) for name in known):
            loc: Loc = ("known_deviations", index, "model")
            expected = "the id of a model as it stands in the test's name, or a pattern such as ViT-B-32/*"
            hint = did_you_mean(model, known)
            mistakes.at_value(scope, loc, f"{model!r} matches no model", expected=expected, hint=hint)


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one for what is none: that mistake is told elsewhere."""
    return value if isinstance(value, dict) else {}


def _own_keys(data: Mapping[str, Any]) -> dict[str, Any]:
    # These three have readers of their own, which report with finer positions.
    return {key: value for key, value in data.items() if key not in {"for_each", "warn", "applies_to"}}


def _only_kind(expect: object) -> str | None:
    kinds = [key for key in expect if key in KINDS] if isinstance(expect, dict) else []
    return kinds[0] if len(kinds) == 1 else None


def _applies_to(scope: Scope, data: Mapping[str, Any], names: KnownNames, mistakes: Mistakes) -> Query:
    if "applies_to" not in data:
        return ()
    return read_query(scope, ("applies_to",), data["applies_to"], names, mistakes)


def _read_warn(
    scope: Scope, model: CheckModel | None, kind: str, names: KnownNames, mistakes: Mistakes
) -> Expectation | None:
    data = scope.data
    assert isinstance(data, dict)
    if "warn" not in data:
        return None
    written = KINDS[kind].long_form(data["warn"])
    if not isinstance(written, dict) or not written:
        expected = f"a limit of the same kind, such as {_warn_example(kind)}"
        mistakes.at_key(scope, ("warn",), "'warn' has no limit", expected=expected)
        return None
    if not _has_only_limits(scope, kind, written, mistakes):
        return None
    check_limits(scope, find_written_limits(kind, data["warn"], ("warn",)), names, mistakes)
    merged = {**KINDS[kind].long_form(data["expect"][kind]), **written} if model else None
    warn = validate_part(KINDS[kind], scope, merged, mistakes, base=("warn",)) if merged else None
    if warn and model:
        _refuse_looser(scope, model.expectation, warn, mistakes)
    return warn


def _warn_example(kind: str) -> str:
    return "50%" if len(KINDS[kind].shorthand) == 1 else "{" + KINDS[kind].limits[0].key + ": ...}"


def _has_only_limits(scope: Scope, kind: str, written: Mapping[str, object], mistakes: Mistakes) -> bool:
    keys = [limit.key for limit in KINDS[kind].limits]
    strange = [key for key in written if key not in keys]
    for key in strange:
        expected = f"only the limit of {kind}: {' or '.join(keys)}"
        hint = (
            f"leave out {key!r}: a warning has the kind of its expectation" if key in KINDS else did_you_mean(key, keys)
        )
        mistakes.at_key(scope, ("warn", key), f"{key!r} cannot stand in 'warn'", expected=expected, hint=hint)
    return not strange


def _refuse_looser(scope: Scope, expect: Expectation, warn: Expectation, mistakes: Mistakes) -> None:
    for limit in find_looser_limits(expect, warn):
        written = find_written_limits(expect.kind, _data(scope)["warn"], ("warn",))
        loc: Loc = next((item.loc for item in written if item.limit == limit), ("warn",))
        side = "above" if limit.tighter > 0 else "below"
        shown = expect.long_form(_data(scope)["expect"][expect.kind])[limit.key]
        summary = "the warning is looser than the expectation, so it would never be seen"
        mistakes.at_value(scope, loc, summary, expected=f"a limit {side} {shown}")


def _data(scope: Scope) -> dict[str, Any]:
    assert isinstance(scope.data, dict)
    return scope.data


def _make_check(
    scope: Scope,
    model: CheckModel,
    case: Pairs,
    suite: SuiteValues,
    names: KnownNames,
    warn: Expectation | None,
    narrowed: Query,
) -> Check:
    directory = scope.document.directory
    expect = model.expectation
    seed = suite.defaults.seed if model.seed is None else model.seed
    return Check(
        id=model.id,
        case=case,
        title=model.title or model.id.replace("-", " ").capitalize(),
        why=model.why,
        tags=tuple(dict.fromkeys([*suite.defaults.tags, *model.tags])),
        quantity=make_paths_absolute(model.measure, directory, names).quantity(seed),
        expect=make_paths_absolute(expect, directory, names),
        warn=make_paths_absolute(warn, directory, names) if warn else None,
        when_unsure=model.when_unsure or suite.defaults.when_unsure,
        known_deviations=tuple(KnownDeviation(item.model, item.reason, item.until) for item in model.known_deviations),
        applies_to=suite.applies_to + narrowed,
        seed=seed,
        # The paths stay as written here: a sentence reads the same on every machine.
        sentence=_sentence(model, warn, names),
        position=_position(scope, scope.value_span(())),
        expect_position=_position(scope, scope.key_span(("expect",))),
        yaml=_own_text(scope),
        claim=model.claim,
        source=model.source,
        expect_finding=model.expect_finding or "",
        # A claim is a sentence of a paper: its side is not the author's to choose.
        doubts=() if model.claim else tuple(doubt_side(model.measure.quantity(), expect, names)),
    )


def _sentence(model: CheckModel, warn: Expectation | None, names: KnownNames) -> str:
    return write_sentence(model.measure.quantity(), model.expectation, warn, names=names)


def _position(scope: Scope, span: Span) -> Position:
    return Position(scope.document.path, span.line, span.column)


def _own_text(scope: Scope) -> str:
    document = scope.document
    first = document.values[scope.root]
    lines = list(document.lines[first.line - 1 : document.last_lines[scope.root]])
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return textwrap.dedent("\n".join(lines))
