"""History: the previous run of the same suites, what changed since, and what moved by more than noise."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from factories import MODEL, live_score, published_score
from run_makers import make_result, make_run, scored

from robustcheck.errors import RecordError
from robustcheck.history.baselines import KeptRun
from robustcheck.history.changes import changes_since, differences, movement, previous_run
from robustcheck.history.kept_samples import write_samples
from robustcheck.report import write_report
from robustcheck.values import Change, ModelRef, Quantity, Result, RunRecord, Score, Status

OTHER = ModelRef("ViT-B-16/openai", "openclip:ViT-B-16/openai", "openclip", "ViT-B-16", "openai")


NO_SAMPLES = (lambda: None, lambda: None)


def keep(reports: Path, *results: Result, id: str) -> None:
    write_report(make_run(*results, id=id), reports / id)


def test_no_run_yet(tmp_path: Path) -> None:
    assert previous_run(tmp_path / "reports", [make_result()]) is None
    assert changes_since(None, [make_result()]) == ()


def test_the_newest_run_of_these_suites_and_models(tmp_path: Path) -> None:
    keep(tmp_path, make_result("pass"), id="20261120-100000")
    keep(tmp_path, make_result("fail"), make_result(suite="b.robust.yaml"), id="20261121-100000")
    keep(tmp_path, make_result("fail"), make_result(model=OTHER), id="20261121-100000-2")
    keep(tmp_path, make_result(suite="b.robust.yaml"), id="20261122-100000")
    keep(tmp_path, make_result(model=OTHER), id="20261122-110000")
    keep(tmp_path, make_result(check_key="another"), id="20261122-120000")

    def found(*results: Result) -> str | None:
        run = previous_run(tmp_path, results)
        return None if run is None else run.id

    assert found(make_result()) == "20261121-100000-2"
    assert found(make_result(), make_result(suite="b.robust.yaml")) == "20261121-100000"
    assert found(make_result(), make_result(model=OTHER)) == "20261121-100000-2"
    assert found(make_result(suite="c.robust.yaml")) is None
    assert found(make_result(suite="b.robust.yaml", model=OTHER)) is None
    assert found() is None


def test_a_run_of_the_same_suite_that_shares_no_check_is_not_compared_with(tmp_path: Path) -> None:
    keep(tmp_path, make_result(check_key="old"), id="20261120-100000")
    assert previous_run(tmp_path, [make_result(check_key="new")]) is None


def test_runs_of_two_checkouts_are_compared_by_paths_from_where_they_were_started(tmp_path: Path) -> None:
    def of(checkout: str, status: Status) -> RunRecord:
        place = f"/{checkout}/suites/a.robust.yaml"
        own = live_score(np.array([1.0, 0.0]), Quantity("top1", f"/{checkout}/data/val"))
        return replace(make_run(make_result(status, suite=place, score=own)), root=f"/{checkout}")

    then, now = of("ci", "pass"), of("home/me", "fail")
    write_report(then, tmp_path / then.id)
    assert previous_run(tmp_path, now.results, now.root) == then
    [change] = changes_since(then, now.results, None, now.root)
    assert (change.before, change.after, change.value_before) == ("pass", "fail", 0.5)


def test_damaged_scores_are_said_where_they_would_be_paired(tmp_path: Path) -> None:
    before, after = scored(180, "a"), scored(100, "b")
    for score in (before, after):
        assert score.samples is not None
        write_samples(tmp_path, score.key, score.samples)
    flip(tmp_path / "a.npz", -40)
    [change] = changes_since(make_run(make_result(score=bare(before))), [make_result(score=bare(after))], tmp_path)
    assert "95% intervals are apart" in change.basis
    assert "the per-image scores in this file are damaged" in change.basis
    assert "a.npz" in change.basis


def bare(score: Score) -> Score:
    return replace(score, samples=None)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("text", ["", "{", '{"schema": 99}', "[]"])
def test_a_record_that_cannot_be_read_is_passed_over(tmp_path: Path, text: str) -> None:
    keep(tmp_path, make_result(), id="20261120-100000")
    (tmp_path / "20261121-100000").mkdir()
    (tmp_path / "20261121-100000" / "run.json").write_text(text)
    found = previous_run(tmp_path, [make_result()])
    assert found is not None
    assert found.id == "20261120-100000"


def test_changes_are_by_suite_check_case_and_model() -> None:
    before = make_run(
        make_result("pass"),
        make_result("fail", model=OTHER),
        make_result("pass", check_key="a-check[one]"),
        make_result("pass", suite="b.robust.yaml"),
        make_result("pass", check_key="gone"),
    )
    now = [
        make_result("fail"),
        make_result("fail", model=OTHER),
        make_result("unsure", check_key="a-check[one]"),
        make_result("pass", suite="b.robust.yaml"),
        make_result("fail", check_key="new"),
    ]
    assert changes_since(before, now) == (
        Change("a-check", MODEL.id, "pass", "fail", "a.robust.yaml"),
        Change("a-check[one]", MODEL.id, "pass", "unsure", "a.robust.yaml"),
    )


def test_a_value_that_moved_without_its_verdict_is_no_change() -> None:
    before = make_result(score=live_score(np.array([1, 1, 0])))
    now = make_result(score=live_score(np.array([1, 1, 1])))
    assert changes_since(make_run(before), [now]) == ()


# --- beyond noise -------------------------------------------------------------------------------


def test_twelve_lost_of_200_are_beyond_noise_and_three_are_not() -> None:
    # Exact McNemar: p = 2^-11 for twelve losses and no gain, 0.25 for three.
    for lost, beyond, p in ((12, True, "0.000488"), (3, False, "0.25")):
        before, after = scored(180, "a"), scored(180 - lost, "b")
        found = movement(before, after, (partial(getattr, before, "samples"), partial(getattr, after, "samples")), 0.05)
        said = f"paired over 200 samples, {lost} of them judged differently, exact McNemar p {p}"
        assert (found.beyond_noise, found.basis) == (beyond, said)


def test_without_samples_only_intervals_that_are_apart_count() -> None:
    for then, now, beyond in ((0.8, 0.6, True), (0.62, 0.6, False)):
        found = movement(published_score(then, 1000), published_score(now, 1000), NO_SAMPLES, 0.05)
        assert found.beyond_noise is beyond
        assert "cannot be paired" in found.basis


def test_a_figure_without_an_interval_never_moves_beyond_noise() -> None:
    bare = replace(published_score(0.9, 1000), low=float("nan"), high=float("nan"))
    assert not movement(bare, published_score(0.1, 1000), NO_SAMPLES, 0.05).beyond_noise


def test_a_value_that_moved_beyond_noise_is_a_change_with_its_verdict_unchanged(tmp_path: Path) -> None:
    before, after = scored(180, "before"), scored(160, "after")
    for own in (before, after):
        assert own.samples is not None
        write_samples(tmp_path, own.key, own.samples)
    # As a record holds them: without their samples, which are in the store.
    then, now = (make_result(score=replace(own, samples=None)) for own in (before, after))
    [change] = changes_since(make_run(then), [now], tmp_path)
    assert (change.before, change.after, change.value_before, change.value_after) == ("pass", "pass", 0.9, 0.8)
    assert change.beyond_noise
    assert "20 of them judged differently" in change.basis


def test_many_values_are_held_to_a_stricter_level() -> None:
    before, after = scored(180, "before"), scored(173, "after")  # p = 0.0156
    assert changes_since(make_run(make_result(score=before)), [make_result(score=after)])
    many = [f"check-{place}" for place in range(10)]
    then = make_run(*(make_result(score=before, check_key=key) for key in many))
    assert changes_since(then, [make_result(score=after, check_key=key) for key in many]) == ()


def test_other_data_is_said_and_never_paired() -> None:
    before, after = scored(180, "before"), scored(100, "after", data="e" * 64)
    then, now = make_result("pass", score=before), make_result("fail", score=after)
    [change] = changes_since(make_run(then), [now])
    assert change.basis == "measured on other data: dddddddddddd then, eeeeeeeeeeee now"
    assert not change.beyond_noise


def kept(*results: Result, name: str = "one") -> KeptRun:
    return KeptRun(name, make_run(*results), Path("nowhere"))


def test_two_runs_are_told_apart_in_every_way() -> None:
    keys = ("fails", "fixed", "unsure", "moves", "stays")
    then = [make_result("fail" if key == "fixed" else "pass", check_key=key) for key in keys]
    now = {"fails": "fail", "fixed": "warn", "unsure": "unsure", "moves": "pass", "stays": "pass"}
    after = [make_result(status, check_key=key) for key, status in now.items()]  # type: ignore[arg-type]
    then[3] = replace(then[3], score=scored(180, "a"))
    after[3] = replace(after[3], score=scored(150, "b"))
    found = differences(kept(*then, make_result(check_key="gone")), kept(*after, make_result("error", check_key="new")))
    named = (found.new_failures, found.fixed, found.other_status, found.moved)
    assert [[change.check_key for change in part] for part in named] == [["fails"], ["fixed"], ["unsure"], ["moves"]]
    assert [[result.check_key for result in part] for part in (found.appeared, found.gone)] == [["new"], ["gone"]]
    assert (found.same, found.failures) == (1, 2)


def test_runs_of_other_suites_are_an_error() -> None:
    with pytest.raises(RecordError, match=r"no suite in common: a.robust.yaml then, b.robust.yaml now"):
        differences(kept(make_result()), kept(make_result(suite="b.robust.yaml")))


def test_runs_on_other_data_are_an_error() -> None:
    then, now = (make_result(score=scored(180, data[0], data=data)) for data in ("d" * 64, "e" * 64))
    with pytest.raises(RecordError, match=r"was other data: dddddddddddd then, eeeeeeeeeeee now"):
        differences(kept(then), kept(now))


def test_the_newest_of_one_second_and_none_of_a_wrong_clock_is_the_run_before(tmp_path: Path) -> None:
    now = make_run(make_result())
    for count in (2, 9, 10):
        name = f"20261122-100000-{count}"
        write_report(replace(now, id=name), tmp_path / name)
    write_report(replace(now, id="20310101-000000", started="2031-01-01T00:00:00+00:00"), tmp_path / "20310101-000000")
    found = previous_run(tmp_path, now.results, before="2026-11-22T10:00:00+00:00")
    assert found is not None
    assert found.id == "20261122-100000-10"


def test_a_check_that_asks_something_else_is_told_though_it_passes_as_before() -> None:
    then = make_result(sentence="top1 on digits is at least 60%.")
    now = make_result(sentence="top1 on digits is at least 20%.")
    (change,) = changes_since(make_run(then), [now])
    assert (change.before, change.after, change.asked) == ("pass", "pass", "top1 on digits is at least 60%.")
    found = differences(kept(then, make_result(check_key="b")), kept(now, make_result(check_key="b")))
    assert (found.asked_otherwise, found.same, found.failures) == ((change,), 1, 0)


def test_a_run_of_a_part_in_between_is_not_the_run_before(tmp_path: Path) -> None:
    both = [make_result(), make_result(check_key="b")]
    keep(tmp_path, *both, id="20261120-100000")
    keep(tmp_path, make_result(), id="20261121-100000")
    for results, expected in ((both, "20261120-100000"), (both[:1], "20261121-100000")):
        found = previous_run(tmp_path, results)
        assert found is not None
        assert found.id == expected
    added = previous_run(tmp_path, [*both, make_result(check_key="new")])
    assert added is not None
    assert added.id == "20261120-100000"
