"""The rules for few families side by side: no more false claims hold than may, and the judge's are the judge's."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from few_families import crossed, main, offsets, two_means


@pytest.mark.parametrize("skew", [-2, 1, 2])
def test_offsets_have_the_skewness_that_they_say(skew: int) -> None:
    drawn = offsets(np.random.default_rng(1), (200, 2_000), skew)
    assert drawn.mean() == pytest.approx(0, abs=0.01)
    assert drawn.var() == pytest.approx(1, abs=0.02)
    assert (drawn**3).mean() == pytest.approx(-skew, abs=0.1)


def test_false_claims_hold_as_seldom_as_they_may() -> None:
    """Cells of a table are too sure as crossings, and both ways at once are not."""
    found = two_means(np.random.default_rng(2), 5, (1, -1), 20_000)
    assert found["as the smaller group"] < found["judge"] < 0.035
    very = two_means(np.random.default_rng(4), 5, (2, -2), 20_000)
    assert very["judge"] < 0.035 < very["1.25, nothing seen"]
    true = two_means(np.random.default_rng(5), 8, (0, 0), 20_000, true_by=3)
    assert true["judge"] > true["1.25, nothing seen"] - 0.02
    table = crossed(np.random.default_rng(3), 5, 5, 20_000)
    assert table["both ways"] < 0.035 < 0.1 < table["as crossings"]


def test_the_quick_tables_have_a_row_for_each_world(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.endswith("% |")]
    assert len(rows) == 4 * 6 + 8
