"""Keys of clean parts and scores are frozen: a store of 0.1.0 is still read (the golden file was written by 0.1.0).

Metrics that came later are in the file from when they were first released in it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scoring_data import World, make_world, options, painted

from robustcheck.datasets import KeypointPairs, class_sets
from robustcheck.datasets.dataset import Captions, ImageDataset
from robustcheck.datasets.shapes.view_pairs import open_views
from robustcheck.measure.scores import score_key

GOLDEN = json.loads(Path(__file__).with_name("golden_keys.json").read_text(encoding="utf-8"))
SITES = np.array(list("ab" * 30))
ASKED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("top1", "known", {}),
    ("top5", "known", {}),
    ("mean_per_class_recall", "known", {}),
    ("top1", "known", {"where": (("site", "a"),)}),
    ("top1", "known", {"where": (("classes", "imagenet-a"),)}),
    ("top1", "known", {"prompts": "mcm-5"}),
    ("top1", "view", {}),
    ("ece", "known", {}),
    ("ece", "known", {"options": options(bins="10", temperature="fitted")}),
    ("nll", "known", {"options": options(temperature="oracle")}),
    ("brier", "known", {}),
    ("worst_factor", "known", {}),
    ("error_ratio", "known", {"where": (("factor", "a"),)}),
    ("auroc", "unseen", {}),
    ("fpr95", "unseen", {"options": options(score="msp")}),
    ("class_auroc", "unseen", {}),
    ("fpr95_openood", "unseen", {}),
    ("image_retrieval_recall@1", "captioned", {}),
    ("text_retrieval_recall@5", "captioned", {}),
    ("retrieval_recall@5", "captioned", {}),
)
# Without measuring: the fake model has no feature maps, and keys need none.
LATER: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("correspondence_recall", "shapes-views", {}),
    ("correspondence_recall", "shapes-views", {"viewpoint": "15-30"}),
    ("correspondence_recall", "shapes-views", {"threshold": "4", "unit": "px", "matches": "100"}),
    ("correspondence_recall", "shapes-views", {"pictures": "own", "normalisation": "imagenet"}),
    ("pck", "keypoints", {}),
    ("pck", "keypoints", {"alpha": "0.05", "viewpoint": "1"}),
    ("pck", "keypoints", {"normalisation": "own"}),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    columns = np.array([*class_sets.class_set_indices("imagenet-a")[:3], 0, 2, 3])
    known = painted("known", 60, columns=columns, groups={"site": SITES, "factor": SITES, "factors": SITES})
    unseen = painted("unseen", 45, ("fog", "mist", "rain"), seed=4, task="ood", id_dataset="known")
    texts = tuple(f"a {word} picture {image}" for image in range(30) for word in ("red", "green"))
    captions = Captions(texts, np.repeat(np.arange(30), 2))
    captioned = painted("captioned", 30, seed=3, task="retrieval", captions=captions)
    rows = np.arange(50, 10, -2)
    pixels = known.pictures.pixels[rows]  # type: ignore[attr-defined]
    view = painted("view", labels=known.labels[rows], pixels=pixels, ids=known.ids[rows], base=known, rows=rows)
    # Its own fingerprint holds cosines, whose last digit is that of a machine.
    views = replace(open_views(), fingerprint="views")
    return make_world(tmp_path_factory.mktemp("world"), known, unseen, captioned, view, views, keypoints())


def keypoints() -> ImageDataset:
    """Two pictures of one category, each the partner of the other."""
    places = tuple(np.array([[0.25, 0.5], [0.75, 0.25]]) for _ in range(2))
    pairs = KeypointPairs(
        ids=np.array(["there", "back"]), first=np.array([0, 1]), second=np.array([1, 0]),
        categories=np.zeros(2, np.int64), source=places, target=places, names=(np.arange(2), np.arange(2)),
        scale=np.ones(2), draws={"all": np.arange(2), "0": np.array([0]), "1": np.array([1])}, normalisation="imagenet",
    )  # fmt: skip
    return painted("keypoints", 2, names=("cat",), task="keypoints", pairs=pairs)


def test_keys_of_correspondence_stay_as_they_are(world: World) -> None:
    cells = [world.cell(metric, name, options=options(**told)) for metric, name, told in LATER]
    bench = world.bench()
    keys = {
        f"{metric} {name} {told}": [score_key(cell, bench.recipes(cell)), bench.recipes(cell)[0].outputs.key]
        for cell, (metric, name, told) in zip(cells, LATER, strict=True)
    }
    assert keys == GOLDEN["later"]
    # Thresholds and bins are arithmetic on one pass; what is shown to the model is not.
    assert len({outputs for _, outputs in keys.values()}) == 4


def test_scores_and_stored_parts_have_the_keys_of_0_1_0(world: World) -> None:
    keys = {
        f"{metric} {name} {sorted(how.items())}": world.score(metric, name, **how).key for metric, name, how in ASKED
    }
    assert keys == GOLDEN["scores"]
    stored = world.settings.store / "v1"
    # Scores are stored since 0.3.0, under keys that change with the version.
    parts = [path for path in stored.rglob("*.array") if path.relative_to(stored).parts[0] != "scores"]
    assert sorted(path.relative_to(stored.parent).as_posix() for path in parts) == GOLDEN["store"]
