"""--robust-home at a URL: one home for the machines of a team, and every command finds it by the same option."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from buckets import BUCKET, FORBIDDEN, Bucket, serving
from colour_data import write_colours
from command import Robustcheck
from plugin_makers import resolved, run, write

from robustcheck.report import load_run
from robustcheck.store import open_storage

SUITE = """\
robustcheck: 1
title: A suite
models: ["fake:zero-shot@a"]
checks:
  - id: level
    measure: {metric: top1, dataset: ./colours}
    expect: {at_least: 10%}
"""
HELD = f"""{SUITE}
  - id: held
    measure: {{metric: top1, dataset: ./colours}}
    expect: {{no_worse_than: {{baseline: main, allowed_drop: 2pp}}}}
"""


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with serving() as served:
        yield served


def test_everything_of_a_home_lies_below_its_url(pytester: pytest.Pytester) -> None:
    settings = resolved(pytester, "--robust-home", "s3://bucket/home", "--robust-crop-cache", "1GB")
    assert resolved(pytester, robust_home="s3://bucket/home").home == settings.home
    assert (settings.home, settings.measure.store) == ("s3://bucket/home", "s3://bucket/home/store")
    assert (settings.baselines, settings.samples) == ("s3://bucket/home/baselines", "s3://bucket/home/samples")
    assert settings.series_files == "s3://bucket/home/series"
    crops = settings.measure.crops
    assert crops is not None
    assert isinstance(crops.directory, Path), "crops are mapped into memory, so they stay on this machine"


def test_a_gate_whose_home_is_a_bucket(
    pytester: pytest.Pytester, bucket: Bucket, robustcheck: Robustcheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pytester.path)
    home = bucket.new_url()
    write_colours(pytester.path / "colours", 40)
    write(pytester, "a.robust.yaml", SUITE)
    said = robustcheck("series", "nightly", "--start", "--home", home)
    assert said.code == 0, said.err
    words = ("--robust-home", home, "--robust-series", "nightly:open")
    run(pytester, *words).assert_outcomes(passed=1)
    (first,) = (pytester.path / "reports").iterdir()
    blessed = robustcheck("bless", str(first), "--as", "main", "--home", home)
    assert blessed.out == f"baseline main: {home}/baselines/main\n"
    write(pytester, "a.robust.yaml", HELD)
    run(pytester, *words, "-n", "2").assert_outcomes(passed=2)
    (second,) = set((pytester.path / "reports").iterdir()) - {first}
    assert {result.check_id for result in load_run(second).results} == {"level", "held"}
    assert not (pytester.path / ".robustcheck").exists()
    assert "1 the same" in robustcheck("compare", "main", str(second), "--robust-home", home).out
    assert "2 looks taken" in robustcheck("series", "--home", home).out
    assert robustcheck("comment", "main", "--home", home).code == 0
    assert robustcheck("export-results", "main", "out.csv", "--home", home).code == 0
    assert "outputs" in robustcheck("store", "--home", home).out
    planned = robustcheck("plan", "a.robust.yaml", "--home", home, "--json")
    assert [one["passes"] for one in json.loads(planned.out)] == [[], []], "all of it was found in the store"
    assert robustcheck("measure", "fake:zero-shot@a", "./colours", "top1", "--home", home).code == 0
    assert not (pytester.path / ".robustcheck").exists(), "no command kept anything elsewhere"


def test_a_home_that_is_not_there_ends_the_run_before_it_begins(pytester: pytest.Pytester, bucket: Bucket) -> None:
    write(pytester, "a.robust.yaml", SUITE)
    done = run(pytester, "--robust-home", f"s3://{secrets.token_hex(8)}/home", "--robust-store", "store")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*the home cannot be * (FileNotFoundError: *", "*see that the bucket exists*"])


def test_a_home_that_may_not_be_read_ends_the_run_before_it_begins(pytester: pytest.Pytester, bucket: Bucket) -> None:
    write(pytester, "a.robust.yaml", HELD)
    done = run(pytester, "--robust-home", f"s3://{BUCKET}/{FORBIDDEN}/home", "--robust-store", "store")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*the home cannot be * (PermissionError: *"])


def test_a_store_alone_is_found_in_memory(robustcheck: Robustcheck) -> None:
    place = f"memory://{secrets.token_hex(8)}"
    open_storage(f"{place}/store").write("v1/heads/ab/abab/whole.array", [b"x"])
    assert robustcheck("store", "--home", place).out.splitlines()[-1].startswith("1 parts")
