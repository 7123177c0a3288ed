"""The one reader of YAML beside suites: bounds, places, and no surprise of YAML 1.1."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcheck.datasets import data_roots
from robustcheck.errors import RobustcheckError, SetupError
from robustcheck.files.yaml_files import read_mapping, read_yaml
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.prediction_files import read_about
from robustcheck.populations import load_population

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HARMFUL = {
    "aliases": LAUGHS,
    "aliases in a list": "- " + LAUGHS.replace("\n", "\n  "),
    "itself": "&a [*a]",
    "depth": "[" * 3000,
    "deep blocks": "".join(" " * depth + "a:\n" for depth in range(200)),
    "digits": "a: " + "9" * 5000,
    "hexadecimal digits": "a: 0x" + "f" * 5000,
    "exponent": "a: 1e999",
    "tag": "!!python/object/apply:os.system ['true']",
    "twice": "a: 1\na: 2",
    "merge": "a: &a {b: 1}\nc: {<<: *a}",
    "number key": "1: a",
    "escape": 'a: "\\UFFFFFFFF"',
    "directive": "%YAML 99999999999999999999.1\n---\na: 1",
    "control": "a: \x07",
    "nul": "a: \0",
    "unclosed": "a: [",
    "two documents": "a: 1\n---\nb: 2",
}


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL.keys())
def test_what_no_honest_file_holds_is_a_complaint_with_a_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(SetupError, match=r"x\.yaml:\d+") as caught:
        read_yaml(path, SetupError, expected="a mapping")
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize("content", [b"\xff\xfea\0:\0", b"a: \xe4", b"a\0b"])
def test_another_encoding_is_a_complaint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(SetupError, match=r"x\.yaml:1(:\d)?: (the file is not UTF-8|a NUL byte)"):
        read_yaml(tmp_path / "x.yaml", SetupError, expected="")


def test_scalars_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: 2024-02-31\nb: no\nc: 1e-3\nd: 12:30:45\ne: true\nf: ~\n")
    assert read_mapping(tmp_path / "x.yaml", SetupError, expected="") == {
        "a": "2024-02-31",
        "b": "no",
        "c": 0.001,
        "d": "12:30:45",
        "e": True,
        "f": None,
    }


def test_a_large_file_a_directory_and_none_are_complaints(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text("#" * (2**20 + 1))
    with pytest.raises(SetupError, match="1,048,577 bytes"):
        read_yaml(tmp_path / "large.yaml", SetupError, expected="")
    with pytest.raises(SetupError, match="it is a directory"):
        read_yaml(tmp_path, SetupError, expected="")
    with pytest.raises(SetupError, match="No such file"):
        read_yaml(tmp_path / "none.yaml", SetupError, expected="")


def models_file(directory: Path) -> object:
    (directory / "x.yaml").rename(directory / "models.yaml")
    return resolve_models(["models.yaml"], base=directory)


def about(directory: Path) -> object:
    (directory / "x.yaml").rename(directory / "about.yaml")
    return read_about(directory)


def local_file(directory: Path) -> object:
    (directory / "x.yaml").rename(directory / "datasets.local.yaml")
    return data_roots(None, {}, directory)


def description(directory: Path) -> object:
    (directory / "x.csv").write_text("model,dataset,metric,value,n\na,b,top1,0.5,10\n")
    return load_population(str(directory / "x.csv"))


@pytest.mark.parametrize("read", [models_file, about, local_file, description])
@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL.keys())
def test_every_yaml_file_of_a_user_has_the_same_bounds(tmp_path: Path, read: object, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(RobustcheckError) as caught:
        read(tmp_path)  # type: ignore[operator]
    assert ".yaml:" in str(caught.value)
    assert len(str(caught.value)) < 20_000
