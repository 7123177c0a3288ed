"""robustcheck init: a project from nothing, for the model and the images at hand."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from colour_data import write_colours
from command import Robustcheck, refused, write
from PIL import Image

from robustcheck import __name__ as package
from robustcheck.starter import FirstSubject, shipped_suites
from robustcheck.starter.suite_text import suite_text

FILES = (
    "suites/first.robust.yaml",
    "suites/robustcheck.schema.json",
    "datasets.local.yaml",
    "pytest.ini",
    ".gitignore",
    ".github/workflows/robustness.yml",
)


def test_the_version_is_told(robustcheck: Robustcheck) -> None:
    said = robustcheck("--version")
    assert (said.code, said.out.split()[0]) == (0, package)


def test_an_empty_directory_becomes_a_project(robustcheck: Robustcheck) -> None:
    said = robustcheck("init")
    assert said.code == 0, said.err
    assert all(Path(name).is_file() for name in FILES)
    assert said.out.endswith("next: pytest\n")
    assert "required_plugins = robustcheck" in Path("pytest.ini").read_text().splitlines()
    valid = robustcheck("validate", "suites")
    assert valid.out == "suites/first.robust.yaml: 4 checks, 4 with their models\n"
    suite = Path("suites/first.robust.yaml").read_text(encoding="utf-8")
    assert suite.startswith("# yaml-language-server: $schema=robustcheck.schema.json\n")
    jsonschema.validate(yaml.safe_load(suite), json.loads(Path("suites/robustcheck.schema.json").read_text()))


def test_what_is_there_is_kept(robustcheck: Robustcheck) -> None:
    write(".gitignore", "*.pt")
    write("pytest.ini", "[pytest]\n")
    said = robustcheck("init")
    assert "kept     pytest.ini" in said.out
    assert Path("pytest.ini").read_text() == "[pytest]\n"
    assert Path(".gitignore").read_text().splitlines()[0] == "*.pt"
    again = robustcheck("init")
    assert "written" not in again.out


def test_new_data_for_a_suite_that_is_there_are_said_to_be_unused(robustcheck: Robustcheck) -> None:
    for name in ("first", "second"):
        write_colours(Path(name))
    assert "unused" not in robustcheck("init", "--data", "first").out
    assert "unused" not in robustcheck("init", "--data", "first").out
    said = robustcheck("init", "--data", "second").out
    assert "unused:  what --data would change in" in said
    assert ".robust.yaml" in said.split("unused:")[1]


def test_the_commented_check_is_sound_once_its_signs_are_taken_away(robustcheck: Robustcheck) -> None:
    robustcheck("init")
    path = Path("suites/first.robust.yaml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  # - id", "  - id").replace("  #   ", "    "), encoding="utf-8")
    assert robustcheck("validate", "suites").out.startswith("suites/first.robust.yaml: 5 checks")


def test_own_images_and_their_classes(robustcheck: Robustcheck) -> None:
    write_colours(Path("photos"))
    said = robustcheck("init", "--data", "photos", "--ci", "none")
    assert said.code == 0, said.err
    assert not Path(".github").exists()
    suite = yaml.safe_load(Path("suites/first.robust.yaml").read_text(encoding="utf-8"))
    assert {check["measure"]["dataset"] for check in suite["checks"]} == {"../photos"}
    assert robustcheck("validate", "suites").code == 0


def write_folders(directory: str, **counts: int) -> None:
    for name, count in counts.items():
        Path(directory, name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("RGB", (8, 8), (number, len(name), 0)).save(Path(directory, name, f"{number}.png"))


@pytest.mark.parametrize(("owls", "has_recall"), [(1, False), (2, True)])
def test_a_class_of_one_image_has_no_check_of_its_own(owls: int, has_recall: bool, robustcheck: Robustcheck) -> None:
    write_folders("photos", cat=4, owl=owls)
    assert robustcheck("init", "--data", "photos").code == 0
    text = Path("suites/first.robust.yaml").read_text(encoding="utf-8")
    metrics = [check["measure"]["metric"] for check in yaml.safe_load(text)["checks"]]
    assert ("mean_per_class_recall" in metrics) is has_recall
    assert ("two images of each class or more" in text) is not has_recall
    assert robustcheck("validate", "suites").code == 0


@pytest.mark.parametrize(
    ("folders", "found"),
    [({"cat": 4}, "there is one class only, cat"), ({".": 4}, "images alone: what they show is not told")],
    ids=["one class", "no class"],
)
def test_images_without_classes_to_tell_apart_are_refused(
    folders: dict[str, int], found: str, robustcheck: Robustcheck
) -> None:
    write_folders("photos", **folders)
    refused(robustcheck("init", "--data", "photos"), found, "two classes or more", "without --data")
    assert not Path("suites").exists()


@pytest.mark.parametrize(("classes", "floor"), [(2, "75%"), (3, "66.7%"), (4, "50%"), (10, "20%"), (1000, "0.2%")])
def test_the_first_limit_lies_above_guessing_and_can_be_reached(classes: int, floor: str) -> None:
    subject = FirstSubject(dataset="photos", classes=classes, has_own_data=True)
    check = yaml.safe_load(suite_text(subject))["checks"][0]
    assert check["expect"] == {"at_least": floor}
    assert check["why"].startswith(f"Chance is {100 / classes:.3g}%.")


def test_a_place_that_is_not_there_is_said(robustcheck: Robustcheck) -> None:
    for command in ("validate", "plan"):
        refused(
            robustcheck(command, "suits"), "suits: there is no such file or directory", "a suite, which is a file named"
        )


def test_a_list_of_classes_is_put_beside_the_images_and_never_over_another(robustcheck: Robustcheck) -> None:
    write_colours(Path("photos"))
    names = sorted(place.name for place in Path("photos").iterdir() if place.is_dir())
    write("names.txt", "".join(f"{name}\n" for name in names))
    (Path("photos") / "classnames.txt").unlink(missing_ok=True)
    assert robustcheck("init", "--data", "photos", "--classes", "names.txt").code == 0
    assert Path("photos/classnames.txt").read_text() == Path("names.txt").read_text()
    write("names.txt", "other\n")
    refused(robustcheck("init", "--data", "photos", "--classes", "names.txt"), "is another list")
    refused(robustcheck("init", "--classes", "names.txt"), "--classes without --data")


def test_a_list_that_calls_a_directory_otherwise_is_refused(robustcheck: Robustcheck) -> None:
    for name in ("cat", "dog"):
        Path("pets", name).mkdir(parents=True)
    write("names.txt", "cat\nhorse\n")
    asked = ("init", "--data", "pets", "--classes", "names.txt")
    refused(robustcheck(*asked), "the list of classes calls dog horse", "leave --classes out")
    Path("names.txt").write_bytes(b"K\xe4fer\n")
    refused(robustcheck(*asked), "names.txt:1:2: the file is not UTF-8 text")


def test_a_checkpoint_file_needs_its_architecture(robustcheck: Robustcheck) -> None:
    Path("epoch_12.pt").touch()
    refused(robustcheck("init", "--model", "epoch_12.pt"), "does not say its architecture", "--arch ViT-B-32")
    refused(robustcheck("init", "--model", "epoch_13.pt"), "there is no file epoch_13.pt")
    assert robustcheck("init", "--model", "epoch_12.pt", "--arch", "ViT-B-32").code == 0
    suite = yaml.safe_load(Path("suites/first.robust.yaml").read_text(encoding="utf-8"))
    assert suite["models"] == "openclip:ViT-B-32@../epoch_12.pt"
    assert robustcheck("validate", "suites").code == 0


def test_webdatasets_become_roots_and_shifts_with_published_trends(robustcheck: Robustcheck) -> None:
    Path("wds/wds_imagenetv2").mkdir(parents=True)
    assert robustcheck("init", "--data", "wds").code == 0
    assert str(Path("wds").resolve()) in yaml.safe_load(Path("datasets.local.yaml").read_text())["roots"]
    suite = yaml.safe_load(Path("suites/first.robust.yaml").read_text(encoding="utf-8"))
    assert [check["id"] for check in suite["checks"]][-1] == "imagenet-v2-on-trend"
    assert robustcheck("validate", "suites").code == 0


def test_shipped_suites_are_copied(robustcheck: Robustcheck) -> None:
    said = robustcheck("init", "--example")
    assert said.code == 0, said.err
    assert {f"suites/{name}.robust.yaml" for name in shipped_suites()} <= set(said.out.split())
    first = Path("suites/findings/zoo.robust.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../robustcheck.schema.json"
    assert robustcheck("validate", "suites").code == 0


def test_one_shipped_suite_by_its_name(robustcheck: Robustcheck) -> None:
    assert robustcheck("init", "--example", "quickstart").code == 0
    assert [path.name for path in Path("suites").glob("*.yaml")] == ["quickstart.robust.yaml"]
    refused(robustcheck("init", "--example", "quikstart"), "no shipped suite 'quikstart'", "did you mean 'quickstart'?")
