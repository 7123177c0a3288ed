"""Measure cells: what the store lacks is computed in as few passes over the images as possible."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from robustcheck.errors import ModelError, ModelUnavailable, RobustcheckError
from robustcheck.measure.measure_settings import MeasureSettings, OnProgress
from robustcheck.measure.passes import Pass, Runner
from robustcheck.measure.readout import make_head, needs_head
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.scores import score_of
from robustcheck.measure.shelf import Shelf
from robustcheck.models.digests import weights_bytes, weights_digest
from robustcheck.models.encoders import LoadedModel, SupervisedModel, ZeroShotModel, load_model
from robustcheck.outputs.logits import require_classes
from robustcheck.protocols.scorings import recipes_of
from robustcheck.store import content_key
from robustcheck.values import Cell, ModelRef, Score

Found = dict[Cell, Score | RobustcheckError]
Images = tuple[str, str | None, int]


def measure_cells(
    cells: Sequence[Cell],
    settings: MeasureSettings,
    progress: OnProgress | None = None,
    first: Cell | None = None,
) -> Found:
    """Return the score of every cell, or the error that kept it from one.

    A model or a data set that fails gives its error to its own cells only. With ``first``, only the
    images that this cell needs are passed over (for all cells), and cells that need more are left out.
    """
    shelf = Shelf(settings)
    found: Found = {}
    _score_each(cells, shelf, found)
    lacking = [cell for cell in cells if cell not in found]
    # The parts of a model that is not here yet are not known before it is fetched: then nothing is left out.
    scope = None if first is None or shelf.encoder(first.model) is None else image_sets(first, shelf)
    for models in group_by_budget(_sizes(lacking), settings.memory_budget):
        group = [cell for cell in lacking if cell.model in models]
        _Round(shelf, group, found, progress, scope).measure()
        gc.collect()
    return {cell: found[cell] for cell in cells if cell in found}


def image_sets(cell: Cell, shelf: Shelf) -> frozenset[str]:
    """Return the names of the image sets that a cell needs passes over."""
    try:
        return frozenset(recipe.images.name for recipe in recipes_of(cell, shelf))
    except RobustcheckError:
        return frozenset({cell.quantity.dataset})


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
    """The cells of models that are in memory together; ``scope`` names the image sets to pass over."""

    shelf: Shelf
    cells: Sequence[Cell]
    found: Found
    progress: OnProgress | None
    scope: frozenset[str] | None
    models: dict[ModelRef, LoadedModel | RobustcheckError] = field(default_factory=dict)
    recipes: dict[Cell, tuple[Recipe, ...]] = field(default_factory=dict)
    _lacks: dict[str, frozenset[int]] = field(default_factory=dict)

    def measure(self) -> None:
        """Load the models, make their heads, run one pass per (image set, transform), then score."""
        for cell in self._open():
            with_error(cell, self.found, lambda cell=cell: self._prepare(cell))  # type: ignore[misc]
        for images in dict.fromkeys(_images(recipe) for recipe in self._missing()):
            self._run_pass(images)
        _score_each(self._open(), self.shelf, self.found)
        for cell in self._open():
            if self.scope is None or image_sets(cell, self.shelf) <= self.scope:
                self.found[cell] = _incomplete(cell)
        self.models.clear()

    def _open(self) -> list[Cell]:
        return [cell for cell in self.cells if cell not in self.found]

    def _prepare(self, cell: Cell) -> None:
        """Find what a cell is made from, load the models that lack something of it, and make their heads."""
        try:
            self.recipes[cell] = recipes_of(cell, self.shelf)
        except ModelUnavailable:
            # Its data are there. Loading fetches the weights where there is a network, or says why it cannot.
            self._load(cell.model)
            self.recipes[cell] = recipes_of(cell, self.shelf)
        for recipe in self._in_scope(self.recipes[cell]):
            if needs_head(recipe) or self._chunks_missing(recipe):
                self._make_ready(recipe)

    def _in_scope(self, recipes: Iterable[Recipe]) -> list[Recipe]:
        return [
            recipe
            for recipe in recipes
            if recipe.saved is None and (self.scope is None or recipe.images.name in self.scope)
        ]

    def _make_ready(self, recipe: Recipe) -> None:
        model = self._load(recipe.ref)
        classes = recipe.classes
        if isinstance(model, SupervisedModel) and classes is not None:
            require_classes(model.class_count, classes.columns, len(classes.names))
        elif isinstance(model, ZeroShotModel) and needs_head(recipe):
            make_head(recipe, model)

    def _load(self, ref: ModelRef) -> LoadedModel:
        """Load a model once; raise its error again each time."""
        if ref not in self.models:
            try:
                self.models[ref] = load_checked(ref, self.shelf)
            except RobustcheckError as error:
                self.models[ref] = error
        found = self.models[ref]
        if isinstance(found, RobustcheckError):
            raise found
        return found

    def _chunks_missing(self, recipe: Recipe) -> frozenset[int]:
        """Return the chunks of outputs that are not stored; each is read once, to see that it is whole."""
        key = content_key(recipe.outputs_facts)
        if key not in self._lacks:
            self._lacks[key] = frozenset(recipe.outputs.missing())
        return self._lacks[key]

    def _missing(self) -> list[Recipe]:
        """Return the recipes in scope, of cells that still have a chance, that miss image outputs."""
        wanted = [recipe for cell in self._open() for recipe in self._in_scope(self.recipes.get(cell, ()))]
        return [recipe for recipe in wanted if self._chunks_missing(recipe)]

    def _run_pass(self, images: Images) -> None:
        settings = self.shelf.settings
        recipes = {recipe.ref: recipe for recipe in self._missing() if _images(recipe) == images}
        if not recipes:
            return
        runners = [self._runner(recipe) for recipe in recipes.values()]
        recipe = next(iter(recipes.values()))
        label = None if recipe.transform is None else str(recipe.transform)
        try:
            Pass(recipe.images, recipe.transform, recipe.seed, label, runners, settings, self.progress).run()
        except RobustcheckError as error:
            self._fail(images, None, error)
        for runner in runners:
            if runner.error is not None:
                self._fail(images, runner.ref, runner.error)

    def _runner(self, recipe: Recipe) -> Runner:
        model, batch_size = self._load(recipe.ref), self.shelf.settings.batch_size
        return Runner(recipe.ref, model, recipe.outputs, batch_size, self._chunks_missing(recipe))

    def _fail(self, images: Images, ref: ModelRef | None, error: RobustcheckError) -> None:
        """Give an error to the cells that need a model's outputs (any model's, without ``ref``) on these images."""
        for cell in self._open():
            for recipe in self.recipes.get(cell, ()):
                if _images(recipe) == images and ref in (None, recipe.ref):
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


def _images(recipe: Recipe) -> Images:
    """Return what recipes that share a pass have in common."""
    transform = None if recipe.transform is None else str(recipe.transform)
    return recipe.images.fingerprint, transform, recipe.seed if transform else 0


def _incomplete(cell: Cell) -> RobustcheckError:
    return ModelError("its outputs were lost from the store while measuring", where=cell.model.text, fix="run again")
