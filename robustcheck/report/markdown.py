"""The run for a CI page: a Markdown summary and GitHub annotations on the YAML lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from robustcheck.report.claims import claims
from robustcheck.report.page import headline
from robustcheck.report.words import (
    KINDS,
    UNSURE,
    WORDS,
    counted,
    finding,
    held,
    interval,
    judged_model,
    kind_of,
    moved,
    named,
    sampled,
)
from robustcheck.values import Change, Result, RunRecord, Status

MOST_ROWS = 100
_ORDER: tuple[Status, ...] = ("fail", "error", "unsure", "warn", "skip")
_MARKS = {"fail": "🔴", "warn": "🟡", "pass": "🟢", "none": "⚪"}
_LEVELS: dict[Status, str] = {"fail": "error", "error": "error", "warn": "warning"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&#$])")


def summary_markdown(run: RunRecord) -> str:
    """Return the summary of a run: counts, what did not pass, what changed."""
    head = headline(run)
    models = len({result.model.id for result in run.results if not result.is_about_groups})
    blocks = [
        f"## {_MARKS[head.tone]} {head.text}",
        " · ".join([head.detail, *[counted(models, "model")] * bool(models), _checks(run)]),
        "\n".join(_counts(run)),
        "\n".join(_non_passes(run)),
        "\n".join(_claims(run)),
        "\n".join(_known(run)),
        "\n".join(_changes(run)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def github_annotations(run: RunRecord) -> list[str]:
    """Return a GitHub workflow command for each failure, error and warning, at its YAML line."""
    return [_annotation(result) for result in run.results if result.verdict.status in _LEVELS]


def escaped(text: str) -> str:
    """Write outside text so that Markdown and HTML read it as plain characters, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _counts(run: RunRecord) -> Iterator[str]:
    counts = run.counts()
    names = [*(words.label for words in WORDS.values()), "not run"]
    yield f"| {' | '.join(names)} |"
    yield f"|{' ---: |' * len(names)}"
    numbers = [*(counts[status] for status in WORDS), len(run.not_run)]
    yield f"| {' | '.join(f'{number:,}' for number in numbers)} |"


def _checks(run: RunRecord) -> str:
    return counted(sum(suite.checks for suite in run.suites), "check")


def _non_passes(run: RunRecord) -> Iterator[str]:
    found = [result for result in run.results if result.verdict.status != "pass"]
    found.sort(key=lambda result: (_ORDER.index(result.verdict.status), result.verdict.margin or 0.0))
    if not found:
        return
    yield "| | check | model | verdict | judged | 95% interval | limit |"
    yield "| --- | --- | --- | --- | ---: | ---: | ---: |"
    yield from (_row(result) for result in found[:MOST_ROWS])
    if len(found) > MOST_ROWS:
        yield f"\n… and {len(found) - MOST_ROWS:,} more in the report."
    if any(result.verdict.status == "unsure" for result in found):
        yield f"\n{UNSURE}"


def _row(result: Result) -> str:
    verdict = result.verdict
    words = WORDS[verdict.status]
    cells = [
        f"{words.glyph} {verdict.status}",
        *(escaped(text) for text in (result.check_key, judged_model(result), verdict.reason)),
        held(verdict.compared, verdict),
        interval(verdict),
        held(verdict.limit, verdict),
    ]
    return f"| {' | '.join(cells)} |"


def _claims(run: RunRecord) -> Iterator[str]:
    rows = [row for claim in claims(run.results, 0, {}) for row in claim.rows]
    if not rows:
        return
    yield f"**{counted(len(rows), 'claim')}** about groups of models:\n"
    yield "| | check | claim | finding | effect | 95% interval | n | source |"
    yield "| --- | --- | --- | --- | ---: | ---: | ---: | --- |"
    yield from (_claim_row(row.result) for row in rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        yield f"\n… and {len(rows) - MOST_ROWS:,} more in the report."


def _claim_row(result: Result) -> str:
    verdict, kind = result.verdict, kind_of(result.verdict)
    cells = [
        f"{KINDS[kind].glyph} {verdict.status}",
        escaped(result.check_key),
        escaped(result.title),
        finding(result),
        held(verdict.compared, verdict),
        interval(verdict),
        sampled(verdict),
        escaped(result.source),
    ]
    return f"| {' | '.join(cells)} |"


def _known(run: RunRecord) -> Iterator[str]:
    found = [result for result in run.results if result.verdict.excused]
    if not found:
        return
    yield f"**{named('known', len(found))}**, let pass though the numbers say fail:\n"
    yield "| check | model | verdict | why |"
    yield "| --- | --- | --- | --- |"
    yield from (_known_row(result) for result in found[:MOST_ROWS])
    if len(found) > MOST_ROWS:
        yield f"\n… and {len(found) - MOST_ROWS:,} more in the report."


def _known_row(result: Result) -> str:
    texts = (result.check_key, judged_model(result), result.verdict.reason, "; ".join(result.verdict.notes))
    return f"| {' | '.join(escaped(text) for text in texts)} |"


def _changes(run: RunRecord) -> Iterator[str]:
    if run.previous is None:
        return
    said = counted(len(run.changes), "change") if run.changes else "nothing changed"
    yield f"**Since {escaped(run.previous)}:** {said}"
    if run.changes:
        yield ""
    yield from (_change(change) for change in run.changes[:MOST_ROWS])


def _change(change: Change) -> str:
    status = f"still {change.after}" if change.before == change.after else f"{change.before} → {change.after}"
    values = f", {moved(change)} ({escaped(change.basis)})" if moved(change) else ""
    return f"- {escaped(change.check_key)} on {escaped(change.model)}: {status}{values}"


def _annotation(result: Result) -> str:
    position, verdict = result.position, result.verdict
    title = f"{verdict.status}: {result.check_key} on {result.model.id}"
    properties = {"file": position.path, "line": str(position.line), "col": str(position.column), "title": title}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_LEVELS[verdict.status]} {written}::{_message(_details(verdict.reason, result.sentence))}"


def _details(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
