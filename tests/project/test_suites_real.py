"""The shipped suites judge a real classifier on real images; skipped where its weights or the images are not here."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from dataset_makers_protocols import changed_catalogue
from real_classifier import ARCHITECTURE, PHOTOS, STIMULI, require_photographs, write_checkpoint

from robustcheck.datasets.class_sets import imagenet_wnids
from robustcheck.errors import RobustcheckError
from robustcheck.measure import MeasureSettings
from robustcheck.run.session import RobustSession, status_of_error
from robustcheck.run.settings import RunSettings
from robustcheck.values import Result

SUITES = Path(__file__).parents[2] / "suites"
JUDGED = ("shape_bias", "calibration", "corruptions", "supervised_shifts", "ood", "typographic")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result | str]:
    """What the suites say of the classifier, by check: a result, or ``skip`` and ``error``."""
    require_photographs()
    place = tmp_path_factory.mktemp("suites")
    model = f"timm:{ARCHITECTURE}@{write_checkpoint(place / 'lite0.safetensors')}"
    root = place / "data"
    (root / "imagenet-val").mkdir(parents=True)
    for wnid in imagenet_wnids():
        folder = root / "imagenet-val" / wnid
        folder.symlink_to(PHOTOS / wnid) if (PHOTOS / wnid).is_dir() else folder.mkdir()
    (root / "cue-conflict").symlink_to(STIMULI)
    measure = MeasureSettings(store=place / "store", roots=(root,), device="cpu")
    settings = RunSettings(measure=measure, baselines=place / "b", reports=place / "r", models=(model,), images=False)
    with pytest.MonkeyPatch.context() as patch:
        change = changed_catalogue(patch)
        change("imagenet-val", count=250)
        change("cue-conflict", count=160)
        return {name: found for stem in JUDGED for name, found in judged(settings, SUITES / f"{stem}.robust.yaml")}


def judged(settings: RunSettings, path: Path) -> list[tuple[str, Result | str]]:
    session = RobustSession(settings, date(2026, 11, 26))
    found: list[tuple[str, Result | str]] = []
    for item in session.plan(session.load(path)).items:
        # A pass over 250 photographs takes seconds: one of the three transforms will do.
        if item.check.is_about_groups or item.check.quantity.transform not in (None, "contrast:3"):
            continue
        try:
            found.append((item.check.key, session.judge(session.gather(item), item.name, 0.0)))
        except RobustcheckError as error:
            found.append((item.check.key, f"{status_of_error(error, item.model)}: {error}"))
    return found


def test_what_can_be_judged_is_and_the_rest_says_which_data_it_lacks(verdicts: dict[str, Result | str]) -> None:
    results = {name: found for name, found in verdicts.items() if isinstance(found, Result)}
    others = {name: found for name, found in verdicts.items() if isinstance(found, str)}
    assert [f"{name} {found}" for name, found in others.items() if not found.startswith("skip: ")] == []
    assert {result.verdict.status for result in results.values()} <= {"pass", "warn", "fail", "unsure"}
    assert {"shape-bias-of-classifiers", "shape-accuracy", "ece-before", "ece-after", "nll-after"} <= set(results)
    assert all(result.about_candidates for result in results.values())


def test_checks_that_are_meant_for_a_clip_leave_it_alone(verdicts: dict[str, Result | str]) -> None:
    assert not {"shape-bias", "shape-bias-16way", "ece-on-objectnet"} & set(verdicts)


def test_the_numbers_are_those_of_timm_and_torch_alone(verdicts: dict[str, Result | str]) -> None:
    ece, bias = (verdicts[name] for name in ("ece-before", "shape-bias-of-classifiers"))
    assert isinstance(ece, Result)
    assert isinstance(bias, Result)
    assert ece.score is not None
    assert bias.score is not None
    assert ece.score.value == pytest.approx(0.158381, abs=2e-6)
    assert ece.verdict.status in ("fail", "unsure")
    assert bias.score.value == pytest.approx(19 / 105)
    assert dict(bias.score.provenance)["decisions"].startswith("19 by shape, 86 by texture of")
