"""robustcheck init: a first suite for what is at hand, and the files beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from robustcheck.cli.said import say
from robustcheck.disk import write_atomically
from robustcheck.listing import name_first
from robustcheck.run.known_names import known_names
from robustcheck.run.settings import home_of
from robustcheck.spec import json_schema
from robustcheck.starter import (
    SCHEMA_FILE,
    AtHand,
    Service,
    class_list,
    copy_suites,
    find_first_subject,
    ignore_text,
    starter_files,
)

_SUITES = Path("suites")


def init(
    names: Annotated[
        list[str] | None, typer.Argument(help="With --example: which shipped suites; default: all.")
    ] = None,
    example: Annotated[bool, typer.Option("--example", help="Copy the shipped suites instead.")] = False,
    model: Annotated[
        str | None, typer.Option("--model", help="Your model: a checkpoint file, a directory, any reference.")
    ] = None,
    arch: Annotated[str | None, typer.Option("--arch", help="The open_clip architecture of a checkpoint file.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Your images, or a directory of CLIP_benchmark webdatasets.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option("--classes", help="Class names, one a line, for images in numbered folders.")
    ] = None,
    ci: Annotated[Service, typer.Option("--ci", help="The service to write a workflow for.")] = "github",
) -> None:
    """Start here: write a first suite for the model and images at hand, and what belongs beside it.

    Files that are there already are left as they are.
    """
    here = Path.cwd()
    texts = _examples(names or []) if example else _own(AtHand(model, arch, data, classes), ci, here)
    given = [f"--{name}" for name, value in (("model", model), ("data", data), ("classes", classes)) if value]
    for line in _written(texts, here, given):
        say(line)
    say("\nnext: " + ("pytest suites/quickstart.robust.yaml" if example else "pytest"))


def _own(at_hand: AtHand, ci: Service, here: Path) -> dict[str, str]:
    listed = class_list(at_hand)
    if listed is not None:
        write_atomically(listed[0], listed[1].encode())
    subject, roots = find_first_subject(at_hand, here / _SUITES, home_of(here) / "store" / "indexes")
    return starter_files(subject, roots, ci) | _schema()


def _examples(names: list[str]) -> dict[str, str]:
    return {f"{_SUITES}/{path}": text for path, text in copy_suites(names, SCHEMA_FILE).items()} | _schema()


def _schema() -> dict[str, str]:
    return {f"{_SUITES}/{SCHEMA_FILE}": json.dumps(json_schema(known_names(Path.cwd())), indent=1) + "\n"}


def _written(texts: Mapping[str, str], here: Path, given: Sequence[str]) -> Iterator[str]:
    """Write what is not there, and say of each file what became of it, and what of the given was left unused."""
    about_data = [name for name in texts if name.endswith((".robust.yaml", "datasets.local.yaml"))]
    unlike = [name for name in about_data if _differs(here / name, texts[name])]
    for name, text in texts.items():
        path = here / name
        if path.exists():
            yield f"kept     {name}, which is there already"
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())
        yield f"written  {name}"
    ignored = here / ".gitignore"
    text = ignore_text(ignored)
    if not ignored.is_file() or ignored.read_text(encoding="utf-8") != text:
        write_atomically(ignored, text.encode())
        yield "written  .gitignore"
    if given and unlike:
        yield f"\nunused:  what {' and '.join(given)} would change in {name_first(unlike)}, which are kept."
        yield "         Move them away and run this again, or write it into them by hand."


def _differs(path: Path, text: str) -> bool:
    return path.exists() and (not path.is_file() or path.read_bytes() != text.encode())
