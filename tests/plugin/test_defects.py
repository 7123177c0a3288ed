"""A set that is read in part, or twice, is never a plain pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from dataset_makers import make_imagefolder
from plugin_makers import run, write
from run_makers import make_result, make_run, scored

from robustcheck.plugin.terminal_summary import print_summary
from robustcheck.run.closing import Finished
from robustcheck.values import DEFECTS, PAIRING_REMARK, Verdict

SUITE = """\
robustcheck: 1
title: A directory
models: [fake:zero-shot]
checks:
  - id: all
    measure: {metric: top1, dataset: ./birds, prompts: '1'}
    expect: {at_least: 0.1%}
"""


@pytest.fixture
def birds(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    write(pytester, "a.robust.yaml", SUITE)
    return make_imagefolder(pytester.path / "birds", [f"{name}/{n}.png" for name in ("owl", "wren") for n in range(20)])


def outcome(pytester: pytest.Pytester) -> str:
    return run(pytester, "a.robust.yaml", "-v").stdout.str()


def test_a_whole_set_passes(pytester: pytest.Pytester, birds: Path) -> None:
    text = outcome(pytester)
    assert "not all of a set" not in text
    assert "1 passed" in text


def test_half_the_images_in_another_format_are_an_error(pytester: pytest.Pytester, birds: Path) -> None:
    for path in sorted(birds.glob("wren/*.png")):
        path.rename(path.with_suffix(".avif"))
    assert "20 of 40 images are in formats that are not read" in outcome(pytester)


def test_half_downloaded_images_are_said_in_the_verdict(pytester: pytest.Pytester, birds: Path) -> None:
    for path in sorted(birds.glob("wren/*.png"))[:10]:
        path.rename(path.with_suffix(".png.part"))
    text = outcome(pytester)
    assert "1 warned" in text
    assert "not all of a set: birds: 10 files beside the 30 images are not read" in text
    (record,) = pytester.path.glob("reports/*/run.json")
    assert "10 files beside the 30 images are not read" in record.read_text()


def test_a_remark_on_outputs_is_not_called_a_part_of_a_set() -> None:
    score = replace(scored(150, "k"), provenance=((DEFECTS, "birds: 10 files"), (PAIRING_REMARK, "m: in order")))
    result = make_result(score=score, verdict=Verdict("warn", "a reason", value=0.75))
    lines: list[str] = []
    terminal = SimpleNamespace(
        section=lambda *words, **look: None, line=lambda text, **look: lines.append(text), getreports=lambda kind: []
    )
    finished = Finished(make_run(result), None, (), (), (), ())
    print_summary(terminal, SimpleNamespace(finished=finished, unmatched=[]), ())  # type: ignore[arg-type]
    assert "not all of a set: birds: 10 files" in lines
    assert "outputs and classes: m: in order" in lines
