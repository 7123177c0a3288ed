"""Pairs: made from samples once, read afterwards, and made anew where samples lie in another file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from sample_makers import draw_samples

from robustcheck.measure import PairBook, Partner
from robustcheck.stats.compare import paired_difference
from robustcheck.stats.intervals import shared_covariance
from robustcheck.stats.sureness import seed_of
from robustcheck.store import open_store
from robustcheck.values import Samples


@dataclass
class Reader:
    """Samples, and how often they were read."""

    samples: Samples
    reads: list[int] = field(default_factory=list)

    def __call__(self) -> Samples:
        self.reads.append(1)
        return self.samples


def flipped(samples: Samples, share: float) -> Samples:
    flips = np.random.default_rng(8).random(samples.scores.size) < share
    return replace(samples, scores=np.where(flips, 1 - samples.scores, samples.scores))


@pytest.fixture
def book(tmp_path: Path) -> Callable[[], PairBook]:
    return lambda: PairBook(open_store(tmp_path / "store"))


THEN = draw_samples("mean", n=400)
NOW = flipped(THEN, 0.05)


def test_a_difference_is_that_of_the_samples(book: Callable[[], PairBook]) -> None:
    found = book().difference(Partner("then", Reader(THEN)), Partner("now", Reader(NOW)))
    said = paired_difference(THEN, NOW, seed=seed_of("then", "now"))
    for name in ("value", "error", "n", "discordant", "p_value", "test"):
        assert getattr(found, name) == getattr(said, name)
    assert found.interval(0.95) == said.interval(0.95)
    assert found.interval(0.995) == pytest.approx(said.interval(0.995), abs=1e-3)


def test_a_pair_is_worked_out_once_in_all_runs(book: Callable[[], PairBook]) -> None:
    then, now = Reader(THEN), Reader(NOW)
    first = book().difference(Partner("then", then), Partner("now", now))
    again = book().difference(Partner("then", then), Partner("now", now))
    assert (len(then.reads), len(now.reads)) == (1, 1)
    assert (first.value, first.p_value, first.interval(0.9)) == (again.value, again.p_value, again.interval(0.9))
    assert book().covariance(Partner("then", then), Partner("now", now)) == shared_covariance(THEN, NOW)
    assert book().covariance(Partner("then", then), Partner("now", now)) == shared_covariance(THEN, NOW)
    assert len(then.reads) == 2


def test_a_pair_is_of_two_scores_in_their_order(book: Callable[[], PairBook]) -> None:
    one, other = Partner("then", Reader(THEN)), Partner("now", Reader(NOW))
    assert book().difference(one, other).value == -book().difference(other, one).value != 0


def test_samples_of_another_file_make_another_pair(book: Callable[[], PairBook]) -> None:
    first = book().difference(Partner("then", Reader(THEN), lambda: (1, 10)), Partner("now", Reader(NOW)))
    changed = book().difference(Partner("then", Reader(NOW), lambda: (2, 20)), Partner("now", Reader(NOW)))
    assert first.value != 0
    assert changed.value == 0


def test_samples_that_cannot_be_paired_are_not_kept(book: Callable[[], PairBook]) -> None:
    other = replace(THEN, ids=np.char.add(THEN.ids, "b"))
    for _ in range(2):
        with pytest.raises(ValueError, match="do not hold the same samples"):
            book().difference(Partner("then", Reader(other)), Partner("now", Reader(NOW)))
