"""Image and text retrieval: embeddings of images against those of captions (PROTOCOLS section 7)."""

from __future__ import annotations

import numpy as np

from robustcheck.datasets import Captions, Dataset
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of
from robustcheck.measure.parts import Derived
from robustcheck.measure.readout import features_of
from robustcheck.measure.recipe import Recipe, plain_texts
from robustcheck.measure.shelf import Shelf
from robustcheck.models.kind import capabilities
from robustcheck.protocols.retrieve.retrieval_ranks import Direction, RetrievalRanks, recall_samples, retrieval_ranks
from robustcheck.protocols.scoring import require_task
from robustcheck.store import Stored, content_key
from robustcheck.values import Cell


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the images, with the captions as its texts."""
    dataset = shelf.dataset_for(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(dataset, metric_of(cell))
    if "embeds text" not in capabilities(cell.model):
        raise DataError(f"{cell.model.id} has no embeddings of texts", where=dataset.name, expected="a zero-shot model")
    if cell.quantity.where or cell.quantity.prompts:
        raise DataError("retrieval is over a whole data set and its own captions", where=cell.quantity.label)
    return (shelf.recipe_with(cell.model, dataset, cell.quantity, plain_texts(_captions(dataset).texts)),)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo, *, direction: Direction, k: int) -> Sampled:
    """Return one hit a query; the queries of one image are sampled together."""
    (recipe,) = recipes
    captions = _captions(recipe.dataset)
    ranked = memo.get(ranks_part(recipe)).array
    ranks = RetrievalRanks(ranked[: len(captions.owners)], ranked[len(captions.owners) :], captions.owners)
    found = recall_samples(ranks, k, direction, recipe.dataset.ids)
    return Sampled(found, (("searched", f"{len(ranks.text):,} images and {len(ranks.image):,} captions"),))


def ranks_part(recipe: Recipe) -> Derived:
    """Return the part that holds the ranks of both directions, image retrieval's first."""
    owners = _captions(recipe.dataset).owners

    def make(memo: Memo) -> Stored:
        assert recipe.head is not None, "captions are texts"
        ranks = retrieval_ranks(features_of(recipe, memo), memo.head(recipe.head).weights, owners)
        return Stored(np.concatenate([ranks.image, ranks.text]), {"captions": len(owners)})

    return Derived("ranks", content_key({"ranks of": recipe.key}), recipe.parts, make)


def _captions(dataset: Dataset) -> Captions:
    if dataset.captions is None:
        raise DataError("a retrieval set without captions", where=dataset.name)
    return dataset.captions
