"""The names of timm, read from its source, against those that timm itself lists."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import timm

from robustcheck.errors import ModelError
from robustcheck.models.reference import parse_reference
from robustcheck.models.timm_names import require_timm_architecture, require_timm_name, shipped_names

# Names of earlier versions, which timm still builds.
OLD = ("tf_efficientnet_b0_ns", "vit_tiny_patch16_224_in21k", "gluon_resnet18_v1b", "convnext_tiny_in22k")


@pytest.fixture
def _unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at collection, where nobody has imported timm."""
    monkeypatch.delitem(sys.modules, "timm")


@pytest.mark.usefixtures("_unloaded")
def test_all_that_timm_lists_is_accepted() -> None:
    assert set(timm.list_models()) <= shipped_names()
    assert all(timm.is_model(name) for name in OLD)
    for name in (*timm.list_pretrained(), *OLD):
        require_timm_name(name, name)
        require_timm_architecture(name.partition(".")[0], name)


@pytest.mark.usefixtures("_unloaded")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("timm:nope", "timm has no architecture 'nope'"),
        ("timm:resnet5o.a1_in1k", "did you mean 'resnet50'?"),
        ("timm:resnet50.a9_in1k", "resnet50 has no pretrained tag 'a9_in1k'"),
        ("timm:nope@weights.safetensors", "timm has no architecture 'nope'"),
        ("timm:nope.a1_in1k@weights.safetensors+knn", "timm has no architecture 'nope'"),
    ],
)
def test_a_wrong_name_is_refused_where_it_is_read(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").touch()
    with pytest.raises(ModelError) as caught:
        parse_reference(text, base=tmp_path)
    assert words in str(caught.value)


@pytest.mark.usefixtures("_unloaded")
def test_the_tag_of_a_file_is_what_its_owner_says(tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").touch()
    found = parse_reference("timm:resnet50.my_run_12@weights.safetensors", base=tmp_path)
    assert found.architecture == "resnet50.my_run_12"


def test_what_a_conftest_registers_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    known = timm.list_models()
    monkeypatch.setattr(timm, "list_models", lambda: [*known, "my_own_network"])
    require_timm_name("my_own_network", "timm:my_own_network")
