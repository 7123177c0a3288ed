"""The command that makes a population of runs, and where explain looks for the subsets of a family."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from population_makers import POSE, runs_of
from run_makers import make_run

from robustcheck.cli import main
from robustcheck.cli.explain_command import place_of_dataset
from robustcheck.populations import load_population
from robustcheck.report import write_report


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    monkeypatch.setattr(sys, "argv", ["robustcheck", "population", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def test_the_command_writes_what_on_trend_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_report(runs_of(6), tmp_path / "one")
    write_report(runs_of(3), tmp_path / "two")
    out = tmp_path / "mine.csv"
    assert run(monkeypatch, str(tmp_path / "one"), str(tmp_path / "two"), "--out", str(out)) in (0, None)
    assert capsys.readouterr().out == f"{out}: 18 figures of 6 models\n"
    assert load_population(str(out)).has(POSE)


def test_mistakes_of_the_command_are_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_report(make_run(), tmp_path / "empty")
    write_report(runs_of(1), tmp_path / "one")
    for words, said in (
        ((str(tmp_path / "none"), "--out", "x.csv"), "no run record can be read here"),
        ((str(tmp_path / "empty"), "--out", "x.csv"), "no figures in these runs"),
        ((str(tmp_path / "one"), "--out", str(tmp_path / "empty/run.json/x.csv")), "cannot write the file: "),
    ):
        assert run(monkeypatch, *words) == 2
        assert said in capsys.readouterr().err


def test_a_subset_lies_in_its_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "imagenet-c" / "fog" / "3").mkdir(parents=True)
    assert place_of_dataset("imagenet-c/fog/3", [tmp_path / "data"]) == str(
        tmp_path / "data" / "imagenet-c" / "fog" / "3"
    )
    assert place_of_dataset("imagenet-c", [tmp_path / "data"]) == str(tmp_path / "data" / "imagenet-c")
    assert place_of_dataset("imagenet-c/fog/4", [tmp_path / "data"]) is None
    assert place_of_dataset("imagenet-c/fog/3", []) is None
    assert place_of_dataset("my/images", []) == "my/images"
