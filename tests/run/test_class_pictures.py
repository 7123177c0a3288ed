"""The worst classes and images, and which way a shape bias went, from answers that are told."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from factories import live_score

from robustcheck.datasets import Dataset
from robustcheck.errors import DataMissing
from robustcheck.measure import Bench
from robustcheck.measure.reading import POOLED
from robustcheck.run import class_pictures as class_module
from robustcheck.run.class_pictures import ClassAnswers, class_answers, class_pictures, shape_strip
from robustcheck.run.score_pictures import pictures_of
from robustcheck.run.wrong_images import find_wrong, thumbnails_of
from robustcheck.values import Cell, ModelRef, Quantity, Samples

NAMES = ("cat", "dog", "owl")


def answers(labels: list[int], predicted: list[int]) -> ClassAnswers:
    n = len(labels)
    dataset = SimpleNamespace(class_names=NAMES, ids=np.array([f"image {index}" for index in range(n)]))
    given = np.array(labels), np.array(predicted)
    return ClassAnswers(cast(Dataset, dataset), np.arange(n), *given, np.linspace(0.3, 0.9, n))


def samples(scores: list[float], groups: list[int] | None = None, **columns: object) -> Samples:
    ids = np.array([f"image {index}" for index in range(len(scores))])
    at = np.zeros(len(scores), np.int64) if groups is None else np.array(groups)
    return Samples(ids, np.array(scores, dtype=float), at, **columns)  # type: ignore[arg-type]


def test_classes_are_drawn_worst_first_with_what_they_are_taken_for() -> None:
    found = answers([0] * 5 + [1] * 5 + [2] * 4, [0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 2, 2, 2, 0])
    worst, confusions = class_pictures(found)
    # The owls are too few to say anything.
    assert (worst.series[0].names, worst.series[0].y) == (("cat", "dog"), (0.4, 0.8))
    assert worst.mark == (pytest.approx(9 / 14), 0.0)
    # What happened once is no habit.
    assert (confusions.series[0].names, confusions.series[0].y) == (("cat called dog",), (0.6,))


@pytest.mark.parametrize(
    ("labels", "predicted"),
    [([0] * 5 + [1] * 5, [0] * 5 + [1] * 5), ([0] * 9, [1] * 9)],
    ids=["no mistake", "one class"],
)
def test_without_mistakes_or_a_second_class_nothing_is_drawn(labels: list[int], predicted: list[int]) -> None:
    assert class_pictures(answers(labels, predicted)) == ()


def test_mistakes_that_happened_once_are_no_confusions() -> None:
    [worst] = class_pictures(answers([0] * 5 + [1] * 5, [0] * 4 + [1] + [1] * 5))
    assert worst.title == "Worst classes"


def test_what_another_model_chose_has_no_answers_of_all_classes() -> None:
    cell = Cell(ModelRef("a", "fake:a", "fake", "a"), Quantity("top1", "x", options=(("selector", "b"),)))
    assert class_answers(cell, cast(Bench, None)) is None


@pytest.mark.parametrize("predicted", [[1.0, float("nan")], [1.0, 0.0]])
def test_answers_are_those_of_every_image_or_none(monkeypatch: pytest.MonkeyPatch, predicted: list[float]) -> None:
    columns = {"predicted": np.array(predicted), "max_logit": np.zeros(2), "logsumexp": np.log([2.0, 4.0])}
    found = SimpleNamespace(rows=np.arange(2), labels=np.array([1, 1]), summary=SimpleNamespace(columns=columns))
    monkeypatch.setattr(class_module, "read_slice", lambda recipe, memo, where: found)
    dataset = SimpleNamespace(task="classification", class_names=NAMES)
    recipe = SimpleNamespace(chosen=(), reading=POOLED, dataset=dataset, labelled=True, classes=NAMES)
    here = cast(Bench, SimpleNamespace(recipes=lambda cell: (recipe,), memo=None))
    given = class_answers(Cell(ModelRef("a", "fake:a", "fake", "a"), Quantity("top1", "x")), here)
    if np.isnan(predicted).any():
        assert given is None
    else:
        assert given is not None
        assert (given.wrong.tolist(), given.confidence.tolist()) == ([1], [0.5, 0.25])


def shape_score(counted: list[float] | None, statistic: str = "ratio") -> Samples:
    decided = None if counted is None else np.array(counted)
    return samples([1, 0, 1, 0, 0, 1], [0, 0, 0, 1, 1, 2], counted=decided, statistic=statistic)


def bench(task: str = "cue-conflict", names: tuple[str, ...] = NAMES) -> Bench:
    recipe = SimpleNamespace(dataset=SimpleNamespace(task=task, class_names=names))
    return cast(Bench, SimpleNamespace(recipes=lambda cell: (recipe,)))


def test_each_shape_has_the_share_of_its_decisions_by_shape() -> None:
    score = live_score(np.array([1, 0, 1, 0]))
    found = shape_score([1, 1, 1, 1, 0, 0])
    [strip] = shape_strip(score, found, bench())
    # Of the owl nothing was decided.
    series = strip.series[0]
    assert (series.names, series.y, series.n) == (("cat", "dog"), (0.666667, 0.0), (3, 1))
    [numbered] = shape_strip(score, found, bench(names=("cat",)))
    assert numbered.series[0].names == ("0", "1")


def test_only_what_shape_and_texture_decided_has_a_strip() -> None:
    def refuse(cell: Cell) -> None:
        raise DataMissing("the images are not here")

    score, decided = live_score(np.array([1, 0])), [1.0] * 6
    assert shape_strip(score, shape_score(decided, "mean"), bench()) == ()
    assert shape_strip(score, shape_score(None), bench()) == ()
    assert shape_strip(score, shape_score(decided), bench("classification")) == ()
    assert shape_strip(score, shape_score(decided), cast(Bench, SimpleNamespace(recipes=refuse))) == ()


def test_no_wrong_image_needs_no_words() -> None:
    wrong = find_wrong(answers([0, 1], [0, 1]), None)
    assert (wrong.count, wrong.scored, wrong.newly, wrong.worst) == (0, 2, None, ())
    assert thumbnails_of(wrong, ()) == ((), "")


def test_a_reference_is_laid_beside_the_answers_where_it_is_of_the_same_images() -> None:
    found = answers([0, 1, 2], [1, 1, 0])
    same = samples([1.0, 1.0, 0.0])
    wrong = find_wrong(found, same)
    assert (wrong.count, wrong.newly) == (2, 1)
    assert [(image.id, image.is_new) for image in wrong.worst] == [("image 0", True), ("image 2", False)]
    turned = replace(same, ids=same.ids[::-1].copy(), scores=same.scores[::-1].copy())
    assert find_wrong(found, turned) == wrong
    others = (
        samples([1.0, 1.0]),
        replace(same, ids=np.array(["a", "b", "c"])),
        replace(same, statistic="ece"),
    )
    assert [find_wrong(found, other).newly for other in others] == [None, None, None]


def test_confidences_of_a_model_that_is_always_right_have_no_second_side() -> None:
    right = samples([0.7, 0.8, 0.9, 0.95], correct=np.ones(4), statistic="ece")
    [diagram] = pictures_of(live_score(np.array([1, 1, 1, 1])), right)
    assert diagram.kind == "reliability"
    mixed = replace(right, correct=np.array([1.0, 0.0, 1.0, 1.0]))
    assert [picture.kind for picture in pictures_of(live_score(np.ones(4)), mixed)] == ["reliability", "histogram"]
