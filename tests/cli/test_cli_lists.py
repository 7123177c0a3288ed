"""The lists of the command - models, data sets, metrics - and its doctor."""

from __future__ import annotations

from pathlib import Path

import pytest
from colour_data import write_colours
from command import Robustcheck, refused
from dataset_makers import make_imagefolder

from robustcheck.datasets import known_datasets
from robustcheck.datasets.digits import open_digits
from robustcheck.measure import known_metrics
from robustcheck.models.model_sets import known_sets


def test_a_metric_of_which_either_side_can_be_meant_says_so(robustcheck: Robustcheck) -> None:
    either = [each["name"] for each in robustcheck("metrics", "--json").json if each["either_side"]]
    assert sorted(either) == ["agreement", "error_consistency", "shape_bias", "shape_bias_16way"]
    assert "either" in robustcheck("metrics", "shape_bias").out


def test_models_lists_the_sets_with_their_sizes(robustcheck: Robustcheck) -> None:
    rows = {line.split()[0]: line.split()[1] for line in robustcheck("models").out.splitlines()[1:-1]}
    assert set(rows) == set(known_sets())
    assert rows["zoo"] == "12"


def test_models_shows_names_whole_and_the_same_as_json(robustcheck: Robustcheck) -> None:
    table = robustcheck("models", "source=laion&architecture=vit")
    found = robustcheck("models", "source=laion&architecture=vit", "--json").json
    assert table.out.splitlines()[-1] == f"{len(found)} models"
    assert [line.split()[0] for line in table.out.splitlines()[1:-1]] == [model["model"] for model in found]
    assert {(model["facets"]["source"], model["facets"]["architecture"]) for model in found} == {("laion", "vit")}


def test_models_json_without_a_query_is_the_catalogue(robustcheck: Robustcheck) -> None:
    ids = [model["id"] for model in robustcheck("models", "--json").json]
    assert {"ViT-B-32/openai", "resnet50.a1_in1k", "vit-plain-100"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_models_with_a_mistake(robustcheck: Robustcheck) -> None:
    refused(robustcheck("models", "liaon"), "unknown model 'liaon'", "did you mean 'laion'?")
    refused(robustcheck("models", "sourse=laion"), "did you mean 'source'?")


def test_datasets_says_what_is_here(robustcheck: Robustcheck, tmp_path: Path) -> None:
    for place in ("imagenet-r", "imagenet1k", "imagenet-c/weather/fog/3", "imagenet-c/fog/4"):
        (tmp_path / "data" / place).mkdir(parents=True)
    rows = {row["name"]: row for row in robustcheck("datasets", "--data", "data", "--json").json}
    assert list(rows) == list(known_datasets())
    assert rows["imagenet-v2"]["place"] is None
    assert rows["imagenet-v2"]["advice"] == f"put it in {tmp_path}/data/imagenet-v2"
    assert rows["imagenet-r"]["place"].endswith("data/imagenet-r")
    assert rows["digits"]["place"] == "ships with scikit-learn"
    assert (rows["ninco"]["task"], rows["mscoco"]["task"], rows["scam"]["task"]) == ("ood", "retrieval", "typographic")
    assert rows["imagenet-x"]["place"] == f"{tmp_path}/data/imagenet1k (imagenet-val)"
    assert rows["objectnet-imagenet"]["advice"] == f"shows images of objectnet: put it in {tmp_path}/data/objectnet"
    assert rows["imagenet-c"]["subsets"] == {"here": 2, "of": 95}
    assert rows["imagenet-p"]["advice"] == f"put it in {tmp_path}/data/imagenet-p/PERTURBATION"


def test_datasets_as_a_table(robustcheck: Robustcheck, tmp_path: Path) -> None:
    (tmp_path / "data" / "imagenet-c" / "fog" / "3").mkdir(parents=True)
    rows = {line.split()[0]: line for line in robustcheck("datasets", "--data", "data").out.splitlines()}
    assert set(rows) >= set(known_datasets())
    assert f"95 x 50,000  1 of 95 subsets in {tmp_path}/data/imagenet-c" in rows["imagenet-c"]
    assert "cue-conflict    1,280" in rows["cue-conflict"]
    assert f"- (put it in {tmp_path}/data/cue-conflict)" in rows["cue-conflict"]


def test_datasets_without_a_root_name_the_variable(robustcheck: Robustcheck) -> None:
    assert "- (put it in $ROBUSTCHECK_DATA/imagenet-sketch)" in robustcheck("datasets").out


def test_a_place_that_does_not_exist_is_no_reason_to_list_nothing(robustcheck: Robustcheck, tmp_path: Path) -> None:
    (tmp_path / "datasets.local.yaml").write_text("imagenet-v2: gone\n")
    rows = {row["name"]: row for row in robustcheck("datasets", "--json").json}
    assert "gone, which does not exist" in rows["imagenet-v2"]["advice"]


def test_metrics_lists_every_metric(robustcheck: Robustcheck) -> None:
    rows = {row["name"]: row for row in robustcheck("metrics", "--json").json}
    assert list(rows) == list(known_metrics())
    assert (rows["ece"]["unit"], rows["ece"]["higher_is_better"], rows["nll"]["bounded"]) == ("", False, False)
    assert rows["auroc"]["tasks"] == ["ood"]
    assert rows["auroc"]["options"][0]["choices"][1:3] == ["mcm", "msp"]
    lines = {line.split()[0]: line for line in robustcheck("metrics").out.splitlines() if line.strip()}
    assert set(lines) >= set(known_metrics())
    assert lines["mce"].split()[1:3] == ["%", "lower"]
    assert "temperature=none" in lines["ece"]


def test_a_metric_has_its_options_explained(robustcheck: Robustcheck) -> None:
    out = robustcheck("metrics", "auroc").out
    for words in ("option score", "auto | mcm | msp", "default auto", "option id_dataset", "a data set", "0 to 1"):
        assert words in out, words
    assert "in subsets, by corruption and severity" in robustcheck("metrics", "mce").out
    refused(robustcheck("metrics", "aurocc"), "unknown metric 'aurocc'", "did you mean 'auroc'?")


def test_data_that_is_nowhere(robustcheck: Robustcheck) -> None:
    refused(robustcheck("datasets", "--data", "nowhere"), "there is no directory", "nowhere")


def test_doctor_on_a_sound_and_a_broken_data_set(robustcheck: Robustcheck, tmp_path: Path) -> None:
    sound = robustcheck("doctor", "digits", "--json")
    assert sound.code == 0
    assert {level for level, _, _ in sound.json} == {"ok"}
    assert open_digits().fingerprint in robustcheck("doctor", "digits").out
    write_colours(tmp_path / "colours", 12)
    (tmp_path / "colours" / "red" / "00000.png").write_bytes(b"not an image")
    broken = robustcheck("doctor", "colours", "--json")
    assert broken.code == 1
    assert [what for level, what, _ in broken.json if level == "error"] == ["decoding"]


def test_doctor_with_a_name_that_nothing_has(robustcheck: Robustcheck) -> None:
    refused(robustcheck("doctor", "digitss"), "did you mean 'digits'?")
    refused(robustcheck("doctor", "no/such/directory"), "there is no such directory")
    refused(robustcheck("doctor", "imagenet-c/fgo/3"), "unknown corruption 'fgo'", "did you mean 'fog'?")
    refused(robustcheck("doctor", "imagenet-c/fog"), "a subset such as imagenet-c/gaussian_noise/1")


@pytest.mark.parametrize("name", ["imagenet-v2", "imagenet-x", "imagenet-c", "imagenet-c/fog/3", "mscoco", "ninco"])
def test_doctor_on_what_is_not_here_ends_with_1(robustcheck: Robustcheck, name: str) -> None:
    said = robustcheck("doctor", name)
    assert said.code == 1
    assert "not on this machine" in said.out
    assert "get it from https://" in said.out


def test_doctor_on_what_is_here_but_wrong_ends_with_1(robustcheck: Robustcheck, tmp_path: Path) -> None:
    make_imagefolder(tmp_path / "imagenet-v2", ["a/1.png", "b/2.png"])
    said = robustcheck("doctor", "imagenet-v2", "--data", ".")
    assert said.code == 1
    assert "2 classes" in said.out
