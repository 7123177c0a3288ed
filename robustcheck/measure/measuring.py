"""Measure cells: what the store lacks is computed in as few passes over the images as possible."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from robustcheck.errors import ModelError, ModelUnavailable, RobustcheckError
from robustcheck.measure.heads import make_head, needs_head
from robustcheck.measure.passes import Pass, Runner
from robustcheck.measure.scores import score_of
from robustcheck.measure.settings import MeasureSettings, OnProgress
from robustcheck.measure.shelf import Recipe, Shelf
from robustcheck.models.digests import weights_bytes, weights_digest
from robustcheck.models.encoders import LoadedModel, SupervisedModel, ZeroShotModel, load_model
from robustcheck.protocols.classify import require_classes
from robustcheck.records import Cell, ModelRef, Score

Found = dict[Cell, Score | RobustcheckError]


def measure_cells(cells: Sequence[Cell], settings: MeasureSettings, progress: OnProgress | None = None) -> Found:
    """Return the score of every cell, or the error that kept it from one.

    A model or a data set that fails gives its error to its own cells only.
    """
    shelf = Shelf(settings)
    found: Found = {}
    _score_each(cells, shelf, found)
    lacking = [cell for cell in cells if cell not in found]
    for models in group_by_budget(_sizes(lacking), settings.memory_budget):
        group = [cell for cell in lacking if cell.model in models]
        _Round(shelf, group, found, progress).measure()
        gc.collect()
    return {cell: found[cell] for cell in cells}


def group_by_budget(sizes: Mapping[ModelRef, int], budget: int) -> list[list[ModelRef]]:
    """Split models, in order, into groups whose weights fit the budget together (or are one model)."""
    groups: list[list[ModelRef]] = []
    used = 0
    for ref, size in sizes.items():
        if not groups or used + size > budget:
            groups.append([])
            used = 0
        groups[-1].append(ref)
        used += size
    return groups


def _sizes(cells: Iterable[Cell]) -> dict[ModelRef, int]:
    return {cell.model: weights_bytes(cell.model) for cell in cells}


def _score_each(cells: Iterable[Cell], shelf: Shelf, found: Found) -> None:
    for cell in cells:
        with_error(cell, found, lambda cell=cell: _keep_score(cell, shelf, found))  # type: ignore[misc]


def with_error(cell: Cell, found: Found, act: Callable[[], None]) -> None:
    """Do something for a cell; its error becomes the cell's result."""
    try:
        act()
    except RobustcheckError as error:
        found[cell] = error


def _keep_score(cell: Cell, shelf: Shelf, found: Found) -> None:
    score = score_of(cell, shelf)
    if score is not None:
        found[cell] = score


@dataclass(slots=True)
class _Round:
    """The cells of models that are in memory together."""

    shelf: Shelf
    cells: Sequence[Cell]
    found: Found
    progress: OnProgress | None
    models: dict[ModelRef, LoadedModel] = field(default_factory=dict)

    def measure(self) -> None:
        """Load the models, make their heads, run one pass per (data set, transform), then score."""
        self._load_models()
        self._make_heads()
        for images in dict.fromkeys(_images(cell) for cell in self._open()):
            self._run_pass([cell for cell in self._open() if _images(cell) == images])
        _score_each(self._open(), self.shelf, self.found)
        for cell in self._open():
            self.found[cell] = _incomplete(cell)

    def _open(self) -> list[Cell]:
        return [cell for cell in self.cells if cell not in self.found]

    def _load_models(self) -> None:
        for ref in dict.fromkeys(cell.model for cell in self._open()):
            try:
                self.models[ref] = load_checked(ref, self.shelf)
            except RobustcheckError as error:
                self._fail((cell for cell in self._open() if cell.model == ref), error)

    def _make_heads(self) -> None:
        for cell in self._open():
            with_error(cell, self.found, lambda cell=cell: self._make_head(cell))  # type: ignore[misc]

    def _make_head(self, cell: Cell) -> None:
        recipe, model = self._recipe(cell), self.models[cell.model]
        if isinstance(model, SupervisedModel):
            require_classes(model.class_count, recipe.dataset.columns, len(recipe.dataset.class_names))
        elif isinstance(model, ZeroShotModel) and needs_head(recipe):
            make_head(recipe, model)

    def _run_pass(self, cells: Sequence[Cell]) -> None:
        settings = self.shelf.settings
        recipes = {cell.model: self._recipe(cell) for cell in cells}
        runners = [self._runner(ref, recipe) for ref, recipe in recipes.items()]
        recipe = next(iter(recipes.values()))
        label = cells[0].quantity.transform
        try:
            Pass(recipe.dataset, recipe.transform, recipe.seed, label, runners, settings, self.progress).run()
        except RobustcheckError as error:
            self._fail(cells, error)
        for runner in runners:
            if runner.error is not None:
                self._fail((cell for cell in cells if cell.model == runner.ref), runner.error)

    def _runner(self, ref: ModelRef, recipe: Recipe) -> Runner:
        chunks = recipe.outputs
        return Runner(ref, self.models[ref], chunks, self.shelf.settings.batch_size, frozenset(chunks.missing()))

    def _recipe(self, cell: Cell) -> Recipe:
        recipe = self.shelf.recipe(cell)
        if recipe is None:
            raise ModelUnavailable("its weights are not on this machine", where=cell.model.text)
        return recipe

    def _fail(self, cells: Iterable[Cell], error: RobustcheckError) -> None:
        for cell in cells:
            self.found.setdefault(cell, error)


def load_checked(ref: ModelRef, shelf: Shelf) -> LoadedModel:
    """Load a model, and make sure that its weights are those its key names."""
    settings = shelf.settings
    model = load_model(ref, settings.device, settings.precision)
    encoder = shelf.encoder(ref)
    if encoder is None:
        raise ModelError(
            "its weights were loaded but their file was not found",
            where=ref.text,
            expected="a file in the cache of the Hugging Face hub",
            fix="name the weights fully, with their tag (timm:resnet50.a1_in1k), or give the file itself",
        )
    if weights_digest(ref, settings.store / "digests") != encoder.weights:
        raise ModelError("the checkpoint changed while it was being read", where=ref.text, fix="run again")
    return model


def _images(cell: Cell) -> tuple[str, str | None, int]:
    """Return what cells that share a pass have in common."""
    return cell.quantity.dataset, cell.quantity.transform, cell.quantity.seed


def _incomplete(cell: Cell) -> RobustcheckError:
    return ModelError("its outputs were lost from the store while measuring", where=cell.model.text, fix="run again")
