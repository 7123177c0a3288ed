"""Saved predictions against a data set: alignment, classes, summaries, and the published figures they give."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from robustcheck.errors import DataError
from robustcheck.predictions import (
    CATEGORIES,
    Predictions,
    aligned,
    read_predictions,
    summary_columns,
    with_columns,
    with_names,
)
from robustcheck.predictions.trials import stimulus_of

PUBLISHED = Path(__file__).parents[3] / "shared" / "published"
IDS = np.array(["a.png", "b.png", "c.png"])
NAMES = ("x", "y", "z", "w")
PATH = Path("preds/digits.npz")


def logits_of(n: int = 3, classes: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, classes))


def make(**changes: object) -> Predictions:
    whole = Predictions(IDS, "logits", logits_of(), None, None, None, {"site": np.array(["n", "s", "e"])}, path=PATH)
    return replace(whole, **changes)  # type: ignore[arg-type]


def best(values: list[int], **changes: object) -> Predictions:
    return make(kind="classes", values=np.array(values), **changes)


# --- samples ------------------------------------------------------------------------------------------


def test_samples_come_in_the_order_asked_for() -> None:
    whole = make(labels=np.array([0, 1, 2]))
    found = aligned(whole, IDS[::-1], 4, "digits")
    assert np.array_equal(found.values, whole.values[::-1])
    assert found.labels is not None
    assert found.labels.tolist() == [2, 1, 0]
    assert found.groups["site"].tolist() == ["e", "s", "n"]
    assert found.ids.tolist() == IDS[::-1].tolist()


def test_confidence_comes_along() -> None:
    found = aligned(best([0, 1, 2], confidence=np.array([0.1, 0.2, 0.3])), IDS[[2, 0, 1]], 4, "digits")
    assert found.confidence is not None
    assert found.confidence.tolist() == [0.3, 0.1, 0.2]


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        (["a.png", "b.png", "c.png"], ["n0/a.png", "n0/b.png", "n1/c.png"]),
        (["val/a.png", "val/b.png", "val/c.png"], ["a.png", "b.png", "c.png"]),
        (["0001_s5n_s01_0_bird_00_bird3-bird2.png", "7_x_cat1-dog2.png", "8_x_cat2-dog1.png"],
         ["bird/bird3-bird2.png", "cat/cat1-dog2.png", "cat/cat2-dog1.png"]),
        (["x/0001_s5n_s01_0_bird_00_bird3-bird2.png", "7_x_cat1-dog2.png", "8_x_cat2-dog1.png"],
         ["bird3-bird2", "cat1-dog2", "cat2-dog1"]),
    ],
)  # fmt: skip
def test_directories_need_not_agree_when_names_are_unique(own: list[str], wanted: list[str]) -> None:
    found = aligned(make(ids=np.array(own)), np.array(wanted), 4, "digits")
    assert found.ids.tolist() == wanted
    assert np.array_equal(found.values, make().values)


def test_file_names_in_several_directories_are_not_guessed() -> None:
    own = np.array(["0/a.png", "1/a.png", "1/b.png"])
    with pytest.raises(DataError, match="file names that occur in several directories"):
        aligned(make(ids=own), np.array(["x/0/a.png", "x/1/a.png", "x/1/b.png"]), 4, "digits")
    assert aligned(make(ids=own), own[::-1], 4, "digits").ids.tolist() == own[::-1].tolist()


def test_missing_samples_are_counted_and_named() -> None:
    wanted = np.array(["a.png", *(f"m{index}.png" for index in range(5))])
    with pytest.raises(
        DataError, match=r"no predictions on 5 of 6 samples of digits: m0.png, m1.png, m2.png and 2 more"
    ):
        aligned(make(), wanted, 4, "digits")


def test_samples_of_no_data_set_are_an_error_unless_it_is_a_view() -> None:
    with pytest.raises(DataError, match=r"preds/digits.npz: 1 of 3 predictions are on samples outside digits: b.png"):
        aligned(make(), IDS[[2, 0]], 4, "digits")
    assert np.array_equal(aligned(make(), IDS[[2, 0]], 4, "digits", others=True).values, make().values[[2, 0]])


def test_the_labels_of_the_file_must_be_those_of_the_data_set() -> None:
    labelled = make(labels=np.array([0, 1, 2]))
    assert aligned(labelled, IDS, 4, "digits", labels=np.array([0, 1, 2])).labels is not None
    with pytest.raises(DataError, match=r"1 of 3 samples have another label than in digits: b.png"):
        aligned(labelled, IDS, 4, "digits", labels=np.array([0, 3, 2]))


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (make(), "logits of 4 classes"),
        (best([0, 1, 7]), "1 of 3 samples have a class outside the range: c.png"),
        (best([0, 1, -2]), "1 of 3 samples have a class outside the range: c.png"),
        (best([0, 1, -1], labels=np.array([0, 5, -1])), "2 of 3 samples have a label outside the range: b.png, c.png"),
    ],
)
def test_classes_must_be_the_data_sets(predictions: Predictions, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        aligned(predictions, IDS, 5, "digits")
    assert "the 5 classes of digits" in caught.value.expected


def test_no_class_at_all_is_a_prediction() -> None:
    assert aligned(best([0, -1, 2]), IDS, 3, "digits").values.tolist() == [0, -1, 2]


# --- classes ---------------------------------------------------------------------------------------------


def test_named_columns_are_put_in_the_data_sets_order() -> None:
    found = with_names(make(class_names=NAMES, labels=np.array([0, 1, 3])), ("w", "x", "y", "z"))
    assert np.array_equal(found.values, logits_of()[:, [3, 0, 1, 2]])
    assert found.labels is not None
    assert found.labels.tolist() == [1, 2, 0]
    assert found.class_names == ("w", "x", "y", "z")


def test_protocols_2_columns_of_further_classes_are_left_out_before_the_softmax() -> None:
    p = softmax(logits_of(), axis=1)
    found = with_names(make(kind="probabilities", values=p, class_names=NAMES), ("z", "x"))
    assert found.kind == "logits"
    assert np.allclose(log_softmax(found.values, axis=1), log_softmax(logits_of()[:, [2, 0]], axis=1), atol=1e-12)


def test_columns_by_number_are_taken_and_labels_follow() -> None:
    found = with_columns(make(labels=np.array([3, 0, 1])), np.array([1, 3]))
    assert np.array_equal(found.values, logits_of()[:, [1, 3]])
    assert found.labels is not None
    assert found.labels.tolist() == [1, -1, 0]
    with pytest.raises(DataError, match="at least 5"):
        with_columns(make(), np.array([4]))


def test_best_classes_by_name_become_the_data_sets_numbers() -> None:
    found = with_names(best([1, -1, 0], class_names=("cat", "ox"), labels=np.array([0, 0, 1])), ("ant", "cat", "ox"))
    assert found.values.tolist() == [2, -1, 1]
    assert found.labels is not None
    assert found.labels.tolist() == [1, 1, 2]


def test_classes_without_names_are_counted_as_in_the_data_set() -> None:
    assert with_names(best([1, 2, 0]), NAMES).values.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("predictions", "names", "message"),
    [
        (
            best([0, 1, 0], class_names=("cat", "oxx")),
            ("cat", "oxen"),
            "1 of 2 classes are none of the data set's: oxx",
        ),
        (make(class_names=NAMES), ("x", "v"), "1 of 2 classes of the data set have no column: v"),
        (make(class_names=("x", "x", "y", "z")), ("x", "y"), "'x' stands for several classes"),
    ],
)
def test_classes_that_do_not_fit(predictions: Predictions, names: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        with_names(predictions, names)


def test_duplicate_names_are_no_trouble_when_the_lists_are_equal() -> None:
    twice = ("missile", "x", "missile", "y")
    assert np.array_equal(with_names(make(class_names=twice), twice).values, logits_of())


def test_the_best_of_other_classes_says_nothing() -> None:
    with pytest.raises(DataError, match="says nothing about these"):
        with_columns(best([0, 1, 2]), np.array([0, 1]))


# --- summaries ---------------------------------------------------------------------------------------------


def test_the_summary_of_logits() -> None:
    z, y = logits_of(), np.array([0, 1, 2])
    found, p = summary_columns(make(), y), softmax(z, axis=1)
    assert np.array_equal(found["predicted"], z.argmax(axis=1))
    assert np.array_equal(found["rank"], [(row > row[label]).sum() for row, label in zip(z, y, strict=True)])
    assert np.array_equal(found["label_logit"], z[np.arange(3), y])
    assert np.allclose(np.exp(found["max_logit"] - found["logsumexp"]), p.max(axis=1), atol=1e-12)
    assert np.allclose(found["entropy"], -(p * np.log(p)).sum(axis=1), atol=1e-12)
    assert np.allclose(found["square_sum"], (p**2).sum(axis=1), atol=1e-12)
    assert np.isnan(found["mcm"]).all()


def test_probabilities_give_what_their_logits_give() -> None:
    y = np.array([0, 1, 2])
    found = summary_columns(make(kind="probabilities", values=softmax(logits_of(), axis=1)), y)
    expected = summary_columns(make(), y)
    for name in ("predicted", "rank", "entropy", "square_sum"):
        assert np.allclose(found[name], expected[name], atol=1e-12)
    for name in ("max_logit", "label_logit"):
        assert np.allclose(found[name] - found["logsumexp"], expected[name] - expected["logsumexp"], atol=1e-12)


def test_a_probability_of_zero_is_finite() -> None:
    found = summary_columns(make(kind="probabilities", values=np.eye(4)[:3]), np.array([0, 0, 0]))
    assert np.isfinite(found["label_logit"]).all()
    assert np.allclose(found["entropy"], 0)
    assert found["rank"].tolist() == [0, 1, 1]


def test_the_summary_of_best_classes() -> None:
    found = summary_columns(best([2, -1, 0], confidence=np.array([0.5, 0.25, 0.0])), np.array([2, 1, 1]))
    assert found["predicted"].tolist() == [2, -1, 0]
    assert found["rank"].tolist() == [0, np.inf, np.inf]
    assert np.allclose(np.exp(found["max_logit"] - found["logsumexp"]), [0.5, 0.25, 0.0])
    assert np.array_equal(found["label_logit"], [np.log(0.5), np.nan, np.nan], equal_nan=True)
    assert all(np.isnan(found[name]).all() for name in ("entropy", "square_sum", "mcm"))


def test_best_classes_without_confidence_or_labels() -> None:
    found = summary_columns(best([2, 1, 0]), None)
    known = [name for name, column in found.items() if not np.isnan(column).all()]
    assert known == ["predicted"]


# --- published figures ---------------------------------------------------------------------------------------


FACTORS = (
    "pose", "background", "pattern", "color", "smaller", "shape", "partial_view", "subcategory", "texture", "larger",
)  # fmt: skip
RESNET50 = (
    0.694739, 1.141699, 0.771442, 1.188826, 1.497432, 1.744230, 1.132355, 2.105479, 2.393863, 1.315925,
)  # fmt: skip


def published(name: str) -> Path:
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout (shared/published)")
    return path


def annotations() -> list[dict[str, object]]:
    """Read the top factors of ImageNet-X's validation images, prototypes left out, as its package does."""
    package = importlib.util.find_spec("imagenet_x")
    if package is None or package.origin is None:
        pytest.skip("the package imagenet-x is not installed: pip install imagenet-x")
    directory = Path(package.origin).parent / "annotations"
    prototypes = set((directory / "prototypical_paths.csv").read_text().split()[1:])
    lines = (directory / "imagenet_x_val_top_factor.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["file_name"] not in prototypes]


def test_protocols_2_the_error_ratios_of_resnet50_from_its_published_predictions() -> None:
    found = read_predictions(published("imagenet_x_predictions") / "ResNet50.csv", "imagenet-x")
    assert found is not None
    rows = annotations()
    assert (len(found), len(rows)) == (50_000, 46_110)
    ids, labels = np.array([row["file_name"] for row in rows]), np.array([row["class"] for row in rows])
    columns = summary_columns(aligned(found, ids, 1000, "imagenet-x", others=True), labels)
    right = columns["predicted"] == labels
    assert np.array_equal(right, columns["rank"] == 0)
    assert right.mean() == pytest.approx(0.746693, abs=1e-6)
    ratios = [
        (1 - right[np.array([row[factor] for row in rows]) == 1].mean()) / (1 - right.mean()) for factor in FACTORS
    ]
    assert ratios == pytest.approx(RESNET50, abs=1e-6)


@pytest.mark.parametrize(("observer", "shape", "texture"), [("subject-01", 829, 33), ("subject-02", 907, 54)])
def test_protocols_4_the_shape_bias_of_two_observers(observer: str, shape: int, texture: int) -> None:
    found = read_predictions(published("cue_conflict_humans") / f"{observer}.csv", "cue-conflict")
    assert found is not None
    assert len(found) == 1280
    cue = {name: np.array([CATEGORIES.index(text) for text in found.groups[name]]) for name in ("shape", "texture")}
    assert found.labels is not None
    assert np.array_equal(cue["shape"], found.labels)
    conflict = cue["shape"] != cue["texture"]
    assert conflict.sum() == 1200
    decided = {name: int((found.values == column)[conflict].sum()) for name, column in cue.items()}
    assert decided == {"shape": shape, "texture": texture}
    assert shape / (shape + texture) == pytest.approx({829: 0.9617, 907: 0.9438}[shape], abs=5e-5)


def test_the_two_observers_saw_the_same_images() -> None:
    names = [f"subject-{number:02}.csv" for number in (1, 2)]
    first, second = (read_predictions(published("cue_conflict_humans") / name, "cue-conflict") for name in names)
    assert first is not None
    assert second is not None
    wanted = np.array(
        [f"{stimulus_of(name).rstrip('0123456789')}/{stimulus_of(name)}.png" for name in first.ids.tolist()]
    )
    assert aligned(second, wanted, 16, "cue-conflict").ids.tolist() == wanted.tolist()
    with pytest.raises(DataError, match="2 files could be the predictions on cue-conflict"):
        read_predictions(published("cue_conflict_humans"), "cue-conflict")
