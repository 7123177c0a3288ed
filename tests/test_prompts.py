"""Prompt sets: content, sources, files and refusals."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from robustcheck.errors import SetupError
from robustcheck.prompts import PROMPT_SETS, resolve_prompts


@dataclass(frozen=True)
class Prompted:
    name: str = "toy"
    prompts: str = ""
    templates: tuple[str, ...] = ()


OWN = Prompted(templates=("a scan of {c}.",))


def test_the_single_prompt_has_no_full_stop():
    assert resolve_prompts("1", OWN) == ("a photo of a {c}",)


def test_the_five_of_mcm_end_in_full_stops():
    templates = resolve_prompts("mcm-5", OWN)
    assert len(templates) == 5
    assert all(template.endswith("{c}.") for template in templates)


@pytest.mark.parametrize(
    ("name", "variable"), [("openai-80", "OPENAI_IMAGENET_TEMPLATES"), ("openai-7", "SIMPLE_IMAGENET_TEMPLATES")]
)
def test_the_openai_sets_are_those_of_open_clip(name, variable):
    import open_clip

    expected = [template("tench") for template in getattr(open_clip, variable)]
    assert [template.replace("{c}", "tench") for template in resolve_prompts(name, OWN)] == expected
    assert len(expected) == int(name.rpartition("-")[2])


def test_open_clip_templates_are_read_without_torch():
    code = (
        "import sys; from robustcheck.prompts import resolve_prompts; from types import SimpleNamespace as S\n"
        "assert len(resolve_prompts('openai-80', S(name='x', prompts='', templates=()))) == 80\n"
        "assert 'torch' not in sys.modules and 'open_clip' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_name_means_the_data_sets_own_templates_then_its_default_set():
    assert resolve_prompts(None, OWN) == OWN.templates
    assert resolve_prompts(None, Prompted(prompts="mcm-5")) == resolve_prompts("mcm-5", OWN)
    assert resolve_prompts(None, Prompted()) == resolve_prompts("openai-80", OWN)


def test_dataset_asks_for_the_own_templates():
    assert resolve_prompts("dataset", OWN) == OWN.templates
    with pytest.raises(SetupError, match="no templates of its own"):
        resolve_prompts("dataset", Prompted())


def test_a_file_of_templates(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("# mine\na {c}.\n\nthe {c}\n")
    assert resolve_prompts(str(path), OWN) == ("a {c}.", "the {c}")


@pytest.mark.parametrize(
    ("content", "message"), [("a {c}\na photo\n", r"mine.txt:2: no class name"), ("# none\n", "no templates")]
)
def test_a_bad_file_of_templates(tmp_path, content, message):
    path = tmp_path / "mine.txt"
    path.write_text(content)
    with pytest.raises(SetupError, match=message):
        resolve_prompts(str(path), OWN)


def test_a_missing_file_and_an_unknown_name_are_errors(tmp_path):
    with pytest.raises(SetupError, match="cannot be read"):
        resolve_prompts(str(tmp_path / "none.txt"), OWN)
    with pytest.raises(SetupError, match="did you mean 'openai-80'"):
        resolve_prompts("openai80", OWN)


def test_every_known_set_resolves():
    for name in PROMPT_SETS:
        assert all("{c}" in template for template in resolve_prompts(name, OWN))
