"""Prompt sets: content, sources, files and refusals."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from robustcheck.datasets.class_sets import imagenet_class_names
from robustcheck.errors import SetupError
from robustcheck.prompts import known_prompts, prompt_texts


@dataclass(frozen=True)
class Prompted:
    name: str = "toy"
    prompts: str = ""
    templates: tuple[str, ...] = ()


OWN = Prompted(templates=("a scan of {c}.",))
NAMES = ("tench", "sea lion")


@pytest.fixture
def cupl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a small clip_benchmark package first on the path, with sentences for every ImageNet name."""
    package = tmp_path / "site" / "clip_benchmark"
    (package / "datasets").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    sentences = {name: [f"{name} is here.", f"There is {name}."] for name in imagenet_class_names()}
    file = package / "datasets" / "cupl_prompts.json"
    file.write_text(json.dumps({"imagenet1k": sentences}), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "clip_benchmark", raising=False)
    return file


# --- templates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "size"), [("1", 1), ("mcm-5", 5), ("openai-7", 7), ("openai-80", 80)])
def test_protocols_1_the_sizes_of_the_sets(name, size):
    texts = prompt_texts(name, OWN, NAMES)
    assert [len(row) for row in texts] == [size, size]
    assert all("tench" in text for text in texts[0])
    assert all("sea lion" in text for text in texts[1])


def test_protocols_1_the_single_prompt_has_no_full_stop():
    assert prompt_texts("1", OWN, NAMES) == (("a photo of a tench",), ("a photo of a sea lion",))


def test_protocols_1_the_five_of_mcm_end_in_full_stops():
    assert prompt_texts("mcm-5", OWN, ["cat"])[0] == (
        "a photo of a cat.",
        "a blurry photo of a cat.",
        "a photo of many cat.",
        "a photo of the large cat.",
        "a photo of the small cat.",
    )


@pytest.mark.parametrize(
    ("name", "variable"), [("openai-80", "OPENAI_IMAGENET_TEMPLATES"), ("openai-7", "SIMPLE_IMAGENET_TEMPLATES")]
)
def test_protocols_1_the_openai_sets_are_those_of_open_clip(name, variable):
    import open_clip

    expected = tuple(template("tench") for template in getattr(open_clip, variable))
    assert prompt_texts(name, OWN, ["tench"]) == (expected,)


def test_protocols_1_the_seven_are_the_ones_that_openai_selected():
    first_words = {text.split("tench")[0].strip() for text in prompt_texts("openai-7", OWN, ["tench"])[0]}
    assert first_words == {
        "itap of a", "a bad photo of the", "a origami", "a photo of the large", "a", "art of the",
        "a photo of the small",
    }  # fmt: skip


def test_protocols_1_the_class_names_have_the_known_hash():
    joined = "\n".join(imagenet_class_names())
    assert hashlib.sha256(joined.encode()).hexdigest() == (
        "571ae1c583b4be7da87519494c52bf405a46af05d5815627c7a0dee997068b60"
    )


def test_protocols_1_the_two_duplicate_names_have_the_same_texts():
    names = imagenet_class_names()
    texts = prompt_texts("openai-80", OWN, names)
    assert (names[657], names[836]) == (names[744], names[837]) == ("missile", "sunglasses")
    assert (texts[657], texts[836]) == (texts[744], texts[837])
    assert len(set(texts)) == 998


def test_open_clip_templates_are_read_without_torch():
    code = (
        "import sys; from robustcheck.prompts import prompt_texts; from types import SimpleNamespace as S\n"
        "assert len(prompt_texts('openai-80', S(name='x', prompts='', templates=()), ['a'])[0]) == 80\n"
        "assert 'torch' not in sys.modules and 'open_clip' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_name_means_the_data_sets_own_templates_then_its_default_set():
    assert prompt_texts(None, OWN, NAMES) == (("a scan of tench.",), ("a scan of sea lion.",))
    assert prompt_texts(None, Prompted(prompts="mcm-5"), NAMES) == prompt_texts("mcm-5", OWN, NAMES)
    assert prompt_texts(None, Prompted(), NAMES) == prompt_texts("openai-80", OWN, NAMES)


def test_dataset_asks_for_the_own_templates():
    assert prompt_texts("dataset", OWN, ["a"]) == (("a scan of a.",),)
    with pytest.raises(SetupError, match="no templates of its own"):
        prompt_texts("dataset", Prompted(), NAMES)


def test_a_file_of_templates(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("# mine\na {c}.\n\nthe {c}\n")
    assert prompt_texts(str(path), OWN, ["ox"]) == (("a ox.", "the ox"),)


@pytest.mark.parametrize(
    ("content", "message"), [("a {c}\na photo\n", r"mine.txt:2: no class name"), ("# none\n", "no templates")]
)
def test_a_bad_file_of_templates(tmp_path, content, message):
    path = tmp_path / "mine.txt"
    path.write_text(content)
    with pytest.raises(SetupError, match=message):
        prompt_texts(str(path), OWN, NAMES)


def test_a_missing_file_and_an_unknown_name_are_errors(tmp_path):
    with pytest.raises(SetupError, match="cannot be read"):
        prompt_texts(str(tmp_path / "none.txt"), OWN, NAMES)
    with pytest.raises(SetupError, match="did you mean 'openai-80'"):
        prompt_texts("openai80", OWN, NAMES)


def test_the_unpublished_set_of_30_is_not_invented():
    assert not [name for name in known_prompts() if "30" in name]
    with pytest.raises(SetupError, match="unknown prompt set 'holistic-30'"):
        prompt_texts("holistic-30", OWN, NAMES)


def test_every_known_set_resolves(cupl):
    assert {
        "1", "mcm-5", "openai-7", "openai-80", "dataset", "cupl", "cupl+openai-80",
    } == known_prompts()  # fmt: skip
    for name in known_prompts():
        assert all("tench" in text for text in prompt_texts(name, OWN, ["tench"])[0])


# --- sentences -----------------------------------------------------------------------------------


def test_protocols_1_cupl_has_sentences_for_998_names_and_1000_classes(cupl):
    assert len(json.loads(cupl.read_text())["imagenet1k"]) == 998
    texts = prompt_texts("cupl", OWN, imagenet_class_names())
    assert len(texts) == 1000
    assert len(set(texts)) == 998
    assert texts[0] == ("tench is here.", "There is tench.")
    assert texts[657] == texts[744]


def test_protocols_1_both_is_the_sentences_and_then_the_templates(cupl):
    both = prompt_texts("cupl+openai-80", OWN, NAMES)
    assert [len(row) for row in both] == [82, 82]
    assert both[1][:2] == prompt_texts("cupl", OWN, NAMES)[1]
    assert both[1][2:] == prompt_texts("openai-80", OWN, NAMES)[1]


def test_cupl_names_the_classes_that_it_does_not_have(cupl):
    with pytest.raises(SetupError, match=r"for 1 of 2 class names: sea lino") as caught:
        prompt_texts("cupl", OWN, ["tench", "sea lino"])
    assert "did you mean 'sea lion'" in str(caught.value)


def test_cupl_without_the_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SetupError, match="pip install clip-benchmark"):
        prompt_texts("cupl", OWN, NAMES)


def test_cupl_of_another_form_is_an_error(cupl):
    cupl.write_text('{"cifar10": {"cat": ["A cat."]}}')
    with pytest.raises(SetupError, match="no sentences for imagenet1k"):
        prompt_texts("cupl", OWN, NAMES)


def test_a_file_of_sentences(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"cat": ["A cat purrs.", "Cats sleep."], "dog": ["A dog barks."], "ox": ["An ox."]}))
    assert prompt_texts(str(path), OWN, ["dog", "cat"]) == (("A dog barks.",), ("A cat purrs.", "Cats sleep."))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "no class names"),
        ("{}", "no class names"),
        ('{"tench": "A fish."}', "'tench' has no list of sentences"),
        ('{"tench": []}', "'tench' has no list of sentences"),
        ('{"tench": [" "]}', "'tench' has no list of sentences"),
        ('{"tench": ["A fish."], "sealion": ["An animal."]}', "no sentences for 1 of 2 class names: sea lion"),
    ],
)
def test_a_bad_file_of_sentences(tmp_path, content, message):
    path = tmp_path / "mine.json"
    path.write_text(content)
    with pytest.raises(SetupError, match=message):
        prompt_texts(str(path), OWN, NAMES)


def test_missing_sentences_are_counted_and_the_first_ten_shown(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"class 3x": ["Sentence."]}')
    with pytest.raises(SetupError, match=r"for 12 of 12 class names: class 0, .*class 9 and 2 more"):
        prompt_texts(str(path), OWN, [f"class {index}" for index in range(12)])


def test_marks_around_templates_and_names_do_not_count(tmp_path):
    (tmp_path / "t.txt").write_bytes(b"\xef\xbb\xbf\xef\xbb\xbf a photo of {c}. \r\n\xef\xbb\xbf# left out\n")
    assert prompt_texts(str(tmp_path / "t.txt"), OWN, ("cat",)) == (("a photo of cat.",),)
    (tmp_path / "s.json").write_text('{" \ufeffcat ": ["a cat"]}')
    assert prompt_texts(str(tmp_path / "s.json"), OWN, ("cat",)) == (("a cat",),)


def test_a_line_separator_inside_a_template_is_kept(tmp_path):
    (tmp_path / "t.txt").write_text("a {c}\u2028in snow\n", encoding="utf-8")
    assert prompt_texts(str(tmp_path / "t.txt"), OWN, ("cat",)) == (("a cat\u2028in snow",),)


def test_a_class_name_that_occurs_twice_is_an_error(tmp_path):
    (tmp_path / "s.json").write_text('{"cat": ["a cat"], "cat ": ["another"]}')
    with pytest.raises(SetupError, match="the key 'cat' occurs twice"):
        prompt_texts(str(tmp_path / "s.json"), OWN, ("cat",))


@pytest.mark.parametrize("name", ["t.txt", "s.json"])
def test_a_pipe_in_the_place_of_a_file_does_not_hang(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(SetupError, match="it is a named pipe"):
        prompt_texts(str(tmp_path / name), OWN, ("cat",))
