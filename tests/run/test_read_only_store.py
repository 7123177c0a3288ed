"""A store that is read-only is judged from: nothing is measured, nothing is written, and what lacks is said."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from buckets import Bucket, serving
from colour_data import write_colours

from robustcheck.errors import SetupError
from robustcheck.history.kept_samples import samples_name
from robustcheck.measure import MeasureSettings
from robustcheck.run.job_file import JobHeader
from robustcheck.run.notices import notices_of
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.run.work import do_lines
from robustcheck.run.writable import refuse_unwritable
from robustcheck.store import open_storage
from robustcheck.values import Result

SUITE = """\
robustcheck: 1
title: Colours
models: ["fake:zero-shot@a"]
checks:
  - id: good
    measure: {metric: top1, dataset: ./colours}
    expect: {at_least: 5%}
"""


def fresh(directory: Path) -> RobustSession:
    settings = RunSettings(MeasureSettings(directory / "store"), directory / "baselines", directory / "reports")
    return RobustSession(settings, date(2026, 11, 22))


def judged(session: RobustSession, directory: Path) -> Result:
    [item] = session.plan(session.load(directory / "a.robust.yaml")).items
    return session.judge(session.gather(item), "an-id", 0.0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that was measured once."""
    write_colours(tmp_path / "colours", 40, noise=150)
    (tmp_path / "a.robust.yaml").write_text(SUITE)
    judged(fresh(tmp_path), tmp_path)
    return tmp_path


def lock_up(store: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Path, bytes]:
    """Have the system say that a store cannot be written, as a superuser may write everywhere; return what it holds."""
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path).is_relative_to(store) and may(path, mode))
    return held(store)


def held(store: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}


@pytest.mark.parametrize("lost", [(), ("v1/scores", "v1/summaries", "v1/drawings", "samples")], ids=["all", "outputs"])
def test_it_is_judged_from_and_left_as_it_is(project: Path, monkeypatch: pytest.MonkeyPatch, lost: tuple[str]) -> None:
    first = judged(fresh(project), project).verdict
    for part in lost:
        shutil.rmtree(project / "store" / part)
    before, session = lock_up(project / "store", monkeypatch), fresh(project)
    refuse_unwritable(session.settings, {})
    result = judged(session, project)
    assert result.verdict == first
    assert held(project / "store") == before
    assert [notice.about for notice in notices_of(session, [result], [])][-1] == "store"


def test_what_would_have_to_be_measured_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("outputs", "scores", "summaries"):
        shutil.rmtree(project / "store" / "v1" / part)
    before = lock_up(project / "store", monkeypatch)
    with pytest.raises(SetupError) as caught:
        judged(fresh(project), project)
    assert "has not been measured (its outputs are not here), and the store is read-only" in str(caught.value)
    assert held(project / "store") == before


def test_damaged_samples_are_made_again_without_being_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damage_samples(project)
    shutil.rmtree(project / "store" / "v1" / "drawings")
    before = lock_up(project / "store", monkeypatch)
    assert "worked out again" in judged(fresh(project), project).verdict.notes[-1]
    assert held(project / "store") == before


def test_damaged_samples_are_made_again_and_said(project: Path) -> None:
    damage_samples(project)
    shutil.rmtree(project / "store" / "v1" / "drawings")
    assert "worked out again" in judged(fresh(project), project).verdict.notes[-1]
    shutil.rmtree(project / "store" / "v1" / "drawings")
    assert judged(fresh(project), project).verdict.notes == ()


def test_no_job_is_done_on_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock_up(project / "store", monkeypatch)
    bench = fresh(project).book.bench
    with pytest.raises(SetupError, match="the store is read-only"):
        do_lines(bench, JobHeader(1, bench.settings, (), 0), ())


def test_a_store_that_is_not_there_must_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock_up(tmp_path, monkeypatch)
    settings = RunSettings(MeasureSettings(tmp_path / "store"), tmp_path, Path.cwd())
    with pytest.raises(SetupError, match=f"the store cannot be written: {tmp_path} is read-only"):
        refuse_unwritable(settings, {})


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with serving() as served:
        yield served


def test_a_bucket_that_can_only_be_read_is_judged_from_too(tmp_path: Path, bucket: Bucket) -> None:
    write_colours(tmp_path / "colours", 40, noise=150)
    (tmp_path / "a.robust.yaml").write_text(SUITE)
    home = bucket.new_url()
    settings = RunSettings(MeasureSettings(f"{home}/store"), f"{home}/baselines", tmp_path / "reports", home=home)

    def again() -> RobustSession:
        return RobustSession(settings, date(2026, 11, 22))

    first, storage = judged(again(), tmp_path).verdict, open_storage(home)
    for kept in list(storage.files()):
        if "/scores/" in kept.name or kept.name.startswith("samples/"):
            storage.remove(kept.name)
    before = list(storage.files())
    bucket.lock(home)
    refuse_unwritable(settings, {})
    session = again()
    result = judged(session, tmp_path)
    assert result.verdict == first
    assert list(storage.files()) == before
    assert [notice.about for notice in notices_of(session, [result], [])][-1] == "store"


def test_a_bucket_that_can_only_be_read_and_holds_nothing_is_refused(tmp_path: Path, bucket: Bucket) -> None:
    home = bucket.new_url()
    bucket.lock(home)
    settings = RunSettings(MeasureSettings(f"{home}/store"), f"{home}/baselines", tmp_path / "reports", home=home)
    with pytest.raises(SetupError, match=r"the store cannot be written: s3://.* is read-only and holds nothing"):
        refuse_unwritable(settings, {})


def damage_samples(project: Path) -> None:
    """Flip a bit in the middle of the per-image scores."""
    [key] = [path.stem for path in (project / "store" / "samples").iterdir()]
    path = project / "store" / "samples" / samples_name(key)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
