"""How far a run is: counted in chunks, by set, over processes that share the work; and what is shown of it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from colour_data import cell, fake, write_colours

from robustcheck.measure import Bench, MeasureSettings, ProgressEvent
from robustcheck.run.progress_display import Counting, Display
from robustcheck.run.tally import (
    SetTally,
    Tally,
    dump_tally,
    images_name,
    joined_tally,
    load_tally,
    planned_tally,
    set_words,
    tally_line,
)


def event(name: str, images: int, chunks: float, in_all: float = 4.0) -> ProgressEvent:
    return ProgressEvent(name, None, 0, 0, 0.0, ("a", "b"), images, chunks, in_all)


def test_a_tally_counts_chunks_by_set_and_images_by_the_second() -> None:
    tally = Tally({"digits": SetTally(0, 6, 2), "shapes": SetTally(0, 2, 2)})
    for place in range(3):
        tally = tally.after(event("digits", 256, 2.0 * (place > 0)), seconds=1.0 + place)
    assert (tally.done, tally.total, tally.images) == (4, 8, 768)
    assert tally.images_per_second == 256
    assert tally.seconds_left == pytest.approx(3.0)
    assert tally_line(tally) == "measuring: 4 of 8 chunks, 256 images/s, about 3.0 s left; digits 4 of 6 (2 models)"


def test_what_was_not_foreseen_is_counted_too() -> None:
    tally = Tally({"digits": SetTally(0, 6, 2)}).after(event("learnt", 256, 1.0), 1.0)
    assert tally.sets["learnt"] == SetTally(1.0, 4.0, 2)
    assert Tally({"digits": SetTally(6, 6, 2)}).after(event("digits", 1, 2.0), 1.0).sets["digits"].total == 8


def test_before_anything_is_done_nothing_is_foretold() -> None:
    tally = Tally({"digits": SetTally(0, 6, 1)})
    assert (tally.images_per_second, tally.seconds_left) == (0, None)
    assert tally_line(tally) == "measuring: 0 of 6 chunks, 0 images/s"
    assert set_words(SetTally(1, 2, 1)) == "1 of 2 (1 model)"


def test_counting_begins_with_the_first_event_where_nothing_is_planned() -> None:
    told: list[Tally] = []
    clock = Clock()
    counting = Counting(told.append, clock)
    for now in (5.0, 7.0):
        clock.now = now
        counting.on_progress(event("digits", 256, 2.0))
    assert [(tally.done, tally.total, tally.seconds) for tally in told] == [(2, 4, 0), (4, 4, 2)]


def test_workers_that_share_the_work_are_one() -> None:
    first = Tally({"digits": SetTally(3, 8, 2)}, 768, 4.0)
    second = Tally({"digits": SetTally(2, 6, 2), "shapes": SetTally(0, 2, 1)}, 512, 3.0)
    found = joined_tally([first, second])
    assert found.sets == {"digits": SetTally(5, 8, 2), "shapes": SetTally(0, 2, 1)}
    assert found.images_per_second == 320
    assert load_tally(dump_tally(found)) == found
    assert joined_tally([]) == Tally()


def test_images_are_called_as_a_reader_knows_them() -> None:
    assert images_name("imagenet-v2", "fog:3") == "imagenet-v2 under fog:3"
    assert images_name("/data/mine/colours", None) == "colours"


def test_the_plan_and_the_events_of_a_bench_agree(tmp_path: Path) -> None:
    cells = [cell(fake(seed=seed), write_colours(tmp_path / "colours", 600)) for seed in "ab"]
    bench = Bench(MeasureSettings(store=tmp_path / "store", batch_size=100))
    counting = Counting(lambda tally: None)
    bench.on_progress = counting.on_progress
    counting.expect(lambda: planned_tally(bench.lacking(cells)))
    assert (counting.tally.done, counting.tally.total) == (0, 2 * 3)
    bench.measure_all(cells)
    assert (counting.tally.done, counting.tally.total, counting.tally.images) == (6, 6, 600)
    assert not bench.lacking(cells).outputs


def plain(drawn: str) -> str:
    """Return what was drawn without colours and columns."""
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn).split())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def display() -> Callable[[bool], Display]:
    return lambda is_terminal: Display(io.StringIO(), is_terminal, clock=Clock())


def test_where_nobody_looks_a_line_comes_now_and_then(display: Callable[[bool], Display]) -> None:
    shown, tally = display(False), Tally({"digits": SetTally(2, 8, 3)}, 512, 4.0)
    for second in range(0, 130, 5):
        shown.clock.now = second  # type: ignore[attr-defined]
        shown.show(tally)
    shown.show(Tally({"digits": SetTally(8, 8, 3)}))
    assert shown.stream.getvalue() == f"{tally_line(tally)}\n" * 2  # type: ignore[attr-defined]


def test_a_line_never_goes_on_where_another_one_stopped() -> None:
    log, clock = io.StringIO("......"), Clock()
    log.seek(0, io.SEEK_END)
    shown = Display(log, False, begins=lambda: log.write("\n"), clock=clock)
    tally = Tally({"digits": SetTally(2, 8, 3)}, 512, 4.0)
    shown.show(tally)
    clock.now = 61.0
    shown.show(tally)
    assert log.getvalue() == f"......\n{tally_line(tally)}\n"


def test_a_terminal_shows_the_whole_and_each_set_and_is_left_clean(display: Callable[[bool], Display]) -> None:
    shown = display(True)
    shown.show(Tally({"digits": SetTally(2, 8, 3), "shapes": SetTally(0, 2, 1)}, 512, 4.0))
    drawn = plain(shown.stream.getvalue())  # type: ignore[attr-defined]
    assert drawn.startswith("measuring")
    assert "2/10 chunks 128 images/s 16.0 s left" in drawn
    assert "2/8 chunks 3 models" in drawn
    assert "shapes" not in drawn, "a set that has not begun"
    shown.show(Tally({"digits": SetTally(3, 8, 3)}, 512, 5.0))
    assert plain(shown.stream.getvalue()) == drawn, "not redrawn with every batch"  # type: ignore[attr-defined]
    shown.clock.now = 1.0  # type: ignore[attr-defined]
    shown.show(Tally({"digits": SetTally(8, 8, 3), "shapes": SetTally(1, 2, 1)}, 512, 5.0))
    assert "1/2 chunks 1 model" in plain(shown.stream.getvalue())  # type: ignore[attr-defined]
    shown.show(Tally({"digits": SetTally(8, 8, 3), "shapes": SetTally(2, 2, 1)}, 512, 5.0))
    assert shown.stream.getvalue().endswith("\x1b[2K"), "its lines are erased"  # type: ignore[attr-defined]
