"""What is drawn beside a verdict: pictures of its scores, the classes and the images that went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from robustcheck.judge import Case
from robustcheck.measure import Bench
from robustcheck.run.class_pictures import class_answers, class_pictures, shape_strip
from robustcheck.run.score_pictures import pictures_of
from robustcheck.run.thumbnails import wrong_images
from robustcheck.values import Drawn, Result, Samples, Score, Status, Verdict

# Where the per-sample scores behind a score lie; None where they are gone.
FindSamples = Callable[[Score], Samples | None]

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
    samples = find(score)
    pictures = () if samples is None else (*pictures_of(score, samples), *shape_strip(score, samples, bench))
    answers = class_answers(score.cell, bench) if is_looked_into else None
    if answers is None:
        return Drawn(pictures)
    pictures = (*pictures, *class_pictures(answers))
    if not with_images:
        return Drawn(pictures)
    images, said = wrong_images(answers, find(case.reference) if case.reference is not None else None)
    return Drawn(pictures, images, said)


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
