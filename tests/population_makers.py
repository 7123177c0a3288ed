"""Runs that become populations."""

from __future__ import annotations

from run_makers import make_result, make_run

from robustcheck.values import Cell, Evidence, ModelRef, Quantity, RunRecord, Score

POSE = Quantity("top1", "x", (("factor", "pose"),))


def runs_of(count: int) -> RunRecord:
    """Return a run of several models on clean, sliced and transformed images, with shared trends."""
    results = []
    for number in range(count):
        model = ModelRef(f"run-{number}", f"openclip:RN50@run-{number}.pt", "openclip", "RN50", facets=(("lab", "us"),))
        x = Quantity("top1", "val", (("classes", "birds"),))
        at_x = score(model, x, 0.5 + 0.05 * number)
        for quantity, shift in ((POSE, 0.1), (Quantity("top1", "x", transform="contrast:3", seed=4), 0.2)):
            y = score(model, quantity, 0.5 + 0.05 * number - shift)
            results.append(make_result(model=model, score=y, x=at_x))
    return make_run(*results)


def score(model: ModelRef, quantity: Quantity, value: float, evidence: Evidence = "live") -> Score:
    return Score(Cell(model, quantity), value, value - 0.01, value + 0.01, 1_000, evidence, "measured", "key")
