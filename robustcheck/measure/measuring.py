"""Measure cells: what the store lacks is computed in as few passes over the images as possible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from robustcheck.errors import ModelUnavailable, RobustcheckError
from robustcheck.measure.averages import find_recipes
from robustcheck.measure.engines import Crew, Engine, Failures, InProcess
from robustcheck.measure.jobs import Job, chunks_of, in_turn, plan_jobs
from robustcheck.measure.kept_scores import Found, KeptScores
from robustcheck.measure.loaded_models import Load, LoadedModels, group_by_budget
from robustcheck.measure.lost_parts import explain_lack
from robustcheck.measure.measure_settings import MeasureSettings, OnProgress
from robustcheck.measure.memo import Memo, NotStored
from robustcheck.measure.metric import models_of_options
from robustcheck.measure.parts import Head, ImageSet, Outputs, given_part
from robustcheck.measure.readiness import make_ready
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.score_pairs import PairBook, Partner
from robustcheck.measure.scores import samples_of_cell, score_cell
from robustcheck.measure.shelf import Shelf
from robustcheck.models.digests import weights_bytes
from robustcheck.models.encoders import load_model
from robustcheck.models.kind import model_kind
from robustcheck.models.model_sets import resolve_models
from robustcheck.stats.compare import Difference
from robustcheck.store import open_store
from robustcheck.values import Cell, Samples, Score


def measure_cells(
    cells: Sequence[Cell], settings: MeasureSettings, progress: OnProgress | None = None
) -> dict[Cell, Found]:
    """Return the score of every cell, or the error that kept it from one.

    A model or a data set that fails gives its error to its own cells only.
    """
    return Bench(settings, on_progress=progress).measure_all(cells)


def stored_score(cell: Cell, settings: MeasureSettings) -> Score | None:
    """Return the score of a cell from the store, or None when it has still to be measured or cannot be."""
    found = Bench(settings).look_up(cell)
    return found if isinstance(found, Score) else None


@dataclass(frozen=True, slots=True)
class Lacking:
    """What has to be made: heads, and the chunks of outputs, each with a cell that reads it."""

    heads: dict[Head, Cell] = field(default_factory=dict)
    outputs: dict[Outputs, tuple[Cell, tuple[int, ...]]] = field(default_factory=dict)


@dataclass(slots=True)
class Bench:
    """Where cells are measured: opened data sets, stored parts and loaded models, for as long as a run lasts.

    A score is worked out once. ``load`` and ``open`` of the shelf are the seams to models and data sets.
    """

    settings: MeasureSettings
    engine: Engine = field(default_factory=InProcess)
    on_progress: OnProgress | None = None
    load: Load = load_model
    shelf: Shelf = field(init=False)
    models: LoadedModels = field(init=False)
    memo: Memo = field(init=False)
    _looking: Memo = field(init=False)
    pairs: PairBook = field(init=False)
    _scores: KeptScores = field(default_factory=KeptScores)
    _recipes: dict[Cell, tuple[Recipe, ...] | RobustcheckError] = field(default_factory=dict)
    _failed: Failures = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open an empty bench on the store of the settings."""
        self.shelf = Shelf(self.settings)
        self.models = LoadedModels(self.shelf, self.load)
        store = open_store(self.settings.store)
        # Where nothing can be kept no model is loaded.
        self.memo = Memo(store, None if store.storage.is_read_only else self.models.get)
        self._looking = self.memo.without_models()
        self.pairs = PairBook(self.memo.store)

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be measured here: scores are worked out from what is stored."""
        return self.memo.store.storage.is_read_only

    def look_up(self, cell: Cell) -> Found | None:
        """Return what is known of a cell without a model: its score, the error it ends in, or None."""
        return self._scores.look_up(cell, lambda: score_cell(cell, self.recipes(cell), self._looking))

    def measure(self, cell: Cell, mates: Iterable[Cell] = ()) -> Found:
        """Return the score of a cell, passing over the images that it lacks; its mates share the pass."""
        found = self.look_up(cell)
        if found is None:
            self._pass_over(cell, mates)
            found = self._scores.keep(cell, self._score(cell))
        return found

    def samples(self, cell: Cell) -> Samples:
        """Return the per-sample scores behind a score that is known: those just made, or from the stored parts."""
        fresh = self._scores.samples(cell)
        if fresh is not None:
            return fresh
        try:
            return samples_of_cell(cell, self.recipes(cell), self._looking)
        except NotStored:
            # The score outlived the outputs that it was made from.
            self._pass_over(cell, ())
        try:
            return samples_of_cell(cell, self.recipes(cell), self.memo)
        except NotStored as lacking:
            raise explain_lack(cell, lacking, self.memo.store.storage) from None

    def difference(self, score: Score, reference: Score, samples: Partner | None = None) -> Difference:
        """Return how a score differs from a reference over the same samples, worked out once.

        The reference was measured here, or has its samples elsewhere. Raises ValueError where they cannot be paired.
        """
        return self.pairs.difference(samples or self._side(reference), self._side(score))

    def covariance(self, score: Score, other: Score) -> float:
        """Return the sampling covariance of two scores that were measured here, worked out once."""
        return self.pairs.covariance(self._side(score), self._side(other))

    def measure_all(self, cells: Sequence[Cell]) -> dict[Cell, Found]:
        """Return the score of every cell, or its error: group by group of the models that fit in memory together."""
        lacking = [cell for cell in dict.fromkeys(cells) if self.look_up(cell) is None]
        models = dict.fromkeys(cell.model for cell in lacking)
        sizes = {model: weights_bytes(model, self.settings.precision) for model in models}
        for group in group_by_budget(sizes, self.settings.memory_budget):
            for cell in (mates := [cell for cell in lacking if cell.model in group]):
                self.measure(cell, mates)
        return {cell: self.measure(cell) for cell in cells}

    def recipes_once_here(self, cell: Cell) -> tuple[Recipe, ...]:
        """Return what a cell's score reads; its models are fetched first where they are not on this machine.

        Raises ModelUnavailable where they cannot be.
        """
        try:
            return self.recipes(cell)
        except ModelUnavailable:
            # Loading fetches the weights where there is a network, or says why it cannot.
            self.models.get(cell.model)
            for other in models_of_options(cell, resolve_models):
                if model_kind(other).needs_hub and self.shelf.encoder(other) is None:
                    self.models.get(other)
            return self.recipes(cell)

    def recipes(self, cell: Cell) -> tuple[Recipe, ...]:
        """Return what a cell's score reads; raise ModelUnavailable while a model is not on this machine."""
        found = self._recipes.get(cell)
        if found is None and cell.stage is not None:
            whole = self.recipes(replace(cell, stage=None))
            found = self._recipes[cell] = tuple(replace(recipe, stage=cell.stage) for recipe in whole)
        if found is None:
            try:
                found = self._recipes[cell] = find_recipes(cell, self.shelf)
            except ModelUnavailable:
                raise
            except RobustcheckError as error:
                found = self._recipes[cell] = error.with_traceback(None)
        if isinstance(found, RobustcheckError):
            raise found.afresh()
        return found

    def lacking(self, cells: Iterable[Cell]) -> Lacking:
        """Return what has to be made before cells can be scored, without loading a model.

        What cannot be told is left out: a model that is not here, a data set that is wrong. Scoring says so.
        """
        found = Lacking()
        for cell in cells:
            if self.look_up(cell) is not None:
                continue
            try:
                own = self.recipes(cell)
            except RobustcheckError:
                continue
            told = [other for recipe in own if recipe.given is not None for other in recipe.given.recipes]
            for recipe in (each for each in (*told, *own) if each.saved is None):
                if recipe.head is not None and not self.memo.has(recipe.head):
                    found.heads.setdefault(recipe.head, cell)
                if recipe.outputs not in found.outputs and self._is_due(recipe.outputs):
                    found.outputs[recipe.outputs] = (cell, self.memo.missing(recipe.outputs))
        return found

    def _is_due(self, outputs: Outputs) -> bool:
        """Say whether outputs are missing and what a reading is told of their images can be made by now."""
        told = () if outputs.given is None else given_part(outputs.given).needs
        waits = any(isinstance(part, Outputs) and self.memo.missing(part) for part in told)
        return bool(self.memo.missing(outputs)) and not waits

    def do(self, jobs: Sequence[Job]) -> Failures:
        """Do jobs with the engine, and pack what is complete."""
        failures = self.engine.run(jobs, Crew(self.shelf, self.memo, self.models), self.on_progress)
        self._scores.look_again()
        for outputs, chunks in chunks_of(jobs).items():
            self.memo.pack(outputs, chunks)
        return failures

    def lend_a_hand(self, cells: Sequence[Cell]) -> None:
        """Have outputs made that cells lack, together with the processes that are at them; nothing is scored.

        A last chunk is left to whoever is at it: no model is loaded for it. What goes wrong is told by whoever needs
        the score.
        """
        for cell in cells:
            try:
                outputs = _outputs_of(self.recipes(cell))
            except RobustcheckError:
                continue
            if any(self.memo.not_listed(each) > 1 for each in outputs):
                self._pass_over(cell, cells)

    def image_sets(self, cell: Cell) -> frozenset[ImageSet]:
        """Return the image sets that a cell's score reads; none where it cannot be told."""
        try:
            return frozenset(outputs.images for outputs in _outputs_of(self.recipes(cell)))
        except RobustcheckError:
            return frozenset()

    def seen_images(self, cell: Cell) -> tuple[int, int]:
        """Return how many images the stage of a cell has seen, and how many there are."""
        recipe = self.recipes(cell)[0]
        count = recipe.outputs.images.count
        return (count if recipe.seen is None else int(recipe.seen.sum())), count

    def _side(self, score: Score) -> Partner:
        return Partner(score.key, lambda: self.samples(score.cell))

    def _pass_over(self, cell: Cell, mates: Iterable[Cell]) -> None:
        """Have the missing outputs of a cell made, with those of its mates on the same images."""
        if self.is_read_only:
            return
        try:
            own = self._missing(self._made_ready(cell))
        except RobustcheckError:
            return
        sets = {outputs.images for outputs in own}
        missing = dict(own)
        for mate in mates if sets else ():
            if mate != cell and self.image_sets(mate) & sets and self.look_up(mate) is None:
                missing.update(self._missing_on(sets, mate, missing))
        for ready in in_turn(missing):
            self._failed.update(self.do(plan_jobs(ready)))

    def _missing_on(
        self, sets: set[ImageSet], mate: Cell, known: Collection[Outputs]
    ) -> dict[Outputs, tuple[int, ...]]:
        try:
            missing = self._missing(self._made_ready(mate), known)
        except RobustcheckError as error:
            self._scores.keep(mate, error)
            return {}
        return {outputs: chunks for outputs, chunks in missing.items() if outputs.images in sets}

    def _made_ready(self, cell: Cell) -> tuple[Recipe, ...]:
        """Return the recipes of a cell once its models are known to serve: before an image is decoded."""
        recipes = self.recipes_once_here(cell)
        for recipe in recipes:
            make_ready(recipe, self.memo, self.models)
        return recipes

    def _missing(self, recipes: Iterable[Recipe], known: Collection[Outputs] = ()) -> dict[Outputs, tuple[int, ...]]:
        """Return the outputs that are missing beside those that are known to be; many checks read the same."""
        found = {outputs: self.memo.missing(outputs) for outputs in _outputs_of(recipes) if outputs not in known}
        return {outputs: chunks for outputs, chunks in found.items() if chunks and outputs.key not in self._failed}

    def _score(self, cell: Cell) -> Found:
        try:
            recipes = self.recipes_once_here(cell) if self.is_read_only else self._made_ready(cell)
            failed = [self._failed[key] for key in (each.key for each in _outputs_of(recipes)) if key in self._failed]
            return failed[0] if failed else score_cell(cell, recipes, self.memo)
        except (NotStored, MemoryError) as lacking:
            return explain_lack(cell, lacking, self.memo.store.storage)
        except RobustcheckError as error:
            return error.with_traceback(None)


def _outputs_of(recipes: Iterable[Recipe]) -> list[Outputs]:
    return [part for recipe in recipes for part in recipe.parts if isinstance(part, Outputs)]
