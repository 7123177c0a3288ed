"""Corruption errors over the subsets of a family against straight sums."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scoring_data import World, logits, make_world, options, painted

from robustcheck.datasets import expand
from robustcheck.protocols.corrupt.corruption_errors import alexnet_clean, alexnet_error

FOG = (("corruption", "fog"), ("severity", "all"))
SECOND = (("severity", "2"),)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = make_world(tmp_path, painted("imagenet-val", 36, noise=0.6))
    names = {name for where in (FOG, SECOND) for name in expand("imagenet-c", where)[0]}
    for place, name in enumerate(sorted(names)):
        severity = int(name[-1])
        world.add(painted(name, 36 - 6 * (place % 3), seed=place, noise=0.6 + severity / 20))
    return world


def error(world: World, name: str) -> float:
    dataset = world.datasets[name]
    return float((logits(dataset).argmax(axis=1) != dataset.labels).mean())


@pytest.mark.parametrize("where", [FOG, SECOND])
def test_the_three_errors(world: World, where: tuple[tuple[str, str], ...]) -> None:
    names, _ = expand("imagenet-c", where)
    subsets = [(name.split("/")[1], int(name.split("/")[2]), error(world, name)) for name in names]
    corruptions = list(dict.fromkeys(corruption for corruption, _, _ in subsets))
    clean, plain, relative, absolute = error(world, "imagenet-val"), [], [], []
    for corruption in corruptions:
        rows = [(severity, own) for name, severity, own in subsets if name == corruption]
        alexnet = [alexnet_error(corruption, severity) for severity, _ in rows]
        plain.append(sum(own for _, own in rows) / sum(alexnet))
        others = [other - alexnet_clean(corruption) for other in alexnet]
        relative.append(sum(own - clean for _, own in rows) / sum(others))
        absolute.append(np.mean([own for _, own in rows]))
    found = world.score("mce", "imagenet-c", where=where)
    assert found.value == pytest.approx(np.mean(plain), abs=1e-12)
    assert dict(found.provenance)["subsets"] == f"{len(names)} of (corruption, severity)"
    assert world.score("relative_mce", "imagenet-c", where=where).value == pytest.approx(np.mean(relative), abs=1e-12)
    mean = world.score("mean_corruption_error", "imagenet-c", where=where)
    assert mean.value == pytest.approx(np.mean(absolute), abs=1e-12)
    assert mean.low < mean.value < mean.high
    assert mean.value == pytest.approx(1 - world.score("top1", "imagenet-c", where=where).value, abs=1e-12)


def test_another_set_of_clean_images(world: World) -> None:
    world.add(painted("clean", 30, seed=77))
    base = world.score("relative_mce", "imagenet-c", where=SECOND)
    found = world.score("relative_mce", "imagenet-c", where=SECOND, options=options(clean="clean"))
    names, _ = expand("imagenet-c", SECOND)
    scale = np.mean([1 / (alexnet_error(n.split("/")[1], 2) - alexnet_clean(n.split("/")[1])) for n in names])
    expected = (error(world, "imagenet-val") - error(world, "clean")) * scale
    assert found.value - base.value == pytest.approx(expected, abs=1e-12)
    assert found.key != base.key


def test_only_relative_errors_need_clean_images(world: World) -> None:
    del world.datasets["imagenet-val"]
    assert world.score("mce", "imagenet-c", where=SECOND).value > 0
    assert "imagenet-val is not here" in world.refusal("relative_mce", "imagenet-c", where=SECOND)


def test_what_is_no_family_is_refused(world: World) -> None:
    for name, where in (("imagenet-val", ()), ("imagenet-c/fog/2", ()), ("imagenet-c", (*SECOND, ("class", "red")))):
        text = world.refusal("mce", name, where=where)
        assert "mce is over the subsets of a family" in text
    three = (("corruption", "near_focus"), ("severity", "1"))
    world.add(painted("imagenet-3dcc/near_focus/1", 12))
    assert "AlexNet has no error on 'near_focus'" in world.refusal("mce", "imagenet-3dcc", where=three)
    assert world.score("mean_corruption_error", "imagenet-3dcc", where=three).n == 12


def test_each_subset_is_measured_once(world: World) -> None:
    for metric in ("mce", "relative_mce", "mean_corruption_error", "top1"):
        world.score(metric, "imagenet-c", where=SECOND)
    counts = world.decodes()
    used = {*expand("imagenet-c", SECOND)[0], "imagenet-val"}
    assert {name: count for name, count in counts.items() if count} == {
        name: len(world.datasets[name]) for name in used
    }
