"""Runs over the dimensions of robustness: factors, corruptions at five severities, and a training run."""

from __future__ import annotations

from dataclasses import replace

from report_fixtures import NORMAL, Member, made_up_members, made_up_run, trend_run

from robustcheck.values import Quantity, Result, RunRecord, Verdict

FACTORS = ("pose", "background", "pattern", "color", "smaller", "shape", "texture", "larger")
CORRUPTIONS = ("gaussian_noise", "motion_blur", "fog", "jpeg_compression")


def dimension_run(models: int = 2) -> RunRecord:
    """Judge models under eight factors, and under four corruptions at five severities."""
    run = made_up_run(models, 1)
    results = [measured for result in run.results for measured in (*_factors(result), *_corruptions(result))]
    return replace(run, results=(*run.results, *results))


def _factors(result: Result) -> list[Result]:
    base = result.x.value if result.x else 0.5
    return [
        _under(result, Quantity("top1", "imagenet-x", (("factor", factor),)), base - 0.02 * place, "factors", factor)
        for place, factor in enumerate(FACTORS)
    ]


def _corruptions(result: Result) -> list[Result]:
    base = result.x.value if result.x else 0.5
    return [
        _under(
            result, Quantity("top1", "imagenet-val", transform=f"{name}:{severity}"),
            base - 0.03 * severity - 0.02 * place, "corruptions", f"{name},{severity}",
        )
        for place, name in enumerate(CORRUPTIONS)
        for severity in range(1, 6)
    ]  # fmt: skip


def viewpoint_run(bins: dict[str, float], models: int = 2) -> RunRecord:
    """Judge recall of correspondences by viewpoint, the same of each model, and over all pairs."""
    run = made_up_run(models, 1)
    asked = {"": Quantity("correspondence_recall", "scannet-1500")}
    asked |= {name: replace(asked[""], options=(("viewpoint", name),)) for name in bins}
    results = [
        _under(result, quantity, bins.get(name, 0.4), "rooms", name or "all")
        for result in run.results
        for name, quantity in asked.items()
    ]
    return replace(run, results=tuple(results))


def _under(result: Result, quantity: Quantity, value: float, check_id: str, case: str) -> Result:
    """Return a result that holds a value against 50%."""
    assert result.score is not None
    low, high, margin = value - 0.01, value + 0.01, value - 0.5
    status = "fail" if high < 0.5 else "unsure" if low < 0.5 else "pass"
    verdict = Verdict(
        status,  # type: ignore[arg-type]
        f"top1 {value:.1%} is {abs(margin) * 100:.1f} pp {'below' if margin < 0 else 'above'} the limit of 50.0%",
        value, value, low, high, 0.5, margin, 10_000,
    )  # fmt: skip
    cell = replace(result.score.cell, quantity=quantity)
    score = replace(result.score, cell=cell, value=value, low=low, high=high, evidence="live")
    key = f"{check_id}[{case}]"
    return replace(
        result, nodeid=f"{result.suite}::{check_id}[{case}|{result.model.id}]", check_id=check_id, check_key=key,
        title=f"Accuracy under {check_id}", sentence=f"{quantity.label} is at least 50%.", verdict=verdict,
        score=score, x=None, quantity=quantity, position=replace(result.position, line=30 + len(check_id)),
    )  # fmt: skip


def training_run(checkpoints: int = 12) -> RunRecord:
    """Judge the checkpoints of one training run, which falls below the trend towards its end."""
    datasets = ["shift-0", "shift-1"]
    members = made_up_members(60, datasets)
    run = [_checkpoint(epoch, checkpoints, datasets) for epoch in range(1, checkpoints + 1)]
    return trend_run(run, members, datasets, allowed={})


def _checkpoint(epoch: int, last: int, datasets: list[str]) -> Member:
    skill = 0.2 + 0.7 * epoch / last
    loss = 0.25 * max(0.0, epoch / last - 0.6)
    figures = {name: NORMAL.cdf(skill - 0.3 - loss * (1 + place)) for place, name in enumerate(datasets)}
    return Member(f"ViT-B-32@runs/42/epoch_{epoch}.pt", "own", figures | {"val": NORMAL.cdf(skill)})
