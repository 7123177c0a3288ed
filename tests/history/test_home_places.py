"""The home in a directory, in memory and in a bucket: the same baselines, series and noise, whoever writes at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from buckets import BUCKET, FORBIDDEN, Bucket, serving
from factories import MODEL, live_score
from run_makers import make_result, make_run

from robustcheck.errors import RecordError, SetupError
from robustcheck.history.baselines import bless, known_baselines, load_baseline, open_run
from robustcheck.history.kept_noise import NoiseFloor, keep_noise, load_noise
from robustcheck.history.kept_samples import kept_keys, read_samples, write_samples
from robustcheck.history.taken_looks import TakenLook, known_series, load_series, start_series, take_looks
from robustcheck.measure import MeasureSettings
from robustcheck.report import write_report
from robustcheck.run.settings import RunSettings
from robustcheck.run.writable import refuse_unwritable
from robustcheck.store import Place, alone, below, open_storage
from robustcheck.values import Quantity

V2 = Quantity("top1", "imagenet-v2")


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with serving() as served:
        yield served


@pytest.fixture(params=["directory", "memory", "s3"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "s3":
        return request.getfixturevalue("bucket").new_url()
    return f"memory://{secrets.token_hex(8)}/home" if request.param == "memory" else tmp_path / "home"


def blessed(home: Place, tmp_path: Path, right: int, name: str = "main") -> None:
    score = replace(live_score(np.arange(100) < right, V2), key=f"k{right}")
    assert score.samples is not None
    write_samples(below(home, "samples"), score.key, score.samples)
    report = tmp_path / f"run-{right}"
    write_report(make_run(make_result(model=MODEL, score=score), id=f"run-{right}"), report)
    bless(report, name, below(home, "baselines"), below(home, "samples"))


def test_a_baseline_is_blessed_replaced_and_read(home: Place, tmp_path: Path) -> None:
    baselines = below(home, "baselines")
    assert known_baselines(baselines) == ()
    for right in (80, 70, 60):
        blessed(home, tmp_path, right)
    found = load_baseline("main", baselines)
    score = found.score(MODEL, V2)
    assert (known_baselines(baselines), score.value) == (("main",), 0.6)
    assert found.samples(score).scores.sum() == 60
    origin, _ = found.origin(score)
    assert origin is not None
    assert (origin.value, found.samples(origin).scores.sum()) == (0.8, 80)
    # The middle one is named by nothing.
    assert kept_keys(below(baselines, "main/samples")) == {"k60", "k80"}
    assert len(found.stamp(score)) == 2
    assert open_run("main", tmp_path, baselines, below(home, "samples")).run == found.run
    with pytest.raises(RecordError, match=r"no baseline 'mian' \(known: main\)"):
        load_baseline("mian", baselines)


def test_a_baseline_takes_another_name_with_its_origin(home: Place, tmp_path: Path) -> None:
    baselines = below(home, "baselines")
    for right in (80, 70):
        blessed(home, tmp_path, right)
    bless(below(baselines, "main"), "release", baselines, below(home, "samples"))
    found = load_baseline("release", baselines)
    origin, _ = found.origin(found.score(MODEL, V2))
    assert origin is not None
    assert found.samples(origin).scores.sum() == 80


def test_samples_that_lost_a_bit_are_an_error_with_their_place(home: Place, tmp_path: Path) -> None:
    blessed(home, tmp_path, 80)
    storage = open_storage(below(home, "samples"))
    content = storage.read("k80.npz")
    assert content is not None
    storage.write("k80.npz", [content[:-30] + bytes([content[-30] ^ 1]) + content[-29:]])
    with pytest.raises(RecordError, match=r"samples/k80\.npz: the per-image scores in this file are damaged"):
        read_samples(below(home, "samples"), "k80")


def at_once(act: Callable[[int], object], times: int = 4) -> None:
    with ThreadPoolExecutor(times) as pool:
        list(pool.map(act, range(times)))


def test_runs_that_end_together_each_take_their_looks(home: Place) -> None:
    series = below(home, "series")
    planned = start_series(series, "nightly")
    looks = [TakenLook(1, f"model-{place}", f"run-{place}", "2026-11-26T10:00:00+00:00") for place in range(4)]
    at_once(lambda place: take_looks(series, planned, (looks[place],)))
    found = load_series(series, "nightly")
    assert [look.number for look in found.looks] == [1, 2, 3, 4]
    assert {look.model for look in found.looks} == {f"model-{place}" for place in range(4)}
    assert known_series(series) == ("nightly",)
    assert [kept.name for kept in open_storage(series).files()] == ["nightly.json"], "no lock is left"


def test_a_series_is_begun_by_one(home: Place) -> None:
    def begin(_: int) -> str:
        try:
            return start_series(below(home, "series"), "nightly").name
        except SetupError:
            return "late"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(begin, range(3))) == ["late", "late", "nightly"]


def test_noise_that_is_kept_at_once_is_all_kept(home: Place) -> None:
    floor = NoiseFloor("a", "digits", "bf16", "bf16, batch 64", 1_000, 4)
    at_once(lambda place: keep_noise(home, [replace(floor, model=str(place))]))
    assert {kept.model for kept in load_noise(home)} == {"0", "1", "2", "3"}


def test_a_lock_that_is_not_let_go_says_who_has_it(bucket: Bucket) -> None:
    storage = open_storage(bucket.new_url(), "the home")
    with (
        alone(storage, "nightly"),
        pytest.raises(SetupError, match=r"(?s)nightly\.lock: another run does not let go .*, process \d+.*remove the"),
        alone(storage, "nightly", patience=0.0),
    ):
        pytest.fail("two hold one lock")
    with alone(storage, "nightly", patience=0.0):
        assert storage.has("nightly.lock")


def test_a_home_that_may_not_be_touched_says_so(bucket: Bucket) -> None:
    home = f"s3://{BUCKET}/{FORBIDDEN}/home"
    with pytest.raises(SetupError, match=r"(?s)noise\.json: the home cannot be read \(PermissionError.*credentials"):
        load_noise(home)
    with pytest.raises(SetupError, match=r"the home cannot be written \(PermissionError"):
        start_series(below(home, "series"), "nightly")


def test_a_bucket_that_is_not_there_is_found_before_anything_is_measured(bucket: Bucket) -> None:
    with pytest.raises(SetupError, match=r"s3://no-such-bucket/home: the home cannot be reached .*no bucket no-such"):
        open_storage("s3://no-such-bucket/home", "the home").require_reachable()
    open_storage(bucket.new_url()).require_reachable()
    open_storage("memory://somewhere").require_reachable()


def test_a_run_looks_at_a_bucket_before_it_measures(bucket: Bucket, tmp_path: Path) -> None:
    def settings(store: Place, home: Place) -> RunSettings:
        return RunSettings(MeasureSettings(store), below(home, "baselines"), tmp_path / "reports", home=home)

    refuse_unwritable(settings(bucket.new_url(), bucket.new_url()), {})
    refuse_unwritable(settings(tmp_path / "store", tmp_path / "home"), {})
    with pytest.raises(SetupError, match="the store cannot be reached"):
        refuse_unwritable(settings("s3://no-such-bucket/store", tmp_path / "home"), {})
    with pytest.raises(SetupError, match="the home cannot be reached"):
        refuse_unwritable(settings(tmp_path / "store", "s3://no-such-bucket/home"), {})


def test_a_service_that_does_not_answer_is_an_error_in_words(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        with pytest.raises(SetupError, match=r"(?s)the home cannot be reached \(.*its service is reachable"):
            open_storage("s3://bucket/home", "the home").require_reachable()
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
