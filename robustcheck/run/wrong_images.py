"""The images that a model gets wrong: which are the worst, and small copies of them for the report's cards."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Dataset
from robustcheck.errors import RobustcheckError
from robustcheck.listing import counted
from robustcheck.run.class_pictures import ClassAnswers
from robustcheck.stats.sampling import rows_of_ids
from robustcheck.values import Samples, Thumbnail

MOST_IMAGES = 8
SIDE = 64
_QUALITY = 70
# A picture that does not come out this small does not help the eye, and weighs on the page.
_MOST_BYTES = 6_000
_ANOTHER = "another wrong class, or the same"


@dataclass(frozen=True, slots=True)
class WrongImage:
    """A wrong answer: the row of the data set, and what is said of it (see ``Thumbnail``)."""

    row: int
    id: str
    label: str
    predicted: str
    confidence: float | None
    before: str = ""
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class WrongImages:
    """How many of the scored images are answered wrongly, the worst of them, and how many a reference got right.

    ``newly`` is None where nothing can be laid beside them.
    """

    count: int
    scored: int
    newly: int | None
    worst: tuple[WrongImage, ...]


def find_wrong(answers: ClassAnswers, reference: Samples | None) -> WrongImages:
    """Return the wrong images, those that a reference got right first, then the most confident."""
    wrong, right_before = answers.wrong, _right_before(answers, reference)
    new = np.zeros(wrong.size, dtype=np.bool_) if right_before is None else right_before[wrong]
    worst = np.argsort(~new, kind="stable")[:MOST_IMAGES]
    return WrongImages(
        count=int(wrong.size),
        scored=len(answers.rows),
        newly=None if right_before is None else int(new.sum()),
        worst=tuple(
            _wrong_image(answers, int(wrong[each]), None if right_before is None else bool(new[each])) for each in worst
        ),
    )


def thumbnails_of(wrong: WrongImages, jpegs: tuple[str, ...] | None) -> tuple[tuple[Thumbnail, ...], str]:
    """Return the worst images as thumbnails and a sentence on what is not shown; without JPEGs none can be shown."""
    if not wrong.count:
        return (), ""
    if jpegs is None:
        return (), f"{counted(wrong.count, 'image')} answered wrongly; not on this machine, so none is shown."
    shown = tuple(
        Thumbnail(image.id, image.label, image.predicted, image.confidence, jpeg, image.before, image.is_new)
        for image, jpeg in zip(wrong.worst, jpegs, strict=True)
    )
    newly = "" if wrong.newly is None else f", {wrong.newly:,} of them newly"
    return shown, f"{wrong.count:,} of {wrong.scored:,} images are answered wrongly{newly}; the most confident first."


def small_copies(dataset: Dataset, wrong: WrongImages) -> tuple[str, ...] | None:
    """Return small JPEGs of the worst images in base64; None where the images are not on this machine."""
    try:
        return tuple(_jpeg(dataset, image.row) for image in wrong.worst)
    except RobustcheckError:
        return None


def _right_before(answers: ClassAnswers, reference: Samples | None) -> npt.NDArray[np.bool_] | None:
    """Say for each place whether the other model was right; None where the two cannot be laid side by side."""
    if reference is None or reference.statistic != "mean":
        return None
    places = rows_of_ids(answers.dataset.ids[answers.rows], reference.ids)
    return None if places is None else np.asarray(reference.scores[places] == 1)


def _wrong_image(answers: ClassAnswers, place: int, is_new: bool | None) -> WrongImage:
    names, row = answers.dataset.class_names, int(answers.rows[place])
    label, confidence = names[answers.labels[place]], float(answers.confidence[place])
    return WrongImage(
        row=row,
        id=str(answers.dataset.ids[row]),
        label=label,
        predicted=names[answers.predicted[place]],
        confidence=float(f"{confidence:.3g}") if np.isfinite(confidence) else None,
        before="" if is_new is None else label if is_new else _ANOTHER,
        is_new=bool(is_new),
    )


def _jpeg(dataset: Dataset, row: int) -> str:
    image = dataset.image(row)
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    packed = buffer.getvalue()
    return base64.b64encode(packed).decode() if len(packed) <= _MOST_BYTES else ""
