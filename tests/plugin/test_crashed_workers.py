"""Workers of xdist that die: their items are tried once more, and one model that kills leaves the others alone."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from colour_data import write_colours
from package_makers import Install
from plugin_makers import run_apart, write
from watched_models import WATCHED, seen_images

from robustcheck.plugin.crashed_workers import Crashes
from robustcheck.report import load_run

SUITE = """\
robustcheck: 1
title: Colours
models: ["watched:a@{watch}", "watched:b@{watch}"]
checks:
  - id: right
    measure: {{metric: top1, dataset: ./colours}}
    expect: {{at_least: 5%}}
  - id: calm
    measure: {{metric: ece, dataset: ./colours}}
    expect: {{at_most: 0.95}}
"""


@dataclass
class Scheduler:
    """Takes note of what is to be tried again, where it can do so."""

    can: bool = True
    again: list[str] = field(default_factory=list)

    def mark_test_pending(self, nodeid: str) -> None:
        if not self.can:
            raise NotImplementedError
        self.again.append(nodeid)


@dataclass
class Node:
    workerinput: dict[str, object] = field(default_factory=dict)


@pytest.fixture
def watch(pytester: pytest.Pytester, install: Install, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two watched models; return where they are watched."""
    watch = pytester.path / "watch"
    watch.mkdir()
    place = install("dying-models", WATCHED, "model_kinds")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(place), str(Path(__file__).parents[2])]))
    write_colours(pytester.path / "colours", 40)
    write(pytester, "a.robust.yaml", SUITE.format(watch=watch))
    return watch


def test_a_model_that_kills_its_workers_is_an_error_and_the_other_is_judged(
    pytester: pytest.Pytester, watch: Path
) -> None:
    (watch / "kill-a").touch()
    # From nothing: xdist gives its workers the path of modules that there was when it was imported.
    done = run_apart(pytester, "-n", "1")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    assert "1 retried" in done.outlines[-1]
    (report,) = (pytester.path / "reports").iterdir()
    found = load_run(report)
    assert {(result.check_id, result.model.id): result.verdict.status for result in found.results} == {
        ("right", "watched-a"): "error",
        ("calm", "watched-a"): "error",
        ("right", "watched-b"): "pass",
        ("calm", "watched-b"): "pass",
    }
    assert found.not_run == ()
    reasons = {result.verdict.reason for result in found.results if result.verdict.status == "error"}
    assert len(reasons) == 1
    assert "killed by the system, most likely because memory ran out" in reasons.pop()
    assert "--robust-batch 8" in done.stdout.str()
    # The worker that shared a pass, one that did not, and no third: b alone saw each image once.
    assert sum(seen_images(watch).values()) == 3 * 40


def test_an_item_is_tried_again_until_a_worker_dies_of_it_alone() -> None:
    crashes, scheduler, first, second = Crashes(), Scheduler(), Node(), Node()
    crashes.tell(first.workerinput)
    crashes.has_any = True
    assert crashes.tries_again("one", first, scheduler)
    crashes.tell(second.workerinput)
    assert not crashes.tries_again("one", second, scheduler)
    assert scheduler.again == ["one"]
    assert crashes.lost == ["one"]


def test_an_item_is_handed_out_three_times_at_most() -> None:
    crashes, scheduler = Crashes(), Scheduler()
    assert [crashes.tries_again("one", Node(), scheduler) for _ in range(3)] == [True, True, False]
    assert crashes.lost == [], "a worker that shared a pass may have died of something else"


def test_where_nothing_can_be_tried_again_an_item_is_an_error_at_once() -> None:
    crashes = Crashes()
    assert not crashes.tries_again("one", Node(), Scheduler(can=False))
