"""What is drawn beside a verdict: pictures of its scores, the classes and the images that went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from robustcheck.judge import Case
from robustcheck.measure import Bench
from robustcheck.run.kept_drawings import FindSamples, copies_of, drawing_of
from robustcheck.run.wrong_images import thumbnails_of
from robustcheck.values import Drawn, Result, Status, Verdict

# What a reader wants to look into.
_LOOKED_INTO: tuple[Status, ...] = ("fail", "unsure", "warn")
# In a small run the pictures of what passed are drawn, too.
SMALL_RUN = 60
# All images of a page together, in characters of base64: a third of what the page may weigh.
MOST_WEIGHT = 600_000
_LEFT_OUT = "The images are left out here: the page shows those of the worst results only."


def draw_result(
    case: Case, verdict: Verdict, bench: Bench, find: FindSamples, *, planned: int, with_images: bool
) -> Drawn:
    """Draw what belongs to a verdict: of a pass the pictures of its scores, in a small run alone."""
    score = case.score
    if score.evidence == "published":
        return Drawn()
    is_looked_into = verdict.status in _LOOKED_INTO or verdict.excused
    if not is_looked_into and planned > SMALL_RUN:
        return Drawn()
    drawing = drawing_of(score, case.reference, bench, find, with_classes=is_looked_into)
    if drawing.wrong is None or not with_images:
        return Drawn(drawing.pictures)
    copies = copies_of(drawing.wrong, bench.recipes(score.cell)[0].dataset, bench) if drawing.wrong.count else None
    return Drawn(drawing.pictures, *thumbnails_of(drawing.wrong, copies))


def within_weight(results: Iterable[Result]) -> tuple[Result, ...]:
    """Keep the images of the worst results, as many as a page can carry; the others say that theirs are left out."""
    listed = list(results)
    left = MOST_WEIGHT
    kept: dict[str, Drawn] = {}
    for result in _worst_first(listed):
        weight = sum(len(image.jpeg) for image in result.drawn.images)
        if weight <= left:
            left -= weight
        else:
            kept[result.nodeid] = replace(result.drawn, images=(), said=f"{result.drawn.said} {_LEFT_OUT}")
    return tuple(replace(result, drawn=kept.get(result.nodeid, result.drawn)) for result in listed)


def _worst_first(results: list[Result]) -> Iterator[Result]:
    drawn = [result for result in results if result.drawn.images]
    yield from sorted(drawn, key=lambda result: (_LOOKED_INTO.index(_status(result)), result.verdict.margin or 0.0))


def _status(result: Result) -> Status:
    return "fail" if result.verdict.excused else result.verdict.status
