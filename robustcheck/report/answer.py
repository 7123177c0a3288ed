"""The answer to the one question that the page is opened for: may the candidates ship?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from robustcheck.listing import counted, name_first
from robustcheck.values import Result, RunRecord, Status

Tone = Literal["fail", "warn", "pass", "none"]
Fate = Literal["ship", "do not ship", "cannot tell"]
_JUDGED: tuple[Status, ...] = ("pass", "warn", "fail", "unsure")


@dataclass(frozen=True, slots=True)
class Answer:
    """The sentence above everything, what it rests on, and the tone that colours it.

    ``fates`` says of each candidate what became of it; ``remarks`` are what a reader must not overlook.
    """

    tone: Tone
    text: str
    detail: str
    fates: dict[str, Fate]
    remarks: tuple[str, ...] = ()


def judges_candidates(result: Result) -> bool:
    """Tell whether a result says something about the candidates; claims of papers do not."""
    return result.about_candidates and not (result.is_about_groups and result.expect_finding)


def is_judged(result: Result) -> bool:
    """Tell whether a result is a verdict on numbers: no skip, no error, and no fail that a suite excuses."""
    return result.verdict.status in _JUDGED and not result.verdict.excused


def answer(run: RunRecord) -> Answer:
    """Answer for the candidates of a run; a run that judged none of them is never good news."""
    about = [result for result in run.results if judges_candidates(result)]
    fates = _fates(about, is_whole=not run.unread)
    remarks = tuple(_remarks(run, about))
    tone, text = _text(run, about, fates)
    if tone == "pass" and _other_failures(run):
        tone = "warn"
    return Answer(tone, text, _detail(about), fates, remarks)


def _fates(about: Sequence[Result], is_whole: bool) -> dict[str, Fate]:
    """Say what became of each candidate, from the checks that are about single models.

    Where the run is not whole, a check that nobody could read might have failed: no candidate ships.
    """
    by_model: dict[str, list[Result]] = {}
    for result in about:
        if not result.is_about_groups:
            by_model.setdefault(result.model.id, []).append(result)
    fates = {model: _fate(results) for model, results in by_model.items()}
    return fates if is_whole else {model: "cannot tell" if fate == "ship" else fate for model, fate in fates.items()}


def _fate(results: Iterable[Result]) -> Fate:
    """One fail decides; without one, an error or nothing but unsure verdicts leave it open."""
    listed = list(results)
    statuses = {result.verdict.status for result in listed}
    judged = {result.verdict.status for result in listed if is_judged(result)}
    if "fail" in statuses:
        return "do not ship"
    if "error" in statuses or judged <= {"unsure"}:
        return "cannot tell"
    return "ship"


def _text(run: RunRecord, about: Sequence[Result], fates: dict[str, Fate]) -> tuple[Tone, str]:
    failed = [model for model, fate in fates.items() if fate == "do not ship"]
    statuses = {result.verdict.status for result in about}
    if failed:
        return "fail", f"Do not ship {_named(failed, fates)}"
    if "fail" in statuses:
        return "fail", "Do not ship: a check about the candidates together fails"
    if "error" in statuses:
        return "fail", "Cannot tell: checks ended in errors"
    if run.unread:
        return "fail", f"Cannot tell: {counted(len(run.unread), 'suite')} could not be read"
    if not any(is_judged(result) for result in about):
        return _without_candidates(run, about)
    if run.strict and statuses & {"unsure", "skip"}:
        return "fail", "Not green under --robust-strict"
    if run.not_run:
        return "warn", "Cannot tell: the run is incomplete"
    open_ones = [model for model, fate in fates.items() if fate == "cannot tell"]
    if open_ones:
        return "warn", f"Cannot tell for {_named(open_ones, fates)}"
    if not fates and _fate(about) == "cannot tell":
        number = len({(result.suite, result.check_key) for result in about})
        which = "check about the candidates together is" if number == 1 else "checks about the candidates together are"
        return "warn", f"Cannot tell: the {which} unsure"
    return "pass", _ship(list(fates))


def _ship(models: list[str]) -> str:
    if len(models) > 1:
        return f"Ship: none of the {len(models):,} candidates fails"
    return f"Ship {models[0]}" if models else "Ship: the checks about the candidates together hold"


def _without_candidates(run: RunRecord, about: Sequence[Result]) -> tuple[Tone, str]:
    """Answer where no candidate was judged: nothing is known, or the run was about claims alone."""
    claims = [result for result in run.results if not judges_candidates(result)]
    judged = [result for result in claims if is_judged(result)]
    if about or not judged:
        return "none", "Cannot tell: nothing was judged" if not judged else "Cannot tell: no candidate was judged"
    wrong = sum(result.verdict.status in ("fail", "error") for result in claims)
    if wrong:
        return "fail", f"{counted(wrong, 'claim')} of {len(claims):,} turned out otherwise than expected"
    return "pass", f"{len(judged):,} of {counted(len(claims), 'claim')} turned out as expected"


def _named(models: Sequence[str], fates: dict[str, Fate]) -> str:
    if len(models) == 1 and len(fates) <= 2:
        return models[0]
    if len(models) == len(fates):
        return f"any of the {len(models):,} candidates"
    return f"{len(models):,} of {len(fates):,} candidates"


def _detail(about: Sequence[Result]) -> str:
    """Say how many checks judged the candidates, and with what outcome."""
    judged = [result for result in about if is_judged(result)]
    checks = len({(result.suite, result.check_key) for result in judged})
    if not judged:
        return "No check came to a verdict, so this run says nothing about any candidate." if about else ""
    whom = "it" if len({result.model.id for result in about}) == 1 and not about[0].is_about_groups else "them"
    counts = {status: sum(result.verdict.status == status for result in judged) for status in _JUDGED}
    words = {"fail": "failed", "unsure": "unsure", "warn": "with a warning", "pass": "passed"}
    outcome = ", ".join(f"{counts[status]:,} {word}" for status, word in words.items() if counts[status])  # type: ignore[index]
    verdicts = f" in {counted(len(judged), 'verdict')}" if len(judged) != checks else ""
    return f"{counted(checks, 'check')} judged {whom}{verdicts}: {outcome}."


def _remarks(run: RunRecord, about: Sequence[Result]) -> Iterable[str]:
    undecided = {(r.suite, r.check_key) for r in about} - {(r.suite, r.check_key) for r in about if is_judged(r)}
    if undecided:
        yield f"{counted(len(undecided), 'other check')} could not judge the candidates."
    excused = sum(result.verdict.excused for result in about)
    if excused:
        yield f"{counted(excused, 'fail')} let pass as {'a known deviation' if excused == 1 else 'known deviations'}."
    yield from _images_used(run)
    if run.unread:
        yield f"Mistakes keep every check from running in {name_first(run.unread)}."
    if run.not_run:
        yield f"{counted(len(run.not_run), 'check')} planned but not run."
    if run.left_out:
        yield f"{counted(run.left_out, 'verdict')} of these suites left out (-k, --lf and the like)."
    if run.strict:
        yield "Under --robust-strict, unsure and skipped results count as failures."
    if number := _other_failures(run):
        yield f"The run is red all the same: {counted(number, 'claim')} about other models turned out otherwise."


def _images_used(run: RunRecord) -> Iterable[str]:
    """Say what share of the images was used, of the data sets that a check may have been decided early on."""
    judged = [result for result in run.results if result.score is not None and result.score.evidence == "live"]
    whole = {_images_of(result) for result in judged if result.verdict.images is None}
    used: dict[tuple[str, str, str | None], tuple[int, int]] = {}
    for result in judged:
        if result.verdict.images is not None:
            key, (seen, every) = _images_of(result), result.verdict.images
            used[key] = max(used.get(key, (0, 0)), (every if key in whole else seen, every))
    if used:
        seen, every = (sum(counts[place] for counts in used.values()) for place in (0, 1))
        yield f"Decided early: {seen:,} of {every:,} images were used ({seen / every:.0%}). A baseline needs them all."


def _images_of(result: Result) -> tuple[str, str, str | None]:
    assert result.score is not None, "only what was measured has images"
    quantity = result.score.cell.quantity
    return result.model.id, quantity.dataset, quantity.transform


def _other_failures(run: RunRecord) -> int:
    others = (result for result in run.results if not judges_candidates(result))
    return sum(result.verdict.status in ("fail", "error") for result in others)
