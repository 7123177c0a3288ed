"""Results and runs that tests make up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from factories import MODEL, live_score

from robustcheck.values import Position, Result, RunRecord, Score, Status, Verdict


def make_result(status: Status = "pass", **changes: object) -> Result:
    result = Result(
        nodeid="a.robust.yaml::a-check[ViT-B-32/openai]",
        suite="a.robust.yaml",
        check_id="a-check",
        check_key="a-check",
        title="",
        why="",
        tags=(),
        sentence="A sentence.",
        position=Position("a.robust.yaml", 1, 1),
        yaml="",
        model=MODEL,
        verdict=Verdict(status, "a reason"),
    )
    return replace(result, **changes)  # type: ignore[arg-type]


def make_run(*results: Result, id: str = "20261122-100000") -> RunRecord:
    return RunRecord(id, "2026-11-22T10:00:00+00:00", 1.0, "pytest", (), results)


def scored(hits: int, key: str, n: int = 200, data: str = "d" * 64) -> Score:
    own = live_score((np.arange(n) < hits).astype(float))
    return replace(own, key=key, provenance=(("dataset", data),))
