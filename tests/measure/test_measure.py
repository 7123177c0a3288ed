"""Measuring: one pass for all models, keys, resume, damage, failures and kills, with fake encoders."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_data import CountingDataset, cell, fake, write_colours

from robustcheck.datasets import open_dataset
from robustcheck.errors import ModelError, RobustcheckError
from robustcheck.measure import (
    Bench,
    MeasureSettings,
    group_by_budget,
    loaded_models,
    measure_cells,
    measuring,
    passes,
    scores,
    stored_score,
)
from robustcheck.models.encoders import load_model
from robustcheck.models.fake import FakeZeroShot
from robustcheck.prompts import prompt_texts
from robustcheck.store import CHUNK, Store
from robustcheck.values import Cell, Score

N = 600


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), N)


@pytest.fixture
def settings(tmp_path: Path) -> MeasureSettings:
    return MeasureSettings(store=tmp_path / "store", batch_size=50, workers=2)


class Watched:
    """Benches that count the data sets that are opened, their decodes, and the models that are loaded."""

    def __init__(self) -> None:
        self.opened: list[CountingDataset] = []
        self.models: list[FakeZeroShot] = []

    def bench(self, settings: MeasureSettings, **more: Any) -> Bench:
        bench = Bench(settings, load=self.load, **more)
        bench.shelf.open = self.open  # type: ignore[assignment]
        return bench

    def open(self, name: str, roots: object, index_dir: object) -> CountingDataset:
        self.opened.append(CountingDataset(open_dataset(name, ())))
        return self.opened[-1]

    def load(self, *arguments: object) -> FakeZeroShot:
        self.models.append(load_model(*arguments))  # type: ignore[arg-type]
        return self.models[-1]

    def measure(self, one: Cell, settings: MeasureSettings) -> Score:
        return scored(self.bench(settings).measure(one))

    @property
    def decodes(self) -> list[int]:
        return sorted(index for dataset in self.opened for index in dataset.decoded)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def scored(found: Score | RobustcheckError) -> Score:
    assert isinstance(found, Score), found
    return found


def measure(one: Cell, settings: MeasureSettings) -> Score:
    return scored(measure_cells([one], settings)[one])


def test_the_score_equals_a_straight_calculation(colours, settings):
    dataset, model = open_dataset(str(colours), ()), FakeZeroShot(seed="a")
    images = model.encode_images([model.geometry.crop(dataset.image(index)) for index in range(N)])
    texts = [list(row) for row in prompt_texts("mcm-5", dataset, dataset.class_names)]
    weights = np.stack([model.encode_texts(row).mean(axis=0) for row in texts])
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    hits = (images @ weights.T).argmax(axis=1) == dataset.labels

    score = measure(cell(fake(), colours, prompts="mcm-5"), settings)
    assert score.value == hits.mean()
    assert 0.4 < score.value < 1
    assert score.samples is not None
    np.testing.assert_array_equal(score.samples.scores, hits)
    np.testing.assert_array_equal(score.samples.ids, dataset.ids)
    np.testing.assert_array_equal(score.samples.groups, dataset.labels)
    assert score.n == N
    assert score.evidence == "live"
    assert score.low < score.value < score.high


def test_one_decode_an_image_feeds_every_model(colours, settings, watched):
    cells = [cell(fake(seed=seed), colours, metric) for seed in "abc" for metric in ("top1", "top5")]
    found = watched.bench(settings).measure_all(cells)
    assert all(isinstance(found[one], Score) for one in cells)
    assert watched.decodes == list(range(N))
    assert len(watched.models) == 3
    assert [sum(model.batches) for model in watched.models] == [N] * 3


def test_models_that_do_not_fit_together_take_turns(colours, settings, watched, monkeypatch):
    monkeypatch.setattr(measuring, "weights_bytes", lambda *_: 60)
    monkeypatch.setattr(loaded_models, "weights_bytes", lambda *_: 60)
    cells = [cell(fake(seed=seed), colours) for seed in "abc"]
    watched.bench(dataclasses.replace(settings, memory_budget=130)).measure_all(cells)
    assert len(watched.decodes) == 2 * N
    assert len(watched.models) == 3


def test_a_model_is_loaded_once_for_all_data_sets(colours, settings, watched, tmp_path):
    others = [write_colours(tmp_path / str(n), n) for n in (30, 33)]
    bench = watched.bench(settings)
    cells = [cell(fake(seed=seed), directory) for directory in (colours, *others) for seed in "ab"]
    assert all(isinstance(bench.measure(one, cells), Score) for one in cells)
    assert len(watched.models) == 2
    assert len(watched.decodes) == N + 63


def test_groups_fill_the_budget_in_order():
    a, b, c = (fake(seed=seed) for seed in "abc")
    assert group_by_budget({a: 5, b: 5, c: 5}, 10) == [[a, b], [c]]
    assert group_by_budget({a: 50, b: 5, c: 5}, 10) == [[a], [b, c]]
    assert group_by_budget({}, 10) == []


def test_a_second_run_decodes_nothing_and_loads_nothing(colours, settings, watched):
    one = cell(fake(), colours)
    first = measure(one, settings)
    assert watched.measure(one, settings) == first
    assert watched.decodes == []
    assert watched.models == []
    assert stored_score(one, settings) == first


def test_another_prompt_set_encodes_texts_only(colours, settings, watched):
    measure(cell(fake(), colours, prompts="mcm-5"), settings)
    assert stored_score(cell(fake(), colours, prompts="1"), settings) is None
    watched.measure(cell(fake(), colours, prompts="1"), settings)
    assert watched.decodes == []
    assert [model.batches for model in watched.models] == [[]]
    assert watched.models[0].texts


def test_another_metric_and_slice_cost_nothing(colours, settings):
    measure(cell(fake(), colours), settings)
    red = stored_score(cell(fake(), colours, where=(("class", "red"),)), settings)
    assert scored(red).n == N // 3
    assert stored_score(cell(fake(), colours, "mean_per_class_recall"), settings) is not None


def test_batch_size_and_workers_change_nothing(colours, settings, tmp_path):
    metrics = ("top1", "top5", "mean_per_class_recall")
    cells = [cell(fake(), colours, metric, transform="gaussian_noise:2") for metric in metrics]
    other = MeasureSettings(store=tmp_path / "other", batch_size=7, workers=5)
    first, second = (measure_cells(cells, each) for each in (settings, other))
    assert len(first) == len(metrics)
    assert second == first
    for each in cells:
        np.testing.assert_array_equal(scored(first[each]).samples.scores, scored(second[each]).samples.scores)


def test_a_transform_changes_images_and_says_so(settings, tmp_path):
    colours = write_colours(tmp_path / "few", 60)
    clean = measure(cell(fake(), colours), settings)
    noisy = measure(cell(fake(), colours, transform="gaussian_noise:5"), settings)
    assert noisy.value < clean.value
    assert "in memory, seed 0" in dict(noisy.provenance)["transform"]
    reseeded = dataclasses.replace(noisy.cell.quantity, seed=1)
    other = measure(dataclasses.replace(noisy.cell, quantity=reseeded), settings)
    assert other.key != noisy.key
    assert "in memory, seed 1" in dict(other.provenance)["transform"]


# --- keys ---------------------------------------------------------------------------------------


def test_another_label_another_score_key(colours, settings, tmp_path):
    measured = measure(cell(fake(), colours), settings)
    moved = write_colours(tmp_path / "moved", N)
    (moved / "red" / "00000.png").rename(moved / "green" / "00000.png")
    assert measure(cell(fake(), moved), settings).key != measured.key


def test_every_cell_of_a_data_set_has_its_own_score_key(settings, tmp_path):
    colours = write_colours(tmp_path / "few", 60)
    quantities = [{}, {"prompts": "1"}, {"where": (("class", "red"),)}, {"transform": "contrast:1"}]
    cells = [cell(fake(), colours, **quantity) for quantity in quantities]
    cells += [cell(fake(), colours, "top5"), cell(fake(seed="b"), colours)]
    keys = {scored(found).key for found in measure_cells(cells, settings).values()}
    assert len(keys) == len(cells)


# --- resume, damage, failure ------------------------------------------------------------------------


def output_files(settings: MeasureSettings) -> list[Path]:
    return sorted(path for path in (settings.store / "v1" / "outputs").rglob("*") if path.is_file())


def forget_summaries(settings: MeasureSettings) -> None:
    for kind in ("scores", "summaries"):
        for path in (settings.store / "v1" / kind).rglob("*.array"):
            path.unlink()


def test_a_pass_that_breaks_resumes_with_the_missing_chunks_only(colours, settings, watched, tmp_path):
    def stop(event):
        if event.done > CHUNK + 100:
            raise KeyboardInterrupt

    one = cell(fake(), colours)
    with pytest.raises(KeyboardInterrupt):
        measure_cells([one], settings, stop)
    assert len(output_files(settings)) == 1
    assert not list((settings.store / "locks").iterdir())
    resumed = watched.measure(one, settings)
    assert watched.decodes == list(range(CHUNK, N))
    assert [sum(model.batches) for model in watched.models] == [N - CHUNK]
    assert resumed == measure(one, MeasureSettings(store=tmp_path / "whole", batch_size=50))


@pytest.mark.parametrize(
    ("damage", "lost"), [("flip", range(CHUNK, 2 * CHUNK)), ("truncate", range(2 * CHUNK, N)), ("remove", range(N))]
)
def test_what_is_damaged_is_computed_again_and_no_more(colours, settings, watched, damage, lost):
    one = cell(fake(), colours)
    first = measure(one, settings)
    (path,) = output_files(settings)
    content = bytearray(path.read_bytes())
    # The middle of the file lies in the second of three chunks.
    content[len(content) // 2 + 500] ^= damage == "flip"
    path.write_bytes(bytes(content[:-9] if damage == "truncate" else content))
    if damage == "remove":
        path.unlink()
    forget_summaries(settings)
    assert stored_score(one, settings) is None
    assert watched.measure(one, settings) == first
    assert watched.decodes == list(lost)


def test_a_new_model_beside_a_half_measured_one_decodes_each_image_once(colours, settings, watched):
    a, b = cell(fake(seed="a"), colours), cell(fake(seed="b"), colours)
    measure(a, settings)
    output_files(settings)[0].unlink()
    forget_summaries(settings)
    assert all(isinstance(found, Score) for found in watched.bench(settings).measure_all([a, b]).values())
    assert watched.decodes == list(range(N))


def test_a_classifier_with_other_classes_is_refused_before_an_image_is_decoded(settings, watched, tmp_path):
    four = write_colours(tmp_path / "four", 30)
    (four / "yellow").mkdir()
    (four / "red" / "00003.png").rename(four / "yellow" / "00003.png")
    (four / "classnames.txt").write_text("blue\ngreen\nred\nyellow\n")
    found = watched.bench(settings).measure(cell(fake("classifier"), four))
    assert isinstance(found, ModelError)
    assert "1 of 4 classes are not an output: yellow" in str(found)
    assert watched.decodes == []


def test_a_batch_that_does_not_fit_is_halved(colours, settings, watched, monkeypatch, tmp_path):
    encode = FakeZeroShot.encode_images

    def small(self, batch):
        if len(batch) > 13:
            raise MemoryError("out of memory")
        return encode(self, batch)

    expected = measure(cell(fake(), colours), MeasureSettings(store=tmp_path / "whole"))
    monkeypatch.setattr(FakeZeroShot, "encode_images", small)
    assert watched.measure(cell(fake(), colours), settings) == expected
    assert max(watched.models[-1].batches) == 12


def test_progress_counts_the_images_that_are_left(colours, settings):
    events = []
    one, two = cell(fake(), colours), cell(fake(seed="b"), colours)
    measure_cells([one, two], settings, events.append)
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert events[-1].done == events[-1].total == N
    assert events[-1].models == (one.model.id, two.model.id)
    output_files(settings)[0].unlink()
    forget_summaries(settings)
    events.clear()
    measure_cells([one, two], settings, events.append)
    assert events[-1].total == N


def test_a_bench_opens_each_data_set_once_and_works_a_score_out_once(colours, settings, watched):
    one = cell(fake(), colours)
    measure(one, settings)
    bench = watched.bench(settings)
    assert bench.look_up(one) is bench.look_up(one)
    assert isinstance(bench.look_up(cell(fake(), colours, "top5")), Score)
    assert len(watched.opened) == 1


def test_what_is_not_stored_is_looked_for_once_until_something_is_made(colours, settings, monkeypatch):
    read, asked = Store.read, []

    def counted(store, kind, key):
        asked.append(kind)
        return read(store, kind, key)

    monkeypatch.setattr(Store, "read", counted)
    bench = Bench(settings)
    here = cell(fake(), colours)
    assert [bench.look_up(here), asked.count("scores")] == [None, 1]
    assert [bench.look_up(here), asked.count("scores")] == [None, 1]
    assert not (settings.store / "locks").exists()  # what lacks outputs is known without a lock
    assert isinstance(bench.measure(here), Score)
    assert asked.count("scores") == 2
    other = Bench(settings)
    assert isinstance(other.look_up(here), Score)
    assert asked.count("scores") == 3


def test_metrics_of_one_model_and_data_set_read_one_recipe(colours, settings):
    bench = Bench(settings)
    assert bench.recipes(cell(fake(), colours)) == bench.recipes(cell(fake(), colours, "top5"))
    assert bench.recipes(cell(fake(), colours)) != bench.recipes(cell(fake("b"), colours))


# --- processes ---------------------------------------------------------------------------------------

_KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from colour_data import cell, fake
from robustcheck.measure import MeasureSettings, measure_cells

def kill(event):
    if event.done > 300:
        os.kill(os.getpid(), signal.SIGKILL)

settings = MeasureSettings(store=Path({store!r}), batch_size=50)
measure_cells([cell(fake(), Path({data!r}))], settings, kill)
"""


def test_kill_9_in_mid_pass_then_the_same_result(colours, settings, watched, tmp_path):
    code = _KILLED.format(tests=str(Path(__file__).parents[1]), store=str(settings.store), data=str(colours))
    killed = subprocess.run(
        [sys.executable, "-c", code], check=False, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(output_files(settings)) == 1
    resumed = watched.measure(cell(fake(), colours), settings)
    assert watched.decodes == list(range(CHUNK, N))
    whole = measure(cell(fake(), colours), MeasureSettings(store=tmp_path / "whole"))
    assert resumed == whole
    np.testing.assert_array_equal(resumed.samples.scores, whole.samples.scores)


def test_scores_from_the_store_need_no_torch(colours, settings):
    one = cell(fake(), colours)
    score = measure(one, settings)
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from pathlib import Path; from colour_data import cell, fake\n"
        "from robustcheck.measure import MeasureSettings, measure_cells, stored_score\n"
        f"one, settings = cell(fake(), Path({str(colours)!r})), MeasureSettings(store=Path({str(settings.store)!r}))\n"
        f"assert stored_score(one, settings).value == {score.value!r}\n"
        f"assert measure_cells([one], settings)[one].key == {score.key!r}\n"
        "assert not {'torch', 'open_clip', 'timm', 'transformers'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    )


def test_a_score_says_with_what_its_outputs_were_made(colours, settings, monkeypatch):
    one = cell(fake(), colours)
    made = dict(measure(one, settings).provenance)["torch"]
    monkeypatch.setattr(passes, "provenance_libraries", lambda: (("torch", "other"),))
    monkeypatch.setattr(scores, "provenance_libraries", lambda: (("torch", "other"),))
    # The outputs are those of before; the score is made anew.
    for path in (Path(settings.store) / "v1" / "scores").rglob("*.array"):
        path.unlink()
    assert dict(measure(one, settings).provenance)["torch"] == made
