"""Image and text retrieval: embeddings of images against those of captions (PROTOCOLS section 7)."""

from __future__ import annotations

import re

import numpy as np

from robustcheck.datasets import Captions, Dataset
from robustcheck.errors import DataError
from robustcheck.measure.readout import features_of, stored_head
from robustcheck.measure.recipe import Recipe, plain_texts
from robustcheck.measure.shelf import Shelf, has_no_texts
from robustcheck.protocols.retrieve.ranks import RetrievalRanks, recall_columns, retrieval_ranks
from robustcheck.protocols.scoring import Measured, Scoring, facts_of, require_task
from robustcheck.store import content_key
from robustcheck.values import Cell, Samples

_NAME = re.compile(r"(?:(image|text)_)?retrieval_recall@(\d+)")


def recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the images, with the captions as its texts."""
    dataset = shelf.dataset_for(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(dataset, facts_of(cell))
    if has_no_texts(cell.model):
        raise DataError(f"{cell.model.id} has no embeddings of texts", where=dataset.name, expected="a zero-shot model")
    if cell.quantity.where or cell.quantity.prompts:
        raise DataError("retrieval is over a whole data set and its own captions", where=cell.quantity.label)
    return (shelf.recipe_with(cell.model, dataset, cell.quantity, plain_texts(_captions(dataset).texts)),)


def samples(cell: Cell, parts: tuple[Recipe, ...]) -> Measured | None:
    """Return one hit a query; the queries of one image are sampled together."""
    (part,) = parts
    ranks = _ranks(part)
    if ranks is None:
        return None
    matched = _NAME.fullmatch(cell.quantity.metric)
    assert matched is not None, "the registry names retrieval metrics so"
    columns = recall_columns(ranks, int(matched[2]), matched[1] or "both", part.dataset.ids)
    found = Samples(columns.ids, columns.scores, columns.groups, facts_of(cell).aggregate, clusters=columns.clusters)
    return Measured(found, (("searched", f"{len(ranks.text):,} images and {len(ranks.image):,} captions"),))


def _ranks(part: Recipe) -> RetrievalRanks | None:
    """Return the ranks of both directions, from the store when they were found before."""
    owners = _captions(part.dataset).owners
    key = content_key({"ranks of": part.key})
    stored = part.store.read("ranks", key)
    if stored is None:
        images, head = features_of(part), stored_head(part)
        if images is None or head is None:
            return None
        ranks = retrieval_ranks(images, head.weights, owners)
        part.store.write("ranks", key, np.concatenate([ranks.image, ranks.text]), {"captions": len(owners)})
        return ranks
    return RetrievalRanks(stored.array[: len(owners)], stored.array[len(owners) :], owners)


def _captions(dataset: Dataset) -> Captions:
    if dataset.captions is None:
        raise DataError("a retrieval set without captions", where=dataset.name)
    return dataset.captions


SCORING = Scoring(recipes, samples)
