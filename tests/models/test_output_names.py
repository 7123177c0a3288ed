"""What the outputs of a classifier are called: lists beside the weights, timm's configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robustcheck.errors import ModelError
from robustcheck.models.output_names import OutputNames, names_beside, output_names
from robustcheck.values import ModelRef


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "epoch.safetensors"
    path.touch()
    return path


def told(weights: Path) -> OutputNames:
    found = output_names(ModelRef("m", "timm:x@y", "timm-file", "resnet18", str(weights)))
    assert found is not None
    return found


def test_a_line_for_each_output(weights: Path) -> None:
    (weights.parent / "epoch.classes.txt").write_text("\ufeffcat\r\n n02123045 \r\n\n")
    assert told(weights) == OutputNames(("cat", "n02123045"), "epoch.classes.txt")


def test_lines_for_some_outputs(weights: Path) -> None:
    (weights.parent / "classes.txt").write_text("cat\t3\ngreat white shark\t0\n")
    found = told(weights)
    assert found == OutputNames(("great white shark", "", "", "cat"), "classes.txt", is_partial=True)
    assert (found.of(5), found.of(3)) == (("great white shark", "", "", "cat", ""), None)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (["cat", "dog"], ("cat", "dog")),
        ({"cat": 1, "dog": 0}, ("dog", "cat")),
        ({"0": "dog", "1": "cat"}, ("dog", "cat")),
        ({"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}, ("n01440764", "n01443537")),
    ],
    ids=["list", "class_to_idx", "idx_to_class", "keras"],
)
@pytest.mark.parametrize("name", ["epoch.classes.json", "classes.json", "config.json"])
def test_json_forms(weights: Path, name: str, content: Any, names: tuple[str, ...]) -> None:
    whole = {"architecture": "resnet18", "label_names": content} if name == "config.json" else content
    (weights.parent / name).write_text(json.dumps(whole))
    assert told(weights).names == names


def test_timms_older_words_and_places(weights: Path) -> None:
    (weights.parent / "config.json").write_text(json.dumps({"pretrained_cfg": {"labels": ["cat", "dog"]}}))
    assert told(weights) == OutputNames(("cat", "dog"), "config.json")


def test_the_nearest_list_counts(weights: Path) -> None:
    (weights.parent / "config.json").write_text(json.dumps({"label_names": ["c"]}))
    assert told(weights).names == ("c",)
    (weights.parent / "classes.txt").write_text("b\n")
    assert told(weights).names == ("b",)
    (weights.parent / "epoch.classes.txt").write_text("a\n")
    assert told(weights).names == ("a",)
    (weights.parent / "epoch.classes.json").write_text('["d"]')
    with pytest.raises(ModelError, match=r"both epoch\.classes\.txt and epoch\.classes\.json"):
        told(weights)


def test_nothing_tells(weights: Path) -> None:
    assert names_beside(weights) is None
    (weights.parent / "config.json").write_text(json.dumps({"num_classes": 10}))
    assert names_beside(weights) is None
    assert output_names(ModelRef("m", "zoo:x", "zoo", "vit", str(weights.parent))) is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("classes.txt", "cat\n\ndog\n", "line 2 is blank"),
        ("classes.txt", "", "it is empty"),
        ("classes.txt", "cat\t0\ndog\t0\n", "the output of 'dog' occurs twice"),
        ("classes.txt", "cat\t0\ndog\tone\n", "the output of 'dog' is not the place of an output"),
        ("classes.json", '{"cat": -1}', "the output of 'cat' is not the place of an output"),
        ("classes.json", '{"cat": 999999999999}', "the output of 'cat' is not the place of an output"),
        ("classes.json", "[1, 2]", "the name of an output is 1"),
        ("classes.json", '"cat"', "no names of outputs"),
        ("classes.json", "{", "JSON"),
        ("classes.json", "[" * 100_000, "deep|nest|JSON"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(weights: Path, name: str, content: str, words: str) -> None:
    (weights.parent / name).write_text(content)
    with pytest.raises(ModelError, match=words) as caught:
        told(weights)
    assert str(weights.parent / name) in str(caught.value)


def test_a_list_that_is_no_text(weights: Path) -> None:
    (weights.parent / "classes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="not UTF-8 text"):
        told(weights)
