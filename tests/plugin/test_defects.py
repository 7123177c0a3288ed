"""A set that is read in part, or twice, is never a plain pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from dataset_makers import make_imagefolder
from plugin_makers import run, write

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
