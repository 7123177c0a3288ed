"""The looks of a run: numbers in order, shares that add up, and the same question at the same look."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from factories import MODEL, make_check, make_item, published_score
from run_makers import make_result, make_run

from robustcheck.errors import RecordError, SetupError
from robustcheck.history.taken_looks import add_looks, load_series, question, start_series, write_series
from robustcheck.run.looks import LookBook, parse_series
from robustcheck.run.plan import Plan
from robustcheck.stats.spending import open_share
from robustcheck.values import Result
from robustcheck.values.checks import PlannedCheck
from robustcheck.values.expectations import AtLeast
from robustcheck.values.series import Series

OPEN, DECLARED = Series("nightly"), Series("nightly", 100)
A, B = MODEL, replace(MODEL, id="b", text="b")


def item(model: object = A) -> PlannedCheck:
    return make_item(make_check(AtLeast(limit="45%")), model, alpha=0.0025)  # type: ignore[arg-type]


def placed(book: LookBook, *items: PlannedCheck) -> tuple[PlannedCheck, ...]:
    return book.place(Plan(items, 0), items[0].suite).items


@pytest.fixture
def begun(tmp_path: Path) -> Callable[[Series], LookBook]:
    start_series(tmp_path, "nightly")
    return lambda series: LookBook(tmp_path, series)


def judged(item: PlannedCheck, key: str) -> Result:
    score = replace(published_score(0.6, 1_000, model=item.model), key=key)
    result = make_result(model=item.model, score=score, look=item.look, check_key=item.check.key)
    return replace(result, verdict=replace(result.verdict, value=0.6))


def test_without_a_series_an_item_stays_as_it_is(tmp_path: Path) -> None:
    assert placed(LookBook(tmp_path), item()) == (item(),)


def test_a_declared_series_needs_no_history(tmp_path: Path) -> None:
    [one] = placed(LookBook(tmp_path, DECLARED), item())
    assert (one.alpha, one.one_look) == pytest.approx((0.0025 / 100, 0.0025))
    LookBook(tmp_path, DECLARED).require_history(one)


def test_more_candidates_than_looks_share_the_level_among_themselves(tmp_path: Path) -> None:
    items = placed(LookBook(tmp_path, Series("few", 1)), item(A), item(B))
    assert [each.alpha for each in items] == [0.00125, 0.00125]


def test_each_candidate_of_a_run_takes_one_look(begun: Callable[[Series], LookBook], tmp_path: Path) -> None:
    first = placed(begun(OPEN), item(A), item(A), item(B))
    assert [each.look.number for each in first if each.look] == [1, 1, 2]
    assert [each.alpha for each in first] == pytest.approx([0.0025 * open_share(k) for k in (1, 1, 2)])
    begun(OPEN).take(make_run(*(judged(each, f"key-{place}") for place, each in enumerate(first))))
    assert load_series(tmp_path, "nightly").taken == 2
    [later] = placed(begun(OPEN), item(A))
    assert later.look is not None
    assert (later.look.number, later.alpha) == (3, pytest.approx(0.0025 * open_share(3)))


def test_a_verdict_without_a_number_takes_no_look(begun: Callable[[Series], LookBook], tmp_path: Path) -> None:
    [one] = placed(begun(OPEN), item())
    begun(OPEN).take(make_run(make_result("error", look=one.look)))
    assert load_series(tmp_path, "nightly").taken == 0


def test_asking_again_is_no_new_look(begun: Callable[[Series], LookBook], tmp_path: Path) -> None:
    """A red run that is repeated must not become green because its level got smaller."""
    [one] = placed(begun(OPEN), item())
    begun(OPEN).take(make_run(judged(one, "a-key")))
    [again] = placed(begun(OPEN), item())
    asked = replace(published_score(0.6, 1_000), key="a-key")
    assert begun(OPEN).look_again(again, [asked]) == one
    assert begun(OPEN).look_again(again, [replace(asked, key="another")]) == again
    assert begun(OPEN).look_again(again, [asked, replace(asked, key="a-baseline")]) == again


def test_a_lost_history_is_an_error_and_not_a_first_look(tmp_path: Path) -> None:
    book = LookBook(tmp_path, OPEN)
    [one] = placed(book, item())
    with pytest.raises(RecordError, match="without it nobody knows how many looks there were"):
        book.require_history(one)


def test_the_series_of_the_command_line_goes_before_that_of_a_suite(tmp_path: Path) -> None:
    suite = replace(item().suite, series=OPEN)
    assert LookBook(tmp_path).series_of(suite) == OPEN
    assert LookBook(tmp_path, DECLARED).series_of(suite) == DECLARED


def test_looks_of_a_declared_series_are_counted_too(tmp_path: Path) -> None:
    [one] = placed(LookBook(tmp_path, DECLARED), item())
    LookBook(tmp_path, DECLARED).take(make_run(judged(one, "a-key")))
    assert load_series(tmp_path, "nightly").look_of(question("a-check", "a-key")) == 1


def test_a_level_below_any_p_is_still_a_level(begun: Callable[[Series], LookBook], tmp_path: Path) -> None:
    [one] = placed(begun(OPEN), item())
    late = judged(one.at(replace(one.look, number=5_000)), "a-key")  # type: ignore[type-var]
    begun(OPEN).take(make_run(late))
    [next_one] = placed(begun(OPEN), item())
    assert 0 < next_one.alpha < 1e-10
    write_series(tmp_path, add_looks(load_series(tmp_path, "nightly"), ()))


@pytest.mark.parametrize("text", ["", ":5", "a b:5", "nightly:0", "nightly:-1", "nightly:x", "nightly:1.5", "n:5:6"])
def test_what_is_not_a_series_is_said(text: str) -> None:
    with pytest.raises(SetupError, match=r"is not a series(.|\n)*nightly:100"):
        parse_series(text)


@pytest.mark.parametrize("series", [OPEN, DECLARED])
def test_a_history_that_cannot_be_read_is_an_error_and_is_left_alone(tmp_path: Path, series: Series) -> None:
    """A declared series needs none; but a new history must not take the place of one that a later version wrote."""
    write_series(tmp_path, replace(start_series(tmp_path, "nightly"), version=2))
    before = (tmp_path / "nightly.json").read_bytes()
    book = LookBook(tmp_path, series)
    [one] = placed(book, item())
    with pytest.raises(RecordError, match="nightly is of version 2"):
        book.require_history(one)
    with pytest.raises(RecordError, match="nightly is of version 2"):
        book.take(make_run(judged(one, "k")))
    assert (tmp_path / "nightly.json").read_bytes() == before


def test_a_series_whose_looks_cannot_be_kept_is_refused_before_it_is_judged(
    begun: Callable[[Series], LookBook], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = begun(DECLARED)
    [one] = placed(book, item())
    # A superuser may write everywhere, so the answer of the system is told.
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path).is_relative_to(tmp_path))
    for ask in (lambda: book.require_history(one), book.require_declared):
        with pytest.raises(SetupError, match="no look of the series 'nightly' can be kept") as caught:
            ask()
        assert caught.value.where == str(tmp_path)
    LookBook(tmp_path).require_history(item())
