"""Twelve models on ten data sets: each model is loaded once, and each image decoded once for all that fit in memory."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from colour_data import CountingDataset, write_colours
from forks import run_fork

from robustcheck.datasets import open_dataset
from robustcheck.measure import MeasureSettings, loaded_models, measuring
from robustcheck.models.encoders import load_model
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import ModelRef

MODELS, SETS = "abcdefghijkl", 10
IMAGES = [12 + place for place in range(SETS)]
WEIGHS = 100

# A conftest that writes down what each worker loads and decodes.
_WATCHING = """
import os
from pathlib import Path
from robustcheck.measure import measuring
from robustcheck.measure.shelf import Shelf

HERE = Path(__file__).parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
load, images = measuring.load_model, Shelf.images


def note(file, text):
    with open(HERE / file, "a") as out:
        out.write(f"{text}\\n")


def loading(ref, *more):
    note("loads", f"{WORKER} {ref.text}")
    return load(ref, *more)


class Noting:
    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def __len__(self):
        return len(self.inner)

    def image(self, index):
        note("decodes", f"{self.inner.fingerprint} {index}")
        return self.inner.image(index)


Shelf.images = lambda self, wanted: Noting(images(self, wanted))
made = measuring.Bench.__post_init__


def post_init(self):
    self.load = loading
    made(self)


measuring.Bench.__post_init__ = post_init
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("twelve")
    checks = ""
    for n in IMAGES:
        write_colours(place / f"set-{n}", n)
        checks += f"  - id: on-{n}\n    measure: {{metric: top1, dataset: ./set-{n}}}\n    expect: {{at_least: 1%}}\n"
    models = ", ".join(f'"fake:zero-shot@{name}"' for name in MODELS)
    (place / "a.robust.yaml").write_text(f"robustcheck: 1\ntitle: Twelve by ten\nmodels: [{models}]\nchecks:\n{checks}")
    (place / "pytest.ini").write_text("[pytest]\n")
    return place


@pytest.mark.parametrize(("fitting", "groups"), [(12, 1), (5, 3)])
def test_loads_and_passes_are_as_many_as_memory_makes_them(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fitting: int, groups: int
) -> None:
    for room in (measuring, loaded_models):
        monkeypatch.setattr(room, "weights_bytes", lambda *_: WEIGHS)
    settings = MeasureSettings(tmp_path / "store", memory_budget=fitting * WEIGHS, workers=1)
    session = RobustSession(
        RunSettings(settings, tmp_path / "baselines", tmp_path / "reports", evidence="live"), date(2026, 11, 26)
    )
    loads: Counter[str] = Counter()
    opened: list[CountingDataset] = []

    def load(ref: ModelRef, *more: object) -> object:
        loads[ref.text] += 1
        return load_model(ref, *more)  # type: ignore[arg-type]

    def opening(name: str, *more: object) -> CountingDataset:
        opened.append(CountingDataset(open_dataset(name, ())))
        return opened[-1]

    session.book.bench.models.load = load  # type: ignore[assignment]
    session.book.bench.shelf.open = opening  # type: ignore[assignment]
    items = list(session.plan(session.load(project / "a.robust.yaml")).items)
    order = session.pass_order(items)
    session.select(items)
    for place in sorted(range(len(items)), key=order.__getitem__):
        session.gather(items[place])
    assert len(items) == 12 * SETS
    assert set(loads.values()) == {1}
    assert len(loads) == 12
    assert len(opened) == SETS
    assert {len(each): Counter(each.decoded) for each in opened} == {
        n: Counter(dict.fromkeys(range(n), groups)) for n in IMAGES
    }


def test_workers_load_a_model_once_each_and_decode_an_image_once_in_all(project: Path, tmp_path: Path) -> None:
    (project / "conftest.py").write_text(_WATCHING)
    places = ("--robust-store", str(tmp_path / "store"), "--robust-report", str(tmp_path / "reports"))
    done = run_fork(project, "pytest", "a.robust.yaml", "-p", "no:cacheprovider", "-q", "-n", "2", *places)
    assert done.returncode == 0, done.stdout + done.stderr
    loads = Counter((project / "loads").read_text().splitlines())
    assert set(loads.values()) == {1}
    assert {line.split()[1] for line in loads} == {f"fake:zero-shot@{name}" for name in MODELS}
    decodes = Counter((project / "decodes").read_text().splitlines())
    assert set(decodes.values()) == {1}
    assert len(decodes) == sum(IMAGES)
