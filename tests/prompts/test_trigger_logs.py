"""Trigger logs as prompts: CLIP's tokens against open_clip's tokenizer, counts as the published code takes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import open_clip
import pytest

from robustcheck.errors import SetupError
from robustcheck.prompts import prompt_texts
from robustcheck.prompts.clip_tokens import decode_tokens, encode_text
from robustcheck.prompts.trigger_logs import is_trigger_log, read_trigger_log

# Lines of two published logs, and what they read.
PUBLISHED = {
    "320 1125 539 320": "a photo of a",
    "1848 18212 653 912": "awesome hobingled",
    "1848 2165 772 34373": "awesome lovely cafiable",
    "19397 40163 29688 1916": "contributed \U0001f62e==> favorite",
    "16508 1848 26225 320": "potentially awesome !). a",
    "3638 1237 268 5603": "large two - covered",
}


@pytest.mark.parametrize("line", PUBLISHED)
def test_published_triggers_are_texts_that_survive_the_tokenizer(line: str) -> None:
    ids = [int(word) for word in line.split()]
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    assert decode_tokens(ids) == PUBLISHED[line] == tokenizer.decode(ids).strip()
    assert encode_text(PUBLISHED[line]) == ids == tokenizer.encode(PUBLISHED[line])


@pytest.mark.parametrize(
    "text",
    [
        "Hello World!",
        "don't stop, it's 3.14",
        "na\u00efve caf\u00e9",
        "  two   spaces &amp; more ",
        "\u732b \u0434\u0430",
        "",
    ],
)
def test_texts_have_the_tokens_of_open_clip(text: str) -> None:
    assert encode_text(text) == open_clip.get_tokenizer("ViT-B-32").encode(text)


def test_the_most_frequent_come_first_and_the_start_counts_once(tmp_path: Path) -> None:
    """What the published code makes of a log: a count of each line, with the start in it before all others."""
    path = tmp_path / "found.log"
    lines = ["1848 2165 772 34373", "1848 18212 653 912", "1848 18212 653 912", "3638 1237 268 5603"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ranked = ["awesome hobingled {c}", "a photo of a {c}", "awesome lovely cafiable {c}", "large two - covered {c}"]
    assert list(read_trigger_log(str(path))) == ranked
    assert list(read_trigger_log(f"{path}:2")) == ranked[:2]
    assert prompt_texts(f"{path}:1", None, ["tench", "eel"]) == (
        ("awesome hobingled tench",),
        ("awesome hobingled eel",),
    )  # type: ignore[arg-type]


def test_a_line_with_its_text_holds_for_any_tokenizer(tmp_path: Path) -> None:
    path = tmp_path / "zoo.log"
    path.write_text("8 73 66 8  # a photo of a\n116 73 66 8  # zero photo of a\n116 73 66 8  # zero photo of a\n")
    assert read_trigger_log(str(path)) == ("zero photo of a {c}", "a photo of a {c}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no triggers"),
        ("320 1125\nphoto of\n", ":2: no trigger in 'photo of'"),
        ("320 1125 #\n", "no trigger in '320 1125 #'"),
        ("49406 320\n", "bad.log:1: no token 49406"),
        ("9" * 5000, "no trigger in '9999"),
        ("\u0663\u0662\u0660 1125\n", "no trigger in"),
        ("320 1125 539 320 nan\n", "no trigger in '320 1125 539 320 nan'"),
        ("8 73  # a {c} of\n", "no trigger in '8 73  # a {c} of'"),
        # "cat" within a word, then "s" at its end: the tokenizer has one token for it.
        ("2368 338 320 0\n", "are not a text"),
    ],
)
def test_what_is_no_log_is_refused(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.log"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SetupError) as raised:
        read_trigger_log(str(path))
    assert words in str(raised.value)


def test_names_of_logs() -> None:
    assert [name for name in ("a.log", "b/a.log:49", "a.log:0", "a.log:", "a.txt", "log") if is_trigger_log(name)] == [
        *("a.log", "b/a.log:49"),
    ]


def test_reading_a_log_needs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("320 1125 539 320\n")
    code = (
        "import sys; from robustcheck.prompts.trigger_logs import read_trigger_log; read_trigger_log(sys.argv[1]);"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.log")], check=False)
    assert done.returncode == 0
