"""Trigger logs of CLIP-Auto as prompts: token ids that a search tried, a line a step (PROTOCOLS section 12).

A line is ``ID ID ID ID`` in CLIP's vocabulary, as published; a trigger that stayed for many steps stands on many lines.
``+trigger-search`` writes ``ID ID ID ID  # TEXT``, whose text holds for a tokenizer of any kind. Each distinct trigger
is a prompt before the class's name, the most frequent first, those of one count in the order of their first lines.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from robustcheck.errors import SetupError
from robustcheck.files.numbers import whole_number
from robustcheck.files.texts import lines_of, read_text, stripped
from robustcheck.printing import one_line
from robustcheck.prompts.clip_tokens import decode_tokens, encode_text
from robustcheck.prompts.prompt_files import SLOT

# The search of the paper began here; its code counts the start once, before the lines of the log.
_START = "a photo of a"
_NAMED = re.compile(r"(?P<path>.*\.log)(?::(?P<top>[1-9][0-9]*))?", re.DOTALL)
_EXPECTED = "token ids, such as 320 1125 539 320, or with their text: 320 1125 539 320  # a photo of a"


def is_trigger_log(name: str) -> bool:
    """Tell whether a prompt set is a trigger log, or the first of its prompts: ``FILE.log``, ``FILE.log:49``."""
    return _NAMED.fullmatch(name) is not None


def read_trigger_log(name: str) -> tuple[str, ...]:
    """Return the templates of a log; raise SetupError for a line in another form, and for ids that no text has.

    A prompt is a text. Where the tokens of the text of some ids are not these ids, no prompt can have them.
    """
    found = _NAMED.fullmatch(name)
    assert found is not None, "the caller looked"
    path = Path(found["path"])
    lines = lines_of(read_text(path, SetupError, expected="a UTF-8 text file, one trigger a line", what="the triggers"))
    numbered = [(number, stripped(line)) for number, line in enumerate(lines, 1) if stripped(line)]
    if not numbered:
        raise SetupError("no triggers", where=str(path), expected=_EXPECTED)
    known: dict[str, str] = {}
    counts = Counter([] if any("#" in line for _, line in numbered) else [_START])
    for number, line in numbered:
        if line not in known:
            known[line] = _text(line, f"{path}:{number}")
        counts[known[line]] += 1
    ranked = [text for text, _ in counts.most_common()]
    return tuple(f"{text} {SLOT}" for text in ranked[: int(found["top"] or len(ranked))])


def _text(line: str, where: str) -> str:
    ids, mark, text = (part.strip() for part in line.partition("#"))
    words = ids.split()
    numbers = [number for word in words if (number := whole_number(word)) is not None and number >= 0]
    if not words or len(numbers) < len(words) or (mark and not text) or SLOT in text:
        raise SetupError(f"no trigger in {one_line(line)!r}", where=where, expected=_EXPECTED)
    if mark:
        return text
    found = decode_tokens(numbers, where)
    if encode_text(found) != numbers:
        raise SetupError(
            f"the tokens {ids} are not a text: they read {found!r}, which has other tokens",
            where=where,
            expected="ids that a tokenizer gives",
            fix="leave the line out",
        )
    return found
