"""Pictures of a score, made of its per-sample scores when it is judged.

This is the only module that knows what the pictures are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from robustcheck.stats.diagrams import histograms, operating_point, reliability, roc
from robustcheck.stats.sampling import Floats
from robustcheck.stats.separation import IN_DISTRIBUTION
from robustcheck.values import CHOSEN_BY_POSITION, RIGHT_BY_POSITION, Picture, Samples, Score, Trace

_BEFORE = "before scaling"
Draw = Callable[[Score, Samples], tuple[Picture, ...]]


def pictures_of(score: Score, samples: Samples) -> tuple[Picture, ...]:
    """Return the pictures that belong to the statistic of a score with these samples."""
    draw = _BY_STATISTIC.get(samples.statistic)
    return (*(() if draw is None else draw(score, samples)), *_positions(score))


def _positions(score: Score) -> tuple[Picture, ...]:
    """Return how often each letter of a multiple choice was chosen, beside how often it was right."""
    facts = dict(score.provenance)
    if CHOSEN_BY_POSITION not in facts:
        return ()
    return tuple(
        Picture("bars", title, "share of the answers", "", (_shares(facts[name], score.n),), (1 / 4, 0.0))
        for title, name in (
            ("Options chosen by position", CHOSEN_BY_POSITION),
            ("Options right by position", RIGHT_BY_POSITION),
        )
    )


def _shares(told: str, n: int) -> Trace:
    """Return the bars of a fact such as ``A 25.0%, B 30.0%``."""
    pairs = [part.split(" ") for part in told.split(", ")]
    heights = tuple(float(f"{float(share.removesuffix('%')) / 100:.4g}") for _, share in pairs)
    return Trace("", (), heights, (n,) * len(pairs), tuple(letter for letter, _ in pairs))


def _calibration(score: Score, samples: Samples) -> tuple[Picture, ...]:
    assert samples.correct is not None, "a calibration error has hits"
    temperature = dict(score.provenance).get("temperature", "")
    line = _reliability_line(_scaled(temperature.partition(",")[0]), samples.scores, samples.correct, samples.bins)
    right, wrong = samples.scores[samples.correct == 1], samples.scores[samples.correct == 0]
    diagram = Picture("reliability", "Reliability: accuracy by confidence", "confidence", "accuracy", (line,))
    return (diagram, *_two_sides("Confidence", "confidence", {"right": right, "wrong": wrong}))


def is_scaled(pictures: Sequence[Picture]) -> bool:
    """Tell whether the first picture is a reliability diagram of scaled confidences."""
    return bool(pictures) and pictures[0].kind == "reliability" and pictures[0].series[0].name != _BEFORE


def with_unscaled(pictures: Sequence[Picture], confidence: Floats, correct: Floats, bins: int) -> tuple[Picture, ...]:
    """Add the same answers before scaling to the reliability diagram that comes first; confidence, correct: (n,)."""
    diagram, *others = pictures
    line = _reliability_line(_BEFORE, confidence, correct, bins)
    return (replace(diagram, series=(line, *diagram.series)), *others)


def _reliability_line(name: str, confidence: Floats, correct: Floats, bins: int) -> Trace:
    found = reliability(confidence, correct, bins)
    return Trace(name, _floats(found.confidence), _floats(found.accuracy), tuple(map(int, found.counts)))


def _scaled(temperature: str) -> str:
    """Say whether confidences were scaled: ``before scaling``, ``after scaling, T = 1.86``."""
    return f"after scaling, T = {float(temperature):.3g}" if temperature not in ("", "1") else _BEFORE


def _detection(score: Score, samples: Samples) -> tuple[Picture, ...]:
    inside = samples.groups == IN_DISTRIBUTION
    known, unseen = samples.scores[inside], samples.scores[~inside]
    false, true = roc(known, unseen)
    name = dict(score.provenance).get("score", "score")
    dataset = score.cell.quantity.dataset
    curve = Picture(
        "roc",
        f"ROC: {dataset} accepted against known images accepted",
        "unseen images accepted",
        "known images accepted",
        (Trace(name, _floats(false), _floats(true)),),
        operating_point(known, unseen),
    )
    return (curve, *_two_sides(f"Scores ({name})", "score", {"known": known, "unseen": unseen}))


def _two_sides(title: str, label: str, sides: Mapping[str, Floats]) -> tuple[Picture, ...]:
    (first, one), (second, other) = sides.items()
    if not one.size or not other.size:
        return ()
    edges, heights, others = histograms(one, other)
    series = (Trace(first, _floats(edges), _floats(heights)), Trace(second, _floats(edges), _floats(others)))
    return (Picture("histogram", title, label, "share of the images", series),)


def _floats(values: Floats) -> tuple[float, ...]:
    # Four digits are finer than a pixel.
    return tuple(float(f"{value:.4g}") for value in values)


_BY_STATISTIC: Mapping[str, Draw] = {
    "ece": _calibration,
    "ece_mass": _calibration,
    "auroc": _detection,
    "group_auroc": _detection,
    "fpr95": _detection,
    "group_fpr95": _detection,
}
