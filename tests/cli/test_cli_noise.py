"""robustcheck noise from outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from colour_data import write_colours
from command import Robustcheck, refused

from robustcheck.run.noise_floor import Circumstances, Measurement
from robustcheck.run.noise_floor import measure_under as really

FAKE = "fake:zero-shot@a"
QUICK = ("--dataset", "./colours", "--device", "cpu", "--threads", "1", "--precision", "fp32", "--batch", "7")


@pytest.fixture
def colours(robustcheck: Robustcheck) -> None:
    write_colours(Path("colours"), 30)


@pytest.mark.usefixtures("colours")
def test_a_table_and_the_same_as_json(robustcheck: Robustcheck) -> None:
    said = robustcheck("noise", FAKE, *QUICK)
    assert said.code == 0, said.err
    assert "fp32, batch 7, 1 thread, cpu" in said.out
    assert "0 of 30 (0.00%)" in said.out
    [row] = robustcheck("noise", FAKE, *QUICK, "--json").json
    assert row["under"] == {"precision": "fp32", "batch_size": 7, "threads": 1, "device": "cpu"}
    assert row["moved"] == {"n": 30, "changed": 0, "logit": 0.0, "value": 0.0, "share": 0.0}
    assert row["is_sound"]


@pytest.mark.usefixtures("colours")
def test_a_moved_decision_ends_with_1(robustcheck: Robustcheck, monkeypatch: pytest.MonkeyPatch) -> None:
    def shaken(cell: object, settings: object, under: Circumstances) -> Measurement:
        found = really(cell, settings, under)  # type: ignore[arg-type]
        if under.batch_size == 7:
            found.logits.values[0] = found.logits.values[0, ::-1].copy()
            found.logits.values[0, 1] -= 5
        return found

    monkeypatch.setattr("robustcheck.run.noise_floor.measure_under", shaken)
    said = robustcheck("noise", FAKE, *QUICK)
    assert said.code == 1
    assert "1 of 30 (3.33%)" in said.out
    assert "moved a top-1 decision" in said.err


@pytest.mark.usefixtures("colours")
def test_the_table_of_a_page_is_renewed(robustcheck: Robustcheck) -> None:
    begin, end = "<!-- noise:begin -->", "<!-- noise:end -->"
    Path("page.md").write_text(f"# Before\n{begin}\nold\n{end}\nafter\n")
    assert robustcheck("noise", FAKE, *QUICK, "--write", "page.md").code == 0
    text = Path("page.md").read_text()
    assert text.startswith(f"# Before\n{begin}\n| model")
    assert text.endswith(f"|\n{end}\nafter\n")
    refused(robustcheck("noise", FAKE, *QUICK, "--write", "other.md"), "no place for the noise table", begin)


@pytest.mark.usefixtures("colours")
def test_mistakes_are_said(robustcheck: Robustcheck) -> None:
    refused(robustcheck("noise", FAKE, "--dataset", "./colours", "--precision", "fp8"), "unknown precision 'fp8'")
    refused(robustcheck("noise", FAKE, "--dataset", "imagenet-v2", "--device", "cpu"), "imagenet-v2")
