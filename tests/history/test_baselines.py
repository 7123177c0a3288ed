"""Baselines: blessing a run, holding later runs against it, and never trusting a stale or missing number."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from colour_data import write_colours
from factories import live_score, published_score
from forks import run_fork
from run_makers import make_result, make_run

from robustcheck.errors import RecordError
from robustcheck.files.sealed import seal, unseal
from robustcheck.history.baselines import Baseline, bless, load_baseline
from robustcheck.history.kept_samples import read_samples, write_samples
from robustcheck.measure import MeasureSettings, stored_score
from robustcheck.models.reference import parse_reference
from robustcheck.report import load_run, write_report
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.stats.statistics import STATISTICS
from robustcheck.values import Cell, ModelRef, Quantity, Result, Samples, Score, Status, Verdict
from robustcheck.values.checks import PlannedCheck

ZOO = Path(__file__).parents[2] / "robustcheck" / "zoo"
V2, R = Quantity("top1", "imagenet-v2"), Quantity("top1", "imagenet-r")
CORRECT = np.array([1, 0, 1, 1])


def model(name: str, architecture: str = "ViT-B-32") -> ModelRef:
    return ModelRef(name, f"openclip:{name}", "openclip", architecture, name)


def score(of: ModelRef, quantity: Quantity = V2, correct: np.ndarray = CORRECT) -> Score:
    return replace(
        live_score(correct, quantity, of), key=f"{of.id}-{quantity.dataset}-{correct.sum():g}".replace("/", "-")
    )


def result(own: Score, **changes: object) -> Result:
    return make_result(model=own.cell.model, score=own, **changes)


@pytest.fixture
def blessed(tmp_path: Path) -> Callable[..., Baseline]:
    """Bless a run of these results, whose own live scores are in the store."""

    def make(*results: Result) -> Baseline:
        for one in results:
            if one.score is not None and one.score.samples is not None:
                write_samples(tmp_path / "samples", one.score.key, one.score.samples)
        write_report(make_run(*results), tmp_path / "run")
        bless(tmp_path / "run", "main", tmp_path / "baselines", tmp_path / "samples")
        return load_baseline("main", tmp_path / "baselines")

    return make


# --- the counterpart ----------------------------------------------------------------------------


def test_the_same_model_comes_first(blessed: Callable[..., Baseline]) -> None:
    baseline = blessed(result(score(model("a"))), result(score(model("b"), correct=np.array([0, 0, 0, 1]))))
    assert baseline.score(model("a"), V2).value == 0.75
    assert baseline.score(model("b"), V2).value == 0.25


def test_else_the_only_model_of_its_architecture(blessed: Callable[..., Baseline]) -> None:
    baseline = blessed(result(score(model("a"))), result(score(model("b", "RN50"))))
    assert baseline.score(model("new", "RN50"), V2).cell.model.id == "b"


def test_else_the_only_model(blessed: Callable[..., Baseline]) -> None:
    assert blessed(result(score(model("a")))).score(model("new", "RN50"), V2).cell.model.id == "a"


@pytest.mark.parametrize("architectures", [("ViT-B-32", "ViT-B-32"), ("RN50", "RN101"), ("", "RN50")])
@pytest.mark.parametrize("candidate", ["ViT-B-32", ""])
def test_an_ambiguous_counterpart_is_an_error(
    blessed: Callable[..., Baseline], architectures: tuple[str, str], candidate: str
) -> None:
    baseline = blessed(*(result(score(model(name, of))) for name, of in zip("ab", architectures, strict=True)))
    with pytest.raises(RecordError, match="no model to hold new against: it holds a, b"):
        baseline.score(model("new", candidate), V2)


def test_another_quantity_is_an_error(blessed: Callable[..., Baseline]) -> None:
    with pytest.raises(RecordError, match="baseline main: no measurement of top1 on imagenet-r"):
        blessed(result(score(model("a")))).score(model("a"), R)


def test_what_a_run_was_held_against_is_not_in_its_baseline(blessed: Callable[..., Baseline]) -> None:
    now, before = score(model("a")), score(model("a"), correct=np.array([1, 0, 0, 0]))
    baseline = blessed(result(now, x=before), result(score(model("a"), R), x=published_score(0.5, 100, R, model("a"))))
    assert baseline.score(model("a"), V2).value == now.value
    assert baseline.score(model("a"), R).evidence == "live"


@pytest.mark.parametrize("turned", [False, True])
def test_a_measurement_counts_where_a_figure_is_there_too(blessed: Callable[..., Baseline], turned: bool) -> None:
    both = [result(score(model("a"))), result(published_score(0.5, 100, V2, model("a")), check_key="other")]
    assert blessed(*(both[::-1] if turned else both)).score(model("a"), V2).evidence == "live"


def test_a_published_figure_needs_no_per_image_scores(blessed: Callable[..., Baseline]) -> None:
    found = blessed(result(published_score(0.5, 100, V2, model("a")))).score(model("a"), V2)
    assert (found.value, found.samples) == (0.5, None)


# --- blessing and loading -----------------------------------------------------------------------


def test_samples_come_back_as_they_were(blessed: Callable[..., Baseline]) -> None:
    own = score(model("a"))
    assert own.samples is not None
    baseline = blessed(result(own))
    found = baseline.samples(baseline.score(model("a"), V2))
    for name in ("ids", "scores", "groups"):
        np.testing.assert_array_equal(getattr(found, name), getattr(own.samples, name))
    assert found.statistic == "mean"


@pytest.mark.parametrize(
    ("aggregate", "column"),
    [("mean", None), ("weighted_sum", "weights"), ("ratio", "counted"), ("ece", "correct"), ("ece_mass", "correct")],
)
def test_samples_that_0_1_0_wrote_are_read(tmp_path: Path, aggregate: str, column: str | None) -> None:
    """Its files say `aggregate`, and hold the further column of any statistic as `partner`."""
    ids, scores, groups = np.array(["a", "b"]), np.array([0.25, 1.0]), np.array([0, 3])
    further = {} if column is None else {"partner": np.array([0.5, 1.0])}
    np.savez_compressed(
        tmp_path / "key.npz",
        ids=ids,
        scores=scores,
        groups=groups,
        clusters=np.array([7, 7]),
        aggregate=np.array(aggregate),
        bins=np.array(20),
        **further,
    )
    found = read_samples(tmp_path, "key")
    assert found is not None
    assert (found.ids.tolist(), found.scores.tolist(), found.groups.tolist()) == (["a", "b"], [0.25, 1.0], [0, 3])
    assert (found.statistic, found.bins) == (aggregate, 20)
    assert found.clusters is not None
    assert found.clusters.tolist() == [7, 7]
    columns = {name: getattr(found, name) for name in ("weights", "counted", "correct")}
    assert {name: value.tolist() for name, value in columns.items() if value is not None} == (
        {} if column is None else {column: [0.5, 1.0]}
    )


def test_samples_of_an_unknown_statistic_are_not_read(tmp_path: Path) -> None:
    samples = Samples(np.array(["a"]), np.array([1.0]), np.array([0]), "the best of them")
    write_samples(tmp_path, "key", samples)
    with pytest.raises(RecordError, match="damaged"):
        read_samples(tmp_path, "key")


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize(
    "columns", [(), ("weights",), ("counted",), ("correct",), ("clusters",), ("weights", "clusters")]
)
def test_samples_of_every_statistic_come_back_as_they_were(
    tmp_path: Path, statistic: str, columns: tuple[str, ...]
) -> None:
    more = {name: np.array([0.25, 1.0, 0.0]) for name in ("weights", "counted", "correct")}
    more["clusters"] = np.array([4, 4, 9])
    given = {name: more[name] for name in columns}
    scores = np.array([0.1, np.nextafter(0.5, 1), 1.0])
    groups = np.array([-1, 0, 3])
    samples = Samples(np.array(["a", "bé", "c/1"]), scores, groups, statistic, **given, bins=7)
    write_samples(tmp_path, "key", samples)
    found = read_samples(tmp_path, "key")
    assert found is not None
    assert (found.statistic, found.bins) == (statistic, 7)
    for name in ("ids", "scores", "groups", "weights", "counted", "correct", "clusters"):
        then, now = getattr(samples, name), getattr(found, name)
        assert (then is None) == (now is None)
        if then is not None:
            np.testing.assert_array_equal(now, then)
            assert now.dtype == then.dtype


def test_blessing_again_replaces_the_whole_baseline(blessed: Callable[..., Baseline], tmp_path: Path) -> None:
    blessed(result(score(model("a"))))
    assert blessed(result(score(model("b")))).score(model("b"), V2).cell.model.id == "b"
    assert [path.name for path in (tmp_path / "baselines").iterdir()] == ["main"]
    # The second comes after the first, whose scores it carries on as its origin.
    kept = sorted(path.name for path in (tmp_path / "baselines" / "main" / "samples").iterdir())
    assert kept == ["a-imagenet-v2-3.npz", "b-imagenet-v2-3.npz"]


def test_gone_samples_are_an_error_at_bless(tmp_path: Path) -> None:
    write_report(make_run(result(score(model("a"))), result(score(model("b")))), tmp_path / "run")
    with pytest.raises(RecordError, match="scores of 2 measurements are no longer in the store"):
        bless(tmp_path / "run", "main", tmp_path / "baselines", tmp_path / "samples")
    assert not (tmp_path / "baselines").exists()


DAMAGES = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-30]),
    "other": lambda path: path.write_bytes(b"not an archive"),
    "flipped": lambda path: path.write_bytes(path.read_bytes().replace(b"ids.npy", b"idz.npy")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_samples_are_an_error_and_are_written_anew(blessed: Callable[..., Baseline], damage: str) -> None:
    own = score(model("a"))
    baseline = blessed(result(own))
    DAMAGES[damage](baseline.directory / "samples" / f"{own.key}.npz")
    with pytest.raises(RecordError, match="the per-image scores of a are gone or damaged"):
        baseline.samples(own)
    assert own.samples is not None
    write_samples(baseline.directory / "samples", own.key, own.samples)
    assert baseline.samples(own).scores.tolist() == own.samples.scores.tolist()


def test_a_missing_baseline_names_the_known_ones(blessed: Callable[..., Baseline], tmp_path: Path) -> None:
    blessed(result(score(model("a"))))
    with pytest.raises(RecordError, match=r"no baseline 'mian' \(known: main\)(.|\n)*did you mean 'main'\?"):
        load_baseline("mian", tmp_path / "baselines")
    with pytest.raises(RecordError, match=r"known: none(.|\n)*robustcheck bless RUN --as main"):
        load_baseline("main", tmp_path / "nothing")


def test_one_flipped_bit_of_kept_scores_is_found(tmp_path: Path) -> None:
    samples = Samples(np.array(["a", "b"]), np.array([0.25, 1.0]), np.array([0, 1]), clusters=np.array([4, 9]))
    write_samples(tmp_path, "key", samples)
    path = tmp_path / "key.npz"
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        for bit in (0, 5):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            path.write_bytes(bytes(changed))
            with pytest.raises(RecordError, match="damaged"):
                read_samples(tmp_path, "key")


def test_samples_of_a_later_version_are_refused_and_never_removed(tmp_path: Path) -> None:
    own = score(model("a"))
    assert own.samples is not None
    write_samples(tmp_path / "samples", own.key, own.samples)
    path = tmp_path / "samples" / f"{own.key}.npz"
    written = unseal(path.read_bytes(), own.key)
    assert written is not None
    with np.load(io.BytesIO(written.content)) as arrays:
        columns = dict(arrays)
    content = io.BytesIO()
    np.savez_compressed(content, **columns, moments=np.zeros(3))
    later = seal(content.getvalue(), own.key)
    path.write_bytes(later)
    write_report(make_run(result(own)), tmp_path / "run")
    for act in (
        lambda: read_samples(tmp_path / "samples", own.key),
        lambda: write_samples(tmp_path / "samples", own.key, own.samples),  # type: ignore[arg-type]
        lambda: bless(tmp_path / "run", "main", tmp_path / "baselines", tmp_path / "samples"),
    ):
        with pytest.raises(RecordError, match=r"columns that are not known: moments(.|\n)*install the later version"):
            act()
    assert path.read_bytes() == later


def test_scores_kept_under_another_key_are_not_read(tmp_path: Path) -> None:
    write_samples(tmp_path, "one", Samples(np.array(["a"]), np.array([1.0]), np.array([0])))
    (tmp_path / "one.npz").rename(tmp_path / "two.npz")
    with pytest.raises(RecordError, match="damaged"):
        read_samples(tmp_path, "two")


def test_scores_from_before_there_were_checksums_are_read(tmp_path: Path) -> None:
    columns = {"ids": np.array(["a"]), "scores": np.array([1.0]), "groups": np.array([0]), "bins": np.array(15)}
    np.savez_compressed(tmp_path / "key.npz", **columns, aggregate=np.array("mean"))
    found = read_samples(tmp_path, "key")
    assert found is not None
    assert found.statistic == "mean"
    # A changed name of an array must not drop the array in silence.
    content = (tmp_path / "key.npz").read_bytes()
    (tmp_path / "key.npz").write_bytes(content.replace(b"groups.npy", b"grouqs.npy"))
    with pytest.raises(RecordError, match="damaged"):
        read_samples(tmp_path, "key")


def test_one_flipped_bit_of_a_baseline_is_found(blessed: Callable[..., Baseline], tmp_path: Path) -> None:
    path = blessed(result(score(model("a")))).directory / "run.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        changed = bytearray(whole)
        changed[place] ^= 4
        path.write_bytes(bytes(changed))
        with pytest.raises(RecordError, match=r"damaged|UTF-8"):
            load_baseline("main", tmp_path / "baselines")


@pytest.mark.parametrize("status", ["fail", "error"])
def test_a_run_with_failures_needs_a_reason_which_is_kept(tmp_path: Path, status: Status) -> None:
    own = score(model("a"))
    assert own.samples is not None
    write_samples(tmp_path / "samples", own.key, own.samples)
    write_report(make_run(result(own), result(own, check_key="b", verdict=Verdict(status, "no"))), tmp_path / "run")
    places = (tmp_path / "run", "main", tmp_path / "baselines", tmp_path / "samples")
    counts = "1 failed check and 0 errors" if status == "fail" else "0 failed checks and 1 error"
    with pytest.raises(RecordError, match=f'(?s){counts}.*--force --why "'):
        bless(*places)
    assert not (tmp_path / "baselines").exists()
    bless(*places, why="the labels of b are wrong")
    found = load_baseline("main", tmp_path / "baselines")
    assert found.run.blessed_why == "the labels of b are wrong"
    assert found.label(own) == "baseline main (a; blessed with failures: the labels of b are wrong)"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"unread": ("b.robust.yaml",)}, r"suites that could not be read: b\.robust\.yaml"),
        ({"not_run": ("a::b", "a::c")}, r"was interrupted; not run: 2 checks"),
    ],
)
def test_a_run_that_is_not_whole_needs_a_reason(tmp_path: Path, part: dict[str, tuple[str, ...]], said: str) -> None:
    own = score(model("a"))
    assert own.samples is not None
    write_samples(tmp_path / "samples", own.key, own.samples)
    write_report(replace(make_run(result(own)), **part), tmp_path / "run")  # type: ignore[arg-type]
    places = (tmp_path / "run", "main", tmp_path / "baselines", tmp_path / "samples")
    with pytest.raises(RecordError, match=said):
        bless(*places)
    bless(*places, why="b is about another model")


@pytest.mark.parametrize("after", range(3))
def test_a_killed_bless_leaves_the_old_baseline_or_the_new_one(
    blessed: Callable[..., Baseline], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Of the writes of a bless (two files of scores, then the record) only the first ``after`` are done."""
    old, new = score(model("a")), score(model("a"), correct=np.array([0, 0, 0, 1]))
    blessed(result(old))
    for one in (new, score(model("b"))):
        assert one.samples is not None
        write_samples(tmp_path / "samples", one.key, one.samples)
    write_report(make_run(result(new), result(score(model("b")))), tmp_path / "run")
    left = [after]

    def replace_some(temporary: Path, target: Path) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        os.replace(temporary, target)

    monkeypatch.setattr(Path, "replace", replace_some)
    with pytest.raises(KeyboardInterrupt):
        bless(tmp_path / "run", "main", tmp_path / "baselines", tmp_path / "samples")
    monkeypatch.undo()
    assert load_baseline("main", tmp_path / "baselines").score(model("a"), V2).value == old.value
    bless(tmp_path / "run", "main", tmp_path / "baselines", tmp_path / "samples")
    assert load_baseline("main", tmp_path / "baselines").score(model("a"), V2).value == new.value
    kept = {path.name for path in (tmp_path / "baselines" / "main" / "samples").iterdir()}
    # The line that the baselines are of began with the old one.
    assert kept == {f"{new.key}.npz", f"{old.key}.npz", "b-imagenet-v2-3.npz"}


@pytest.mark.parametrize("root", ["/ci/checkout", ""])
def test_a_baseline_of_another_checkout_is_matched(blessed: Callable[..., Baseline], tmp_path: Path, root: str) -> None:
    """``root`` is where the blessed run was started, or nothing where the record is from before it said so."""
    there = Quantity("top1", "/ci/checkout/data/val", prompts="/ci/checkout/prompts.txt", options=(("a", "b"),))
    here = replace(there, dataset="/home/me/data/val", prompts="/home/me/prompts.txt")
    other = replace(here, dataset="/home/me/other/test")
    baseline = blessed(result(replace(score(model("a"), there), key="key")))
    found = replace(baseline, run=replace(baseline.run, root=root), here="/home/me")
    assert found.score(model("a"), here).value == 0.75
    with pytest.raises(RecordError, match="no measurement of"):
        found.score(model("a"), other)


# --- a session with fake encoders ---------------------------------------------------------------

NOT_WORSE = """\
robustcheck: 1
title: No worse than main
models: ["fake:zero-shot@a"]
checks:
  - id: not-worse
    measure: {metric: top1, dataset: ./colours}
    expect: {no_worse_than: {baseline: main, allowed_drop: 0.5pp}}
"""


@pytest.fixture
def colours(tmp_path: Path) -> RobustSession:
    """A session over a directory of colours, whose first run is blessed as ``main``."""
    write_colours(tmp_path / "colours", 90, noise=150)
    (tmp_path / "a.robust.yaml").write_text(NOT_WORSE)
    session = fresh(tmp_path)
    item = planned(session, tmp_path)
    own = session.book.score(item.cells[0])
    assert own.samples is not None
    write_samples(session.settings.samples, own.key, own.samples)
    write_report(make_run(result(own)), tmp_path / "reports" / "one")
    bless(tmp_path / "reports" / "one", "main", session.settings.baselines, session.settings.samples)
    return session


def fresh(directory: Path) -> RobustSession:
    settings = RunSettings(MeasureSettings(directory / "store"), directory / "baselines", directory / "reports")
    return RobustSession(settings, date(2026, 11, 22))


def planned(session: RobustSession, directory: Path) -> PlannedCheck:
    return session.plan(session.load(directory / "a.robust.yaml")).items[0]


def judged(directory: Path) -> Result:
    session = fresh(directory)
    return session.judge(session.gather(planned(session, directory)), "an-id", 0.0)


def test_the_same_images_are_paired(colours: RobustSession, tmp_path: Path) -> None:
    verdict = judged(tmp_path).verdict
    assert (verdict.compared, verdict.n) == (0.0, 90)
    assert dict(verdict.facts)["paired over"] == "90 images, 0 of them judged differently"


def test_the_second_judgement_reads_no_samples(
    colours: RobustSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those of the baseline nor the outputs and summaries that the score was made from."""
    first = judged(tmp_path).verdict
    for kind in ("outputs", "summaries"):
        shutil.rmtree(tmp_path / "store" / "v1" / kind)

    def read(*_: object) -> Samples:
        raise AssertionError("samples were read")

    monkeypatch.setattr(Baseline, "samples", read)
    assert judged(tmp_path).verdict == first


def test_samples_are_made_from_the_images_again_where_a_score_outlived_its_outputs(
    colours: RobustSession, tmp_path: Path
) -> None:
    for kind in ("outputs", "summaries"):
        shutil.rmtree(tmp_path / "store" / "v1" / kind)
    shutil.rmtree(tmp_path / "store" / "samples")
    own = judged(tmp_path).score
    assert own is not None
    kept = read_samples(tmp_path / "store" / "samples", own.key)
    assert kept is not None
    assert kept.scores.mean() == own.value


def test_other_images_under_the_same_name_are_an_error(colours: RobustSession, tmp_path: Path) -> None:
    shutil.move(tmp_path / "colours" / "red" / "00000.png", tmp_path / "colours" / "red" / "other.png")
    with pytest.raises(RecordError, match=r"do not hold the same samples(.|\n)*bless a run on the data set as it is"):
        judged(tmp_path)


def test_another_image_under_the_same_name_is_an_error(colours: RobustSession, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "colours" / "green" / "00001.png", tmp_path / "colours" / "red" / "00000.png")
    with pytest.raises(RecordError, match=r"measured on other data: \w{12} then, \w{12} now(.|\n)*bless a run"):
        judged(tmp_path)


def test_gone_samples_of_a_baseline_are_an_error(colours: RobustSession, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "baselines" / "main" / "samples")
    with pytest.raises(RecordError, match=r"the per-image scores of .* are gone or damaged"):
        judged(tmp_path)


def test_a_missing_baseline_is_said_before_anything_is_measured(colours: RobustSession, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "baselines")
    shutil.rmtree(tmp_path / "colours")
    with pytest.raises(RecordError, match="no baseline 'main'"):
        judged(tmp_path)


def test_a_run_that_was_held_against_a_baseline_can_become_one(colours: RobustSession, tmp_path: Path) -> None:
    write_report(make_run(judged(tmp_path)), tmp_path / "reports" / "two")
    settings = colours.settings
    bless(tmp_path / "reports" / "two", "next", settings.baselines, settings.samples)
    assert load_baseline("next", settings.baselines).run.results[0].x is not None


# --- pytest, with checkpoints of the zoo --------------------------------------------------------

MEASURED = """\
robustcheck: 1
title: Digits
models: ["zoo:vit-plain-1000"]
checks:
  - id: top1
    measure: {metric: top1, dataset: digits}
    expect: {at_least: 50%}
"""
DIGITS = NOT_WORSE.replace('"fake:zero-shot@a"', '"zoo:vit-plain-1000"').replace("./colours", "digits")


def run(directory: Path, *words: str, apart: bool = False) -> tuple[int, str, list[Result]]:
    """Run pytest as a user does, ``apart``: in a process that starts from nothing; return what it said and found."""
    reports = directory / f"reports-{len(list(directory.glob('reports-*')))}"
    given = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "GITHUB", "ROBUST"))}
    words = ("pytest", "-p", "no:cacheprovider", "--robust-report", str(reports), *words)
    if apart:
        command = [sys.executable, "-m", *words]
        ended = subprocess.run(command, cwd=directory, env=given, capture_output=True, text=True, check=False)
    else:
        ended = run_fork(directory, *words, environ=given, live=True)
    said = ended.stdout + ended.stderr
    assert "Traceback" not in said
    records = [load_run(path) for path in reports.glob("*/run.json")]
    return ended.returncode, said, [result for record in records for result in record.results]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a measured and blessed run, and a checkpoint directory of its own."""
    directory = tmp_path_factory.mktemp("project")
    shutil.copytree(ZOO / "vit-plain-1000", directory / "checkpoint")
    (directory / "pytest.ini").write_text("[pytest]\n")
    (directory / "measured.robust.yaml").write_text(MEASURED)
    (directory / "worse.robust.yaml").write_text(DIGITS)
    code, said, _ = run(directory, "measured.robust.yaml", "--robust-evidence", "live")
    assert code == 0, said
    report = next((directory / "reports-0").iterdir())
    assert run_fork(directory, "robustcheck", "bless", str(report), "--as", "main").returncode == 0
    return directory


def test_the_same_model_passes_without_torch_and_without_its_published_figure(project: Path) -> None:
    (project / "conftest.py").write_text(
        "import sys\ndef pytest_unconfigure(config):\n    print('HEAVY', 'torch' in sys.modules)\n"
    )
    code, said, results = run(project, "worse.robust.yaml", "-s", apart=True)
    assert (code, results[0].verdict.status) == (0, "pass"), said
    assert results[0].score is not None
    assert (results[0].score.evidence, results[0].verdict.compared) == ("live", 0.0)
    assert "HEAVY False" in said


def test_a_missing_baseline_is_an_error_and_no_skip(project: Path) -> None:
    (project / "missing.robust.yaml").write_text(DIGITS.replace("main", "mian"))
    code, said, results = run(project, "missing.robust.yaml", "-rs")
    assert (code, results) == (pytest.ExitCode.USAGE_ERROR, [])
    assert "missing.robust.yaml:7:5: no baseline 'mian'" in said
    assert "did you mean 'main'?" in said


def test_a_changed_checkpoint_is_measured_anew_and_a_damaged_one_fails(project: Path) -> None:
    checked = ["worse.robust.yaml", "--models", "local-dir:checkpoint"]
    code, _, [same] = run(project, *checked)
    assert (code, same.verdict.status, same.verdict.compared) == (0, "pass", 0.0)
    perturb(project / "checkpoint", noise=0.25)
    code, said, [damaged] = run(project, *checked)
    assert (code, damaged.verdict.status) == (pytest.ExitCode.TESTS_FAILED, "fail"), said
    assert same.score is not None
    assert damaged.score is not None
    assert damaged.score.key != same.score.key
    assert damaged.score.value < same.score.value - 0.05
    assert "baseline main (vit-plain-1000)" in damaged.verdict.reason


def test_one_changed_weight_is_another_model_to_the_store(project: Path, tmp_path: Path) -> None:
    shutil.copytree(ZOO / "vit-plain-1000", tmp_path / "copy")
    settings = MeasureSettings(project / ".robustcheck" / "store")
    cell = Cell(parse_reference(f"local-dir:{tmp_path / 'copy'}"), Quantity("top1", "digits"))
    assert stored_score(cell, settings) is not None
    perturb(tmp_path / "copy", noise=0.0)
    assert stored_score(cell, settings) is None


def perturb(directory: Path, noise: float) -> None:
    """Add noise to every weight of the zoo's checkpoint, or without noise change a single one."""
    from safetensors.numpy import load_file, save_file

    rng = np.random.default_rng(3)
    tensors = load_file(ZOO / "vit-plain-1000" / "open_clip_model.safetensors")
    noisy = {
        name: np.asarray(value + noise * rng.normal(size=value.shape), dtype=value.dtype)
        for name, value in tensors.items()
    }
    if not noise:
        name = next(name for name, value in noisy.items() if value.ndim == 2)
        noisy[name][0, 0] = np.nextafter(noisy[name][0, 0], np.array(2, noisy[name].dtype))
    save_file(noisy, directory / "open_clip_model.safetensors", metadata={"format": "pt"})
