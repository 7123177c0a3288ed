"""The forms in which predictions are saved, and where they lie."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from robustcheck.errors import DataError
from robustcheck.predictions import CATEGORIES, Predictions, read_predictions, write_about, write_predictions
from robustcheck.predictions.directory import stem_of

IDS = ["a.png", "b.png", "c.png"]
LOGITS = [[2.0, 1.0, 0.0], [0.0, 3.0, 0.5], [0.1, 0.2, 0.3]]
TRIALS = "subj,session,trial,rt,object_response,category,condition,imagename\n"


def read(path: Path, name: str = "digits") -> Predictions:
    found = read_predictions(path, name)
    assert found is not None
    return found


def csv_file(directory: Path, text: str, name: str = "digits.csv") -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def npz_file(directory: Path, name: str = "digits.npz", **arrays: object) -> Path:
    path = directory / name
    np.savez(path, **{key: np.asarray(array) for key, array in arrays.items()})
    return path


# --- ImageNet-X's form ------------------------------------------------------------------------------


def test_the_form_of_imagenet_x(tmp_path: Path) -> None:
    text = "file_name,predicted_class,predicted_probability\nval_1.JPEG,394,0.5\nval_2.JPEG,0,0.25\n"
    csv_file(tmp_path, text, "ResNet50.csv")
    found = read(tmp_path, "imagenet-x")
    assert (found.kind, found.ids.tolist(), found.values.tolist()) == (
        "classes",
        ["val_1.JPEG", "val_2.JPEG"],
        [394, 0],
    )
    assert found.confidence is not None
    assert found.confidence.tolist() == [0.5, 0.25]
    assert (found.labels, found.class_names) == (None, None)
    assert found.path == tmp_path / "ResNet50.csv"


def test_the_form_of_imagenet_x_under_any_name_is_for_imagenet_x_alone(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "file_name,predicted_class\nval_1.JPEG,3\n", "ResNet50.csv")
    assert read(file, "imagenet-x").confidence is None
    assert read_predictions(tmp_path, "imagenet-val") is None
    assert read_predictions(tmp_path, "cue-conflict") is None
    assert read_predictions(file, "imagenet-val") is None


def test_two_models_in_a_directory_are_told_apart_by_file(tmp_path: Path) -> None:
    for name in ("ResNet50.csv", "ViT.csv"):
        csv_file(tmp_path, "file_name,predicted_class\nval_1.JPEG,3\n", name)
    with pytest.raises(
        DataError, match=r"2 files could be the predictions on imagenet-x: ResNet50.csv, ViT.csv"
    ) as caught:
        read_predictions(tmp_path, "imagenet-x")
    assert f"predictions:{tmp_path / 'ResNet50.csv'}" in caught.value.fix
    assert read(tmp_path / "ViT.csv", "imagenet-x").path.name == "ViT.csv"


# --- trials -----------------------------------------------------------------------------------------


def trials(*rows: tuple[str, str, str], observer: str = "subject-01") -> str:
    return TRIALS + "".join(
        f"{observer},1,{number},0.9,{response},{category},0,{image}\n"
        for number, (response, category, image) in enumerate(rows, 1)
    )


BIRD = ("bird", "bird", "0001_s5n_s01_0_bird_00_bird3-bird2.png")
BOAT = ("na", "truck", "0002_s5n_s01_0_truck_00_truck6-boat2.png")


def test_trials_of_an_observer(tmp_path: Path) -> None:
    csv_file(tmp_path, trials(BIRD, BOAT), "subject-01.csv")
    found = read(tmp_path, "cue-conflict")
    assert found.class_names == CATEGORIES
    assert found.values.tolist() == [CATEGORIES.index("bird"), -1]
    assert found.labels is not None
    assert found.labels.tolist() == [CATEGORIES.index("bird"), CATEGORIES.index("truck")]
    # Each observer saw the images under other numbers.
    assert found.ids.tolist() == ["bird3-bird2", "truck6-boat2"]
    assert {name: column.tolist() for name, column in found.groups.items()} == {
        "shape": ["bird", "truck"],
        "texture": ["bird", "boat"],
    }


def test_the_sessions_of_one_observer_are_joined(tmp_path: Path) -> None:
    csv_file(tmp_path, trials(BIRD), "cue-conflict/subject-01_session_1.csv")
    csv_file(tmp_path, trials(BOAT), "cue-conflict/subject-01_session_2.csv")
    found = read(tmp_path, "cue-conflict")
    assert found.ids.tolist() == ["bird3-bird2", "truck6-boat2"]
    assert found.path == tmp_path / "cue-conflict"


def test_trials_are_of_one_observer(tmp_path: Path) -> None:
    csv_file(tmp_path, trials(BIRD), "cue-conflict/a.csv")
    csv_file(tmp_path, trials(BOAT, observer="subject-02"), "cue-conflict/b.csv")
    with pytest.raises(DataError, match="the trials of 2 observers: subject-01, subject-02"):
        read_predictions(tmp_path, "cue-conflict")


def test_a_response_that_is_no_category(tmp_path: Path) -> None:
    file = csv_file(tmp_path, trials(BIRD, ("brid", *BOAT[1:])), "s.csv")
    with pytest.raises(DataError, match=r"s.csv:3: unknown category 'brid'") as caught:
        read_predictions(file, "cue-conflict")
    assert "did you mean 'bird'?" in str(caught.value)


def test_an_empty_directory_of_trials(tmp_path: Path) -> None:
    (tmp_path / "cue-conflict").mkdir()
    with pytest.raises(DataError, match="no CSV file in it"):
        read_predictions(tmp_path, "cue-conflict")


def test_several_files_that_are_no_trials(tmp_path: Path) -> None:
    for name in ("a", "b"):
        csv_file(tmp_path, "id,predicted\nx,1\n", f"digits/{name}.csv")
    with pytest.raises(DataError, match="2 files that are not all trials"):
        read_predictions(tmp_path, "digits")


# --- the general CSV -----------------------------------------------------------------------------------


def test_best_classes_by_number(tmp_path: Path) -> None:
    csv_file(tmp_path, "id,predicted,confidence,label,hospital\na.png,2,0.9,2,north\nb.png,0,0.4,1,south\n")
    found = read(tmp_path)
    assert (found.kind, found.values.tolist(), found.class_names) == ("classes", [2, 0], None)
    assert found.labels is not None
    assert found.labels.tolist() == [2, 1]
    assert found.confidence is not None
    assert found.confidence.tolist() == [0.9, 0.4]
    assert found.groups["hospital"].tolist() == ["north", "south"]


def test_best_classes_by_name(tmp_path: Path) -> None:
    csv_file(tmp_path, 'id,predicted,label\na.png,"ox, wild",cat\nb.png,,dog\n')
    found = read(tmp_path)
    assert found.class_names == ("cat", "dog", "ox, wild")
    assert found.values.tolist() == [2, -1]
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1]


@pytest.mark.parametrize(("prefix", "kind"), [("logit_", "logits"), ("prob_", "probabilities")])
def test_one_column_a_class(tmp_path: Path, prefix: str, kind: str) -> None:
    csv_file(
        tmp_path, f"id,{prefix}cat,{prefix}dog,label\na.png,0.25,0.75,dog\nb.png,1.0,0.0,0\n".replace(",0\n", ",cat\n")
    )
    found = read(tmp_path)
    assert (found.kind, found.class_names) == (kind, ("cat", "dog"))
    assert found.values.tolist() == [[0.25, 0.75], [1.0, 0.0]]
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0]


def test_columns_by_number_are_put_in_the_order_of_the_classes(tmp_path: Path) -> None:
    csv_file(tmp_path, "id,logit_2,logit_0,logit_1\na.png,2.5,0.5,1.5\n")
    found = read(tmp_path)
    assert (found.class_names, found.values.tolist()) == (None, [[0.5, 1.5, 2.5]])


def test_a_table_of_a_spreadsheet_with_its_mark_and_blank_lines(tmp_path: Path) -> None:
    (tmp_path / "digits.csv").write_bytes(b"\xef\xbb\xbfid, predicted\r\na.png, 1\r\n\r\nb.png,2\r\n")
    assert read(tmp_path).values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("id,predicted\n", "no predictions"),
        ("name,predicted\na,1\n", "predictions of no known form"),
        ("id,label\na,1\n", "no predictions"),
        ("id,predictd\na,1\n", "did you mean 'predicted'"),
        ("id,predicted,Label\na,1,1\n", "did you mean 'label'"),
        ("id,predicted,predicted\na,1,1\n", "two columns 'predicted'"),
        ("id,predicted\na\n", r"digits.csv:2: 1 fields"),
        ("id,predicted\na,1\na,2\n", "1 ids occur more than once: a"),
        ("id,predicted,label\na,1,cat\n", "some classes by number and some by name"),
        ("id,logit_a,logit_b\nx,1,ah\n", r"digits.csv:2: not a number"),
        ("id,logit_a,prob_b\nx,1,0.5\n", "both logit_ and prob_ columns"),
        ("id,predicted,logit_a\nx,0,0.5\n", "several kinds"),
        ("id,logit_0,logit_2\nx,1,2\n", "one column a class: logit_0 to logit_1"),
        ("id,logit_a,logit_b\nx,1,nan\ny,1,2\nz,inf,1\n", "2 of 3 samples have NaN or infinite logits: x, z"),
        ("id,prob_a,prob_b\nx,0.5,0.4\ny,0.5,0.5\n", "1 of 2 samples have probabilities that do not sum to 1: x"),
        ("id,logit_a,logit_b\nx,0,0\ny,1e-9,1e-9\nz,1,0\n", "2 of 3 samples have equal logits for all classes: x, y"),
        ("id,prob_a,prob_b\nx,1.5,-0.5\n", r"have a probability outside \[0, 1\]"),
        ("id,predicted,confidence\nx,1,97.3\n", r"have a confidence outside \[0, 1\]: x"),
        ("id,predicted,confidence\nx,1,nan\n", r"have a confidence outside \[0, 1\]: x"),
        ("id,predicted,confidence\nx,1,high\n", r"digits.csv:2: not a number"),
        ("id,logit_a,logit_b,label\nx,1,2,c\n", "a label that is not a class name: c"),
        ("id,logit_a,logit_b,confidence\nx,1,2,0.5\n", "confidence beside logits"),
        ("file_name,predicted_class\nx,3.5\n", r"digits.csv:2: '3.5' is not a whole number"),
    ],
)
def test_a_wrong_csv_says_where_and_what(tmp_path: Path, text: str, message: str) -> None:
    csv_file(tmp_path, text)
    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path, "digits")


def test_a_csv_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "digits.csv").write_bytes("id,predicted\nä,1\n".encode("latin-1"))
    with pytest.raises(DataError, match="a UTF-8 CSV file"):
        read_predictions(tmp_path, "digits")


# --- NPZ --------------------------------------------------------------------------------------------


def test_an_archive_of_logits(tmp_path: Path) -> None:
    npz_file(
        tmp_path,
        ids=IDS,
        logits=np.float32(LOGITS),
        labels=[0, 1, 2],
        class_names=["x", "y", "z"],
        site=["n", "s", "s"],
    )
    found = read(tmp_path)
    assert (found.kind, found.ids.tolist(), found.class_names) == ("logits", IDS, ("x", "y", "z"))
    assert found.values.dtype == np.float64
    assert np.array_equal(found.values, np.float32(LOGITS).astype(np.float64))
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1, 2]
    assert found.groups["site"].tolist() == ["n", "s", "s"]


def test_an_archive_of_best_classes_by_name_and_bytes(tmp_path: Path) -> None:
    npz_file(
        tmp_path,
        ids=np.array(IDS, dtype="S"),
        predicted=["y", "x", "y"],
        confidence=[0.5, 0.6, 0.7],
        class_names=["x", "y"],
    )
    found = read(tmp_path)
    assert (found.ids.tolist(), found.values.tolist(), found.class_names) == (IDS, [1, 0, 1], ("x", "y"))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"logits": LOGITS}, "no ids"),
        ({"ids": [1, 2, 3], "logits": LOGITS}, "the array 'ids' is of type int64"),
        ({"ids": IDS}, "no predictions, or several kinds"),
        ({"ids": IDS, "logits": LOGITS, "predicted": [0, 1, 2]}, "no predictions, or several kinds"),
        ({"ids": IDS, "logits": LOGITS[:2]}, r"logits of shape \(2, 3\)"),
        ({"ids": IDS, "logits": [1.0, 2.0, 3.0]}, r"logits of shape \(3,\)"),
        ({"ids": IDS, "logits": np.array(LOGITS) + 1j}, "logits of type complex128"),
        ({"ids": IDS, "logits": LOGITS, "labels": [1, 2]}, r"labels of shape \(2,\)"),
        ({"ids": IDS, "logits": LOGITS, "labels": [0.0, 1.0, 2.0]}, "a label of type float64"),
        ({"ids": IDS, "logits": LOGITS, "class_names": ["x", "y"]}, "2 class names for 3 columns"),
        ({"ids": IDS, "logits": LOGITS, "scores": [1.0, 2.0, 3.0]}, "the array 'scores' is of type float64"),
        ({"ids": IDS, "predicted": [0.0, 1.0, 2.0]}, "a predicted class of type float64"),
        ({"ids": IDS, "predicted": [0, 1, 2], "confidence": [1, 0, 1]}, "confidence of type int64"),
        ({"ids": IDS, "predicted": ["x", "x", "x"], "class_names": ["x", "x"]}, "stands for several classes"),
        ({"ids": [], "logits": np.zeros((0, 3))}, "of type float64"),
        ({"ids": np.array([], dtype=str), "logits": np.zeros((0, 3))}, "no predictions"),
    ],
)
def test_a_wrong_archive_says_what(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    npz_file(tmp_path, **arrays)
    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path, "digits")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("unpickled",))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "digits.npz", ids=np.array(IDS), logits=np.array([Bomb(), 1, 2], dtype=object))
    with pytest.raises(DataError, match="never unpickled"):
        read_predictions(tmp_path, "digits")
    (tmp_path / "digits.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DataError, match="never unpickled"):
        read_predictions(tmp_path, "digits")


def test_a_damaged_archive_and_a_bare_array(tmp_path: Path) -> None:
    path = npz_file(tmp_path, ids=IDS, logits=LOGITS)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="cannot read the predictions"):
        read_predictions(tmp_path, "digits")
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DataError, match="one bare array"):
        read_predictions(tmp_path, "digits")


# --- where they lie -----------------------------------------------------------------------------------


def test_a_directory_without_predictions_on_a_data_set(tmp_path: Path) -> None:
    csv_file(tmp_path, "id,predicted\na,1\n", "digits.csv")
    assert read_predictions(tmp_path, "imagenet-v2") is None
    assert read_predictions(tmp_path, "imagenet-x") is None
    assert read_predictions(tmp_path, "digits", transform="blur:2") is None


def test_the_name_of_a_subset_of_a_family(tmp_path: Path) -> None:
    csv_file(tmp_path, "id,predicted\na,1\n", "imagenet-c__fog__3.csv")
    assert len(read(tmp_path, "imagenet-c/fog/3")) == 1


@pytest.mark.parametrize(
    ("arguments", "stem"),
    [
        (("digits",), "digits"),
        (("imagenet-c/fog/3",), "imagenet-c__fog__3"),
        (("digits", "gaussian_noise:3"), "digits@gaussian_noise-3"),
        (("/data/mine/colours/",), "colours"),
        (("./colours",), "colours"),
        (("digits", None, "openai-80"), "digits+openai-80"),
        (("digits", "blur:1", "my/five.txt"), "digits@blur-1+five"),
    ],
)
def test_the_file_name_says_data_set_transform_and_prompts(arguments: tuple[str, ...], stem: str) -> None:
    assert stem_of(*arguments) == stem


def test_two_files_for_one_data_set_are_an_error(tmp_path: Path) -> None:
    csv_file(tmp_path, "id,predicted\na,1\n")
    npz_file(tmp_path, ids=IDS, logits=LOGITS)
    with pytest.raises(DataError, match=r"digits.csv and digits.npz"):
        read_predictions(tmp_path, "digits")


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    first = csv_file(tmp_path / "one", "id,predicted\na,1\n")
    csv_file(tmp_path / "two", "id,predicted\na,1\n")
    csv_file(tmp_path / "three", "id,predicted\na,2\n")
    digests = [read(tmp_path / name).digest for name in ("one", "two", "three")]
    assert digests[0] == digests[1] != digests[2]
    assert read(first).digest == digests[0]


# --- writing --------------------------------------------------------------------------------------------


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    logits = np.random.default_rng(3).normal(size=(3, 4))
    names = ("x", "y", "y", "z")
    groups = {"factor": np.array(["pose", "", "pose;shape"])}
    arguments = (np.array(IDS), logits, np.array([3, 0, 1]), names, groups)
    path = write_predictions(tmp_path / "m", "imagenet-c/fog/3", *arguments, transform="blur:2", prompts="mcm-5")
    assert path == tmp_path / "m" / "imagenet-c__fog__3@blur-2+mcm-5.npz"
    found = read_predictions(tmp_path / "m", "imagenet-c/fog/3", "blur:2", "mcm-5")
    assert found is not None
    assert (found.kind, found.ids.tolist(), found.class_names) == ("logits", IDS, names)
    assert np.array_equal(found.values, logits.astype(np.float32).astype(np.float64))
    assert found.labels is not None
    assert found.labels.tolist() == [3, 0, 1]
    assert found.groups["factor"].tolist() == ["pose", "", "pose;shape"]


def test_the_same_logits_make_the_same_file(tmp_path: Path) -> None:
    arguments = (np.array(IDS), np.array(LOGITS), np.array([0, 1, 2]), ("x", "y", "z"), {})
    first, second = (write_predictions(tmp_path / name, "digits", *arguments) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert [file.name for file in first.parent.iterdir()] == ["digits.npz"]


def test_a_group_must_not_be_called_like_an_array(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a group called 'labels'"):
        write_predictions(
            tmp_path, "digits", np.array(IDS), np.array(LOGITS), np.zeros(3, np.int64), "xyz", {"labels": np.array(IDS)}
        )


def test_about_is_written_beside(tmp_path: Path) -> None:
    path = write_about(tmp_path, "ViT-B-32/openai", {"family": "clip", "samples": "4e8"}, "Exported.")
    assert path.read_text() == "name: ViT-B-32/openai\nabout: Exported.\nfamily: clip\nsamples: 4e8\n"
