"""Small copies of the images that a model gets wrong, for the report's cards."""

from __future__ import annotations

import base64
import io

import numpy as np

from robustcheck.errors import RobustcheckError
from robustcheck.run.class_pictures import ClassAnswers
from robustcheck.values import Samples, Thumbnail

MOST_IMAGES = 8
SIDE = 64
_QUALITY = 70
# A picture that does not come out this small is no help for the eye, and no little weight for the page.
_MOST_BYTES = 6_000


def wrong_images(answers: ClassAnswers, reference: Samples | None) -> tuple[tuple[Thumbnail, ...], str]:
    """Return thumbnails of the worst wrong images, those that a reference got right first, and a sentence.

    The sentence says what is not shown and why. ``reference`` are the per-sample scores of what it is compared with.
    """
    right_before = _right_before(answers, reference)
    wrong = sorted(answers.wrong.tolist(), key=lambda place: not right_before.get(place, False))
    if not wrong:
        return (), ""
    try:
        shown = tuple(_thumbnail(answers, place, right_before) for place in wrong[:MOST_IMAGES])
    except RobustcheckError:
        return (), f"{len(wrong):,} images are answered wrongly; they are not on this machine, so none is shown."
    new = sum(right_before.get(place, False) for place in wrong)
    newly = f", {new:,} of them newly" if right_before else ""
    return (
        shown,
        f"{len(wrong):,} of {len(answers.rows):,} images are answered wrongly{newly}; the most confident first.",
    )


def _right_before(answers: ClassAnswers, reference: Samples | None) -> dict[int, bool]:
    """Say for each place whether the other model was right; nothing where the two cannot be laid side by side."""
    if reference is None or len(reference.ids) != len(answers.rows):
        return {}
    if reference.statistic != "mean" or not np.array_equal(reference.ids, answers.dataset.ids[answers.rows]):
        return {}
    return dict(enumerate((reference.scores == 1).tolist()))


def _thumbnail(answers: ClassAnswers, place: int, right_before: dict[int, bool]) -> Thumbnail:
    names = answers.dataset.class_names
    label, predicted = names[answers.labels[place]], names[answers.predicted[place]]
    confidence = float(answers.confidence[place])
    before = {True: label, False: "another wrong class, or the same"}
    return Thumbnail(
        id=str(answers.dataset.ids[answers.rows[place]]),
        label=label,
        predicted=predicted,
        confidence=float(f"{confidence:.3g}") if np.isfinite(confidence) else None,
        jpeg=_jpeg(answers, int(answers.rows[place])),
        before=before[right_before[place]] if place in right_before else "",
        is_new=right_before.get(place, False),
    )


def _jpeg(answers: ClassAnswers, row: int) -> str:
    image = answers.dataset.image(row)
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    packed = buffer.getvalue()
    return base64.b64encode(packed).decode() if len(packed) <= _MOST_BYTES else ""
