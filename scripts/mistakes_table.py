"""Write docs/mistakes.md: what is said about common mistakes in a suite, and which of them an editor marks.

    python scripts/mistakes_table.py            # says whether the page is stale
    python scripts/mistakes_table.py --write    # writes it

The mistakes are edits of one suite, in tests/spec/mistakes.yaml.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import jsonschema
import yaml

from robustcheck.errors import SpecError
from robustcheck.files.texts import lines_of
from robustcheck.files.yaml_nodes import UnreadableError, parse_yaml
from robustcheck.files.yaml_scalars import CoreLoader
from robustcheck.run.known_names import known_names
from robustcheck.spec import json_schema, load_suite

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "spec" / "mistakes.yaml"
PAGE = ROOT / "docs" / "mistakes.md"
FILE = "my.robust.yaml"
_HEAD = """\
# Common mistakes

Each line is a mistake in the suite below, with what `robustcheck validate` and `pytest` say of it: the place, what
is wrong, and what was meant. *Editor* tells whether an editor with the schema marks it too: `schema` by the JSON
Schema, `yaml` because the text is not YAML.

This page is generated from `tests/spec/mistakes.yaml`: `python scripts/mistakes_table.py --write`.

```yaml
{suite}```

{count} mistakes; `validate` finds all of them, the schema {by_schema}, and {by_yaml} are not YAML for any editor.

| mistake | place | message | suggestion | editor |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Row:
    """A mistake, the first of the problems that are reported of it, and who marks it in an editor."""

    name: str
    place: str
    message: str
    suggestion: str
    editor: str
    errors: int = 1


def edited(suite: str, mistake: dict[str, str]) -> str:
    """Return the suite with a mistake in it; ``last`` is where the text ends."""
    assert mistake["from"] in suite, mistake["name"]
    text = suite.replace(mistake["from"], mistake["to"], 1)
    return text[: text.index(mistake["last"]) + len(mistake["last"])] if "last" in mistake else text


def rows(directory: Path) -> Iterator[Row]:
    """Make every mistake in ``directory``, which must be the working directory, and yield what is said of it."""
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    names = known_names(directory)
    schema = jsonschema.Draft202012Validator(json_schema(names))
    for mistake in cases["mistakes"]:
        path = directory / FILE
        path.write_text(edited(cases["suite"], mistake), encoding="utf-8")
        try:
            load_suite(path, names)
        except SpecError as error:
            problem = error.problems[0]
            place = f"{problem.position.line}:{problem.position.column}"
            last = problem.text.splitlines()[-1].strip()
            editor = marked_by(path.read_text(encoding="utf-8"), schema)
            cells = mistake["name"], place, problem.summary, last.removeprefix("expected: "), editor
            yield Row(*cells, len(error.problems))


def marked_by(text: str, schema: jsonschema.Draft202012Validator) -> str:
    """Say what marks a text in an editor: ``yaml``, ``schema`` or nothing."""
    try:
        data = yaml.load(text, Loader=CoreLoader)
    except (yaml.YAMLError, ValueError):
        return "yaml"
    if _has_twins(text):
        return "yaml"
    return "" if schema.is_valid(data) else "schema"


def _has_twins(text: str) -> bool:
    """Tell whether a mapping has a key twice, which YAML forbids and PyYAML lets through."""
    try:
        parsed = parse_yaml(text, lines_of(text))
    except UnreadableError:
        return False
    return parsed is not None and any(one.summary.startswith("duplicate key") for one in parsed.mistakes)


def page(found: list[Row]) -> str:
    """Return the page as Markdown."""
    suite = yaml.safe_load(CASES.read_text(encoding="utf-8"))["suite"]
    counts = {kind: sum(row.editor == kind for row in found) for kind in ("schema", "yaml")}
    head = _HEAD.format(suite=suite, count=len(found), by_schema=counts["schema"], by_yaml=counts["yaml"])
    return head + "".join(f"| {' | '.join(map(_cell, astuple(row)[:-1]))} |\n" for row in found)


def _cell(text: str) -> str:
    short = text if len(text) <= 120 else f"{text[:117]}..."
    return short.replace("|", "\\|").replace("<", "&lt;").replace("$", "&#36;")


def main() -> int:
    """Write the page, or say that it is stale."""
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        text = page(list(rows(Path(place))))
        os.chdir(ROOT)
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != text:
        print("stale: mistakes.md")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
