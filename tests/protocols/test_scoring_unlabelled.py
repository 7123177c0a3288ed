"""Estimated accuracy: against known truth, its interval over repeated draws, and what is refused."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import linregress

from robustcheck.errors import RobustcheckError
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.model_sets import resolve_one
from robustcheck.values import Cell, Quantity, Score

KNOWN, OTHER = "imagenet-v2", "imagenet-sketch"
MODELS = tuple(f"predictions:{name}" for name in "abcdef")


def write(directory: Path, seed: int, n: int = 1_000, *, jumbled: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Write what six models say of two sets; return how far each answer is from the label, on both: (models, n)."""
    rng, said = np.random.default_rng(seed), []
    labels = np.arange(n) % 1_000
    ids = np.array([f"{label}/{number}.jpg" for number, label in enumerate(labels)])
    for name, shift in ((KNOWN, 0.0), (OTHER, 0.5)):
        hardness, common, answers = 0.7 * rng.normal(size=n), rng.integers(1, 10, size=n), []
        for place in range(len(MODELS)):
            ability = 0.2 + 0.24 * (rng.permutation(6)[place] if jumbled else place)
            right = hardness + 0.7 * rng.normal(size=n) < ability - shift
            wrong = (labels + np.where(rng.random(n) < 0.5, common, rng.integers(1, 10, size=n))) % 1_000
            model = directory / "abcdef"[place]
            model.mkdir(exist_ok=True)
            answers.append(np.where(right, labels, wrong))
            order = rng.permutation(n)
            np.savez(model / f"{name}.npz", ids=ids[order], predicted=answers[-1][order], labels=labels[order])
        said.append(np.array(answers))
    return said[0] - labels, said[1] - labels


def estimate(directory: Path, model: str = MODELS[2], **options: str) -> Score:
    given = {"known": KNOWN, "with": ", ".join(MODELS), **options}
    cell = Cell(resolve_one(model), Quantity("estimated_accuracy", OTHER, options=tuple(sorted(given.items()))))
    found = Bench(MeasureSettings(directory / "store")).measure(cell)
    if isinstance(found, RobustcheckError):
        raise found
    assert isinstance(found, Score)
    return found


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_is_the_solution_over_the_agreements_of_all_pairs(tmp_path: Path) -> None:
    """Two classes of ImageNet are called sunglasses and two missile: an answer with the other one is another answer."""
    answers, pairs = write(tmp_path, 0), list(combinations(range(6), 2))
    p, q = (ndtri([(side[i] == side[j]).mean() for i, j in pairs]) for side in answers)
    t, slope = ndtri((answers[0] == 0).mean(axis=1)), linregress(p, q).slope
    rows = np.array([[0.5 * (place in pair) for place in range(6)] for pair in pairs])
    solved = ndtr(np.linalg.lstsq(rows, q + slope * (rows @ t - p), rcond=None)[0])
    score = estimate(tmp_path)
    assert score.value == pytest.approx(solved[2], abs=1e-9)
    assert score.low < (answers[1][2] == 0).mean() < score.high
    said = dict(score.provenance)
    assert said["estimate"] == "by ALine-D, without a label of imagenet-sketch: it is not a measurement"
    assert "15 pairs of 6 models" in said["line of agreements"]
    shown, learnt = answers[1].shape[1], answers[0].shape[1]
    others = score.n - shown - learnt
    assert others > 6
    assert said["n counts"] == f"{shown:,} images, {learnt:,} of the known set, {others:,} families and models"
    by_line = estimate(tmp_path, by="aline-s")
    line = linregress(p, q)
    assert by_line.value == pytest.approx(ndtr(line.intercept + line.slope * t[2]), abs=1e-9)


@pytest.mark.parametrize("by", ["aline-d", "aline-s"])
def test_the_interval_holds_the_truth(tmp_path: Path, by: str) -> None:
    """It is wide on purpose: in 80 of 80 such draws it held the truth."""
    _, answers = write(tmp_path, 1)
    for place in (0, 5):
        score = estimate(tmp_path, MODELS[place], by=by)
        assert score.low < (answers[place] == 0).mean() < score.high
        assert score.high - score.low < 0.25


def test_two_models_and_no_known_set_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 1)
    with pytest.raises(RobustcheckError, match="1 other model"):
        estimate(tmp_path, **{"with": f"{MODELS[0]}, {MODELS[2]}"})
    with pytest.raises(RobustcheckError, match="no set with labels is named"):
        estimate(tmp_path, known="")


def test_one_network_under_two_names_counts_once() -> None:
    """It agrees with itself on every image, which says nothing of others."""
    with pytest.raises(RobustcheckError, match="1 other model"):
        estimate(Path(), "openclip:RN50-quickgelu/openai", **{"with": "openclip:RN50/openai, openclip:ViT-B-32/openai"})


def test_agreements_on_no_line_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 2, jumbled=True)
    with pytest.raises(RobustcheckError, match="agreements lie on no line"):
        estimate(tmp_path)
