"""The second look at a whole run: what Benjamini-Hochberg would flag beside the verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from robustcheck.numerals import SMALLEST_P, write_level, write_p
from robustcheck.stats.multiplicity import benjamini_hochberg
from robustcheck.values import Result, Verdict

FALSE_DISCOVERIES = 0.05


def screen_results(results: Sequence[Result]) -> tuple[Result, ...]:
    """Add to each verdict what Benjamini-Hochberg says over the checks of its suite on its model.

    Verdicts rest on Bonferroni, which is known at collection; this looks at all p values of a finished run.
    """
    families: dict[tuple[str, str], list[int]] = {}
    for place, result in enumerate(results):
        if result.verdict.p_value is not None:
            families.setdefault((result.suite, result.model.id), []).append(place)
    screened = list(results)
    for places in families.values():
        for place, verdict in zip(places, _screen_family(results[place].verdict for place in places), strict=True):
            screened[place] = replace(results[place], verdict=verdict)
    return tuple(screened)


def _screen_family(verdicts: Iterable[Verdict]) -> list[Verdict]:
    known = list(verdicts)
    adjusted = benjamini_hochberg([verdict.p_value for verdict in known if verdict.p_value is not None])
    flagged = sum(q <= FALSE_DISCOVERIES for q in adjusted)
    kept = sum(verdict.status == "fail" or verdict.excused for verdict in known)
    family = f"of {len(known)} checks, Bonferroni fails {kept} and Benjamini-Hochberg flags {flagged}"
    return [_add_screening(verdict, q, family) for verdict, q in zip(known, adjusted, strict=True)]


def _add_screening(verdict: Verdict, adjusted: float, family: str) -> Verdict:
    is_flagged = adjusted <= FALSE_DISCOVERIES
    said = _say_adjusted(verdict, adjusted)
    text = f"{'flagged' if is_flagged else 'not flagged'} (adjusted p {said}; {family})"
    facts = (*verdict.facts, (f"Benjamini-Hochberg at q = {FALSE_DISCOVERIES:g}", text))
    if not is_flagged or verdict.status == "fail" or verdict.excused:
        return replace(verdict, facts=facts)
    note = f"no fail at the suite's level, but Benjamini-Hochberg would flag it (adjusted p {said})"
    return replace(verdict, facts=facts, notes=(*verdict.notes, note))


def _say_adjusted(verdict: Verdict, adjusted: float) -> str:
    """Write an adjusted p; of one that was too small to be looked for, a bound is known only."""
    if verdict.p_value is None or verdict.p_value > SMALLEST_P:
        return write_p(adjusted)
    return f"< {write_level(adjusted, 1)}"
