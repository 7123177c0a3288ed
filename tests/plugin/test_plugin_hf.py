"""Models of transformers in a run of pytest: named on the command line, judged, exported."""

from __future__ import annotations

import pytest
from colour_data import write_colours
from hf_makers import make_family
from plugin_makers import run, write

pytest.importorskip("torch")
pytest.importorskip("transformers")

SUITE = """\
robustcheck: 1
title: Colours
models: clip
checks:
  - id: colours
    measure: {metric: top1, dataset: ./colours}
    expect: {at_least: 1%}
  - id: only-cnn
    applies_to: {architecture: cnn}
    measure: {metric: top1, dataset: ./colours}
    expect: {at_least: 1%}
"""


def test_a_directory_of_transformers_is_judged_by_suites(pytester: pytest.Pytester) -> None:
    write_colours(pytester.path / "colours", 30)
    write(pytester, "colours.robust.yaml", SUITE)
    for name in ("clip", "siglip"):
        make_family(name, pytester.path / f"tiny-{name}")
    result = run(
        pytester, "-v", "--models", "hf:tiny-*", "--robust-device", "cpu", "--robust-store", "store", live=True
    )
    result.assert_outcomes(passed=2)
    assert "2 not meant for these models" in result.stdout.str()
    assert "hf@tiny-siglip" in result.stdout.str()
