"""The names of the installed open_clip, read without importing it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustcheck.errors import ModelError, SpecError
from robustcheck.models import openclip_names, openclip_tables
from robustcheck.models.catalogue import openclip_entries
from robustcheck.models.openclip_names import architectures, check_architecture, check_tag, pretrained_tags
from robustcheck.models.reference import parse_reference
from robustcheck.run.known_names import known_names
from robustcheck.spec import load_suite

SUITE = """\
robustcheck: 1
title: A small suite
models: openclip:ViT-B-32/laion2b_s34b_b79
checks:
  - id: v2
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 40%}
"""


def test_the_names_are_those_of_open_clip() -> None:
    open_clip = pytest.importorskip("open_clip")
    table = openclip_tables.pretrained_table()
    assert [(name, tag) for name, tags in table.items() for tag in tags] == open_clip.list_pretrained()
    pairs = {(name, tag) for name in architectures() for tag in pretrained_tags(name) or ()}
    assert pairs <= set(open_clip.list_pretrained())
    assert architectures() == set(open_clip.list_models())


def test_every_published_checkpoint_passes() -> None:
    for model in openclip_entries():
        architecture, _, tag = model.id.partition("/")
        check_architecture(architecture, model.text)
        check_tag(architecture, tag, model.text)


@pytest.mark.parametrize(
    "text",
    [
        "openclip:ViT-B-16-SigLIP2/webli",
        "openclip:ViT-B-32-quickgelu/openai",
        "openclip:ViT-H-14-worldwide-quickgelu/metaclip2_worldwide",
        "openclip:ViT-B-32/laion2b-s34b-b79k",
        "openclip:RN50/OpenAI",
    ],
)
def test_what_open_clip_takes_is_taken(text: str) -> None:
    assert parse_reference(text).kind == "openclip"


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        ("openclip:ViT-B-99/x", "no architecture 'ViT-B-99'", "did you mean 'ViT-B-"),
        ("openclip:vit_b_32/openai", "no architecture 'vit_b_32'", "open_clip's name without a pretrained tag"),
        ("openclip:zzz/openai", "no architecture 'zzz'", "open_clip.list_models()"),
        ("openclip:ViT-B-32/laion2b_s34b_b79", "no pretrained tag", "did you mean 'laion2b_s34b_b79k'?"),
        ("openclip:ViT-B-32/zzz", "no pretrained tag 'zzz'", "openai, laion400m_e31"),
        ("openclip:ViT-B-32-quickgelu/laion2b_e16", "no pretrained tag 'laion2b_e16'", "openai, laion400m_e31"),
        ("openclip:ViT-S-16/openai", "ViT-S-16 has no pretrained tag", "openclip:ViT-S-16@FILE"),
    ],
)  # fmt: skip
def test_what_open_clip_has_not_is_refused(text: str, found: str, hint: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_reference(text)
    assert caught.value.where == text
    assert found in caught.value.found
    assert hint in str(caught.value)


def test_neither_open_clip_nor_torch_is_imported() -> None:
    code = (
        "import sys\n"
        "from robustcheck.models.reference import parse_reference\n"
        "parse_reference('openclip:ViT-B-16-SigLIP2/webli')\n"
        "print({'torch', 'open_clip', 'timm'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_wrong_model_of_a_suite_is_one_problem_with_its_place(tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_suite(suite, known_names(tmp_path))
    (problem,) = caught.value.problems
    assert "suite.yaml:3:9" in problem.text
    assert "did you mean 'laion2b_s34b_b79k'?" in problem.text


# --- another open_clip, or none ------------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the directory of an open_clip that is not the installed one, nor imported."""
    _forget()
    for module in (openclip_names, openclip_tables):
        monkeypatch.setattr(module, "open_clip_directory", lambda: tmp_path)
    monkeypatch.delitem(sys.modules, "open_clip", raising=False)
    yield tmp_path
    _forget()


def _forget() -> None:
    openclip_names.shipped_architectures.cache_clear()
    openclip_tables.pretrained_table.cache_clear()


def test_names_that_cannot_be_read_are_taken_on_trust(other: Path) -> None:
    assert (architectures(), pretrained_tags("ViT-B-99")) == (frozenset(), None)
    assert parse_reference("openclip:ViT-B-99/x").weights == "x"
    with pytest.raises(ModelError, match="no architecture 'a b'"):
        parse_reference("openclip:a b/x")


@pytest.mark.parametrize(
    "source", ["", "_PRETRAINED = read()", "_PRETRAINED = {'A': read()}", "_PRETRAINED = {'A': B}"]
)
def test_a_table_of_another_shape_takes_any_tag(other: Path, source: str) -> None:
    (other / "model_configs").mkdir()
    (other / "model_configs/A.json").write_text("{}")
    (other / "pretrained.py").write_text(source)
    assert parse_reference("openclip:A/anything").architecture == "A"
    with pytest.raises(ModelError, match="no architecture 'B'"):
        parse_reference("openclip:B/anything")


def test_an_architecture_added_to_the_imported_open_clip_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_clip = pytest.importorskip("open_clip")
    monkeypatch.setattr(open_clip, "list_models", lambda: ["mine"])
    (tmp_path / "a.pt").write_bytes(b"")
    assert parse_reference("openclip:mine@a.pt", base=tmp_path).architecture == "mine"
