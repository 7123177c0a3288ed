"""The run for a CI page: a Markdown summary and GitHub annotations on the YAML lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from robustcheck.listing import counted, name_first
from robustcheck.printing import flowing, one_line, printable
from robustcheck.report.answer import answer
from robustcheck.report.causes import Cause, causes
from robustcheck.report.missing import Skipped, first_reason_line, skipped, skips_said
from robustcheck.report.words import (
    KINDS,
    UNSURE,
    WORDS,
    counted_kind,
    finding,
    found_drop,
    held,
    interval,
    judged_model,
    kind_of,
    measured,
    moved,
    sampled,
)
from robustcheck.values import Change, Result, RunRecord, Status

# A summary is read on a CI page: the report beside it has everything.
MOST_ROWS = 15
MOST_CLAIMS = 8
MOST_SKIPS = 30
# A workflow looks for the comment that begins with it.
COMMENT_MARK = "<!-- robustcheck -->"
_ORDER: tuple[Status, ...] = ("fail", "error", "unsure", "warn")
_MARKS = {"fail": "🔴", "warn": "🟡", "pass": "🟢", "none": "⚪"}
_LEVELS: dict[Status, str] = {"fail": "error", "error": "error", "warn": "warning"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&#$])")


def summary_markdown(run: RunRecord, found: Sequence[Cause] | None = None) -> str:
    """Return the summary of a run: the answer, its reasons, what did not pass, what changed, what is missing.

    ``found`` are its causes, where they are known already.
    """
    head = answer(run)
    models = len({result.model.id for result in run.results if not result.is_about_groups})
    blocks = [
        f"## {_MARKS[head.tone]} {escaped(head.text)}",
        " ".join([*filter(None, [head.detail]), *map(escaped, head.remarks)]),
        " · ".join([*[counted(models, "model")] * bool(models), _checks(run)]),
        "\n".join(_counts(run)),
        "\n".join(f"- {escaped(notice.text)}" for notice in run.notices),
        "\n".join(_causes(causes(run.results) if found is None else found)),
        "\n".join(_non_passes(run)),
        "\n".join(_claims(run)),
        "\n".join(_known(run)),
        "\n".join(_changes(run)),
        "\n".join(_skipped(run)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


@dataclass(frozen=True, slots=True)
class Since:
    """What a comment says of an earlier run: what fails now and did not, new checks that fail, and what is gone."""

    name: str
    failing: Sequence[Change] = ()
    appeared: Sequence[Result] = ()
    gone: Sequence[Result] = ()


def comment_markdown(run: RunRecord, since: Since | None = None) -> str:
    """Return one comment on a pull request: a mark, the summary, new failures, and the power of what is unsure."""
    blocks = [COMMENT_MARK, summary_markdown(run).rstrip("\n"), *(_since(since) if since else ())]
    unsure = [result for result in run.results if result.verdict.status == "unsure"]
    if unsure:
        blocks.append("\n".join(_power(unsure)))
    return "\n\n".join(blocks) + "\n"


def _since(since: Since) -> Iterator[str]:
    """Say what fails now and did not in an earlier run, and what that run judged and this one did not."""
    lines = [*map(_change, since.failing), *map(_new_failure, since.appeared)]
    said = "\n".join([*lines[:MOST_ROWS], *_more(len(lines) - MOST_ROWS)]) or "- none"
    yield f"**Failing now, not in {escaped(since.name)}:**\n\n{said}"
    if since.gone:
        gone = [f"{escaped(result.check_key)} on {escaped(judged_model(result))}" for result in since.gone]
        yield f"**Judged in {escaped(since.name)}, not now:** {name_first(gone, MOST_ROWS)}"


def _new_failure(result: Result) -> str:
    return f"- {escaped(result.check_key)} on {escaped(judged_model(result))}: {result.verdict.status}; a new check"


def _power(unsure: Sequence[Result]) -> Iterator[str]:
    """Say of each unsure check what so many images find with 80% power, beside what they found."""
    yield "| unsure | model | found | 95% interval | limit | n | finds, with 80% power |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for result in unsure[:MOST_ROWS]:
        verdict = result.verdict
        finds = "" if verdict.detectable is None else found_drop(verdict.detectable, verdict.unit)
        numbers = (held(verdict.compared, verdict), interval(verdict), held(verdict.limit, verdict))
        names = (escaped(result.check_key), escaped(judged_model(result)))
        yield f"| {' | '.join((*names, *numbers, f'{verdict.n or 0:,}', finds))} |"
    yield from _more(len(unsure) - MOST_ROWS)


def github_annotations(run: RunRecord) -> list[str]:
    """Return a GitHub workflow command for each failure, error and warning, at its YAML line."""
    return [_annotation(result) for result in run.results if result.verdict.status in _LEVELS]


def escaped(text: str) -> str:
    """Write outside text so that Markdown and HTML read it as plain characters, on one line."""
    return _SPECIAL.sub(r"\\\1", flowing(text))


def _counts(run: RunRecord) -> Iterator[str]:
    counts = run.counts()
    names = [*(words.label for words in WORDS.values()), "not run"]
    yield f"| {' | '.join(names)} |"
    yield f"|{' ---: |' * len(names)}"
    numbers = [*(counts[status] for status in WORDS), len(run.not_run)]
    yield f"| {' | '.join(f'{number:,}' for number in numbers)} |"


def _checks(run: RunRecord) -> str:
    return counted(sum(suite.checks for suite in run.suites), "check")


def _causes(found: Sequence[Cause]) -> Iterator[str]:
    for cause in found:
        share = f" ({cause.share})" if cause.share else ""
        worst = f"; worst: {first_reason_line(cause.worst.verdict.reason)}" if len(cause.results) > 1 else ""
        yield f"- {WORDS[cause.status].glyph} **{escaped(cause.sentence)}**{share}{escaped(worst)}"


def _non_passes(run: RunRecord) -> Iterator[str]:
    found = [result for result in run.results if result.verdict.status in _ORDER and not result.is_about_groups]
    found.sort(key=lambda result: (_ORDER.index(result.verdict.status), result.verdict.margin or 0.0))
    if not found:
        return
    yield "| | check | measured | model | verdict |"
    yield "| --- | --- | --- | --- | --- |"
    yield from (_row(result) for result in found[:MOST_ROWS])
    yield from _more(len(found) - MOST_ROWS)
    if any(result.verdict.status == "unsure" for result in found):
        yield f"\n{UNSURE}"


def _row(result: Result) -> str:
    texts = (result.check_key, measured(result), judged_model(result), first_reason_line(result.verdict.reason))
    status = result.verdict.status
    return f"| {' | '.join([f'{WORDS[status].glyph} {status}', *map(escaped, texts)])} |"


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield f"\n… and {number:,} more in the report."


def _claims(run: RunRecord) -> Iterator[str]:
    """List the claims that did not turn out as their suites say; the others are counted."""
    found = [result for result in run.results if result.is_about_groups and result.verdict.status != "skip"]
    if not found:
        return
    passed = sum(result.verdict.status == "pass" for result in found)
    yield f"**{counted(len(found), 'claim')}** about groups of models: {passed:,} turned out as the suites say."
    open_ones = [result for result in found if result.verdict.status != "pass"]
    if not open_ones:
        return
    yield "\n| | check | claim | finding | effect | 95% interval | n | source |"
    yield "| --- | --- | --- | --- | ---: | ---: | ---: | --- |"
    yield from (_claim_row(result) for result in open_ones[:MOST_CLAIMS])
    yield from _more(len(open_ones) - MOST_CLAIMS)


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


def _skipped(run: RunRecord) -> Iterator[str]:
    """Fold what was skipped, one line for each missing data set."""
    found = skipped(run.results)
    if not found:
        return
    yield f"<details><summary>{escaped(skips_said(found))}</summary>\n"
    yield from (f"- {_skip_line(one)}" for one in found[:MOST_SKIPS])
    yield from _more(len(found) - MOST_SKIPS)
    yield "\n</details>"


def _skip_line(one: Skipped) -> str:
    remedy = f": {escaped(one.remedy)}" if one.remedy else ""
    return f"**{escaped(one.name)}** would decide {escaped(one.decides)}{remedy}"


def _known(run: RunRecord) -> Iterator[str]:
    found = [result for result in run.results if result.verdict.excused]
    if not found:
        return
    yield f"**{counted_kind('known', len(found))}**, let pass though the numbers say fail:\n"
    yield "| check | model | verdict | why |"
    yield "| --- | --- | --- | --- |"
    yield from (_known_row(result) for result in found[:MOST_ROWS])
    yield from _more(len(found) - MOST_ROWS)


def _known_row(result: Result) -> str:
    texts = (result.check_key, judged_model(result), result.verdict.reason, "; ".join(result.verdict.notes))
    return f"| {' | '.join(escaped(text) for text in texts)} |"


def _changes(run: RunRecord) -> Iterator[str]:
    if run.previous is None:
        return
    said = counted(len(run.changes), "change") if run.changes else "nothing changed"
    among = f" among {counted(run.compared, 'result')} of both runs" if run.compared else ""
    yield f"**Since {escaped(run.previous)}:** {said}{among}"
    if run.changes:
        yield ""
    yield from (_change(change) for change in run.changes[:MOST_ROWS])
    yield from _more(len(run.changes) - MOST_ROWS)


def _change(change: Change) -> str:
    status = f"still {change.after}" if change.before == change.after else f"{change.before} → {change.after}"
    values = f", {moved(change)} ({escaped(change.basis)})" if moved(change) else ""
    asked = f"; it asks something else, before: {escaped(change.asked)}" if change.asked else ""
    return f"- {escaped(change.check_key)} on {escaped(change.model)}: {status}{values}{asked}"


def _annotation(result: Result) -> str:
    position, verdict = result.position, result.verdict
    title = f"{verdict.status}: {result.check_key} on {result.model.id}"
    properties = {"file": position.path, "line": str(position.line), "col": str(position.column), "title": title}
    written = ",".join(f"{name}={_property(one_line(value))}" for name, value in properties.items())
    details = printable(_details(verdict.reason, flowing(result.sentence)))
    return f"::{_LEVELS[verdict.status]} {written}::{_message(details)}"


def _details(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
