"""A shelf: the data sets, class lists and digests that are in use while scores are looked up.

Opening a data set, filling in prompts and hashing a checkpoint are quick, but not for each of a thousand
checks. A shelf lives as long as its owner wants the same answer; nothing is remembered between shelves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from robustcheck.crops import Decode
from robustcheck.datasets import Dataset, annotations_of, choose_samples, count_shared, open_dataset, shown_whole
from robustcheck.errors import DataError, DataMissing, ModelError, ModelUnavailable, RobustcheckError, SetupError
from robustcheck.listing import name_first
from robustcheck.measure.keys import EncoderFacts, encoder_facts
from robustcheck.measure.learnt_recipes import (
    embedding_of,
    learning_reading,
    learnt_classes,
    learnt_from,
    scores_its_own,
    sole_adapter,
    train_set_of,
)
from robustcheck.measure.measure_settings import MeasureSettings
from robustcheck.measure.parts import ImageSet
from robustcheck.measure.recipe import ClassList, Learnt, Recipe
from robustcheck.measure.saved_datasets import SavedDatasets
from robustcheck.measure.saved_files import ReadFiles, SavedFiles
from robustcheck.models.digests import adapter_facts, weights_digest
from robustcheck.models.kind import capabilities
from robustcheck.models.output_names import OutputNames, output_names
from robustcheck.predictions import find_files, stem_of
from robustcheck.prompts import prompt_texts
from robustcheck.transforms import parse_transform
from robustcheck.values import ModelRef, Quantity


@dataclass(slots=True)
class Shelf:
    """What is known of the data sets and models that cells name."""

    settings: MeasureSettings
    open: Callable[[str, Sequence[Path], Path], Dataset] = open_dataset
    _datasets: dict[str, Dataset | RobustcheckError] = field(default_factory=dict)
    _digests: dict[tuple[object, ...], str] = field(default_factory=dict)
    _files: ReadFiles = field(init=False)
    _saved: dict[tuple[str, str, str | None, str | None], SavedFiles] = field(default_factory=dict)
    _saved_datasets: SavedDatasets = field(init=False)
    _classes: dict[tuple[object, ...], ClassList] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _outputs: dict[tuple[object, ...], OutputNames | None] = field(default_factory=dict)
    _scored: dict[tuple[object, ...], int] = field(default_factory=dict)
    _recipes: dict[tuple[object, ...], Recipe] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take note of where facts about saved predictions are kept."""
        facts = self.settings.local / "predictions"
        self._files = ReadFiles(facts)
        self._saved_datasets = SavedDatasets(facts, (self._opened, self._annotated))

    def dataset(self, name: str) -> Dataset:
        """Open a data set once; raise its error again each time."""
        if name not in self._datasets:
            try:
                opened = self.open(name, self.settings.roots, self.settings.local / "indexes")
                self._names.setdefault(opened.fingerprint, name)
                self._datasets[name] = opened
            except RobustcheckError as error:
                self._datasets[name] = error.with_traceback(None)
        found = self._datasets[name]
        if isinstance(found, RobustcheckError):
            raise found.afresh()
        return found

    def images(self, images: ImageSet) -> Dataset:
        """Open the data set of an image set; raise DataError when it is no longer what it was."""
        dataset = self.dataset(images.name)
        if dataset.fingerprint != images.fingerprint:
            raise DataError("the data set changed while it was being measured", where=images.name, fix="run again")
        return choose_samples(dataset, images.rows) if images.rows else dataset

    def dataset_for(self, ref: ModelRef, name: str, quantity: Quantity) -> Dataset:
        """Open a data set for a model: saved predictions need what is known of it, not its images."""
        if ref.kind != "predictions":
            return self.dataset(name)
        return self._saved_datasets.of(self.predictions(ref, name, quantity), name)

    def _opened(self, name: str, saved: SavedFiles) -> Dataset:
        return self.dataset(name)

    def _annotated(self, name: str, saved: SavedFiles) -> Dataset:
        def ids() -> list[str]:
            return list(map(str, saved.read().ids))

        return annotations_of(name, self.settings.roots, self.settings.local / "indexes", ids)

    def predictions(self, ref: ModelRef, name: str, quantity: Quantity) -> SavedFiles:
        """Find the saved predictions on a data set once; raise DataMissing where there are none."""
        assert ref.weights is not None, "a reference to predictions names their directory"
        key = (ref.weights, name, quantity.transform, quantity.prompts)
        if key not in self._saved:
            found = find_files(Path(ref.weights), *key[1:])
            if not found and (whole := shown_whole(name)):
                found = find_files(Path(ref.weights), whole, quantity.transform, quantity.prompts)
            if not found:
                raise _no_predictions(ref, *key[1:])
            self._saved[key] = self._files.open(found)
        return self._saved[key]

    def encoder(self, ref: ModelRef) -> EncoderFacts | None:
        """Return the facts of a model, or None when its weights are not on this machine."""
        digest = self._digest(ref)
        return None if digest is None else encoder_facts(ref, digest, self.settings.precision)

    def classes(self, dataset: Dataset, prompts: str | None, supervised: bool, *, own_names: bool = False) -> ClassList:
        """Return what a model is asked to tell apart on a data set.

        ``own_names`` asks for the classes' own names even where the data set has a vocabulary.
        """
        vocabulary = dataset.vocabulary
        own_names = own_names or (vocabulary is not None and vocabulary.for_classifiers and not supervised)
        vocabulary = None if own_names else vocabulary
        names = dataset.class_names if vocabulary is None else vocabulary.names
        if dataset.task == "classification" and len(names) < 2:
            raise DataError(
                f"there is one class only, {name_first(names)}: every answer would be right",
                where=dataset.name,
                expected="two classes or more",
                fix="point at the directory whose folders are the classes",
            )
        # Two directories may have one name, and one directory two names with other prompts.
        own = (dataset.name, dataset.fingerprint, dataset.prompts, dataset.templates)
        key = (own, names, own_names, prompts, supervised)
        if key not in self._classes:
            texts = () if supervised else prompt_texts(prompts, dataset, names)
            columns = None if own_names and dataset.vocabulary else dataset.columns
            self._classes[key] = ClassList(names, texts, columns, vocabulary)
        return self._classes[key]

    def recipe(self, ref: ModelRef, name: str, quantity: Quantity) -> Recipe:
        """Return what a quantity of a model is made from, on the data set called ``name``: one recipe for many metrics.

        Raises ModelUnavailable when the model is not on this machine.
        """
        key = (ref, name, quantity.transform, quantity.seed, quantity.prompts)
        if key not in self._recipes:
            self._recipes[key] = self._new_recipe(ref, name, quantity)
        return self._recipes[key]

    def _new_recipe(self, ref: ModelRef, name: str, quantity: Quantity) -> Recipe:
        dataset = self.dataset_for(ref, name, quantity)
        if ref.encoder != ref:
            return self._adapted(ref, dataset, quantity)
        have = capabilities(ref)
        if have.isdisjoint({"scores classes", "embeds text"}):
            raise ModelError(
                f"{ref.id} has no scores of classes",
                where=quantity.label,
                expected=f"a model that scores classes or embeds text; this one {', '.join(sorted(have))}",
                fix=f"put a head on it: {ref.text}+linear-probe, {ref.text}+knn" if "embeds images" in have else (),
            )
        classes = self.classes(dataset, quantity.prompts, "scores classes" in have)
        return self.recipe_with(ref, dataset, quantity, classes)

    def recipe_with(
        self,
        ref: ModelRef,
        dataset: Dataset,
        quantity: Quantity,
        classes: ClassList | None,
        *,
        labelled: bool = True,
        learnt: Learnt | None = None,
    ) -> Recipe:
        """Return a recipe that holds a data set against a class list of the caller's choice.

        A head adapter scores the classes that it ``learnt``, and no others; without classes only the outputs of its
        base are read.
        """
        transform = parse_transform(quantity.transform)
        if transform is not None and self.settings.decode == "draft" and ref.kind != "predictions":
            raise _needs_exact(quantity, self.settings.decode)
        if ref.encoder != ref:
            if classes is not None and learnt is None:
                raise scores_its_own(ref, dataset)
            bare = self.recipe_with(ref.encoder, dataset, quantity, classes, labelled=labelled)
            return replace(bare, ref=ref, learnt=learnt, reading=embedding_of(ref))
        if ref.kind == "predictions":
            saved = self.predictions(ref, dataset.name, quantity)
            facts = encoder_facts(ref, saved.digest, self.settings.precision)
            return Recipe(ref, facts, dataset, "", transform, quantity.seed, classes, labelled, saved)
        encoder = self.encoder(ref)
        if encoder is None:
            raise ModelUnavailable("its weights are not on this machine", where=ref.text)
        return Recipe(
            ref,
            encoder,
            dataset,
            self._name_of(dataset),
            transform,
            quantity.seed,
            classes,
            labelled,
            told=self._told_of(ref),
            # What a transform alters is resized by Pillow before and after it, and costs less than the transform.
            decode=self.settings.decode if transform is None else "exact",
        )

    def _told_of(self, ref: ModelRef) -> OutputNames | None:
        """Return what a classifier's outputs are called, where something beside its weights tells."""
        identity = ref.encoder.identity
        if identity not in self._outputs:
            self._outputs[identity] = output_names(ref.encoder) if "scores classes" in capabilities(ref) else None
        return self._outputs[identity]

    def _adapted(self, ref: ModelRef, dataset: Dataset, quantity: Quantity) -> Recipe:
        """Return the recipe of a model with a head adapter on a data set."""
        adapter = sole_adapter(ref)
        source = (
            self.dataset(ref.adapters[-1].train or train_set_of(dataset, adapter.name)) if adapter.learns else dataset
        )
        # Without a text tower nothing is made of the names: neither of a classifier nor of an image tower alone.
        has_text = "embeds text" in capabilities(ref.encoder)
        classes = self.classes(source, quantity.prompts, not has_text, own_names=True)
        plain = replace(quantity, transform=None, seed=0, where=())
        basis = replace(self.recipe_with(ref.encoder, source, plain, classes), reading=learning_reading(ref))
        learnt = learnt_from(ref, basis, adapter_facts(ref.adapters[-1], self.settings.local / "digests"))
        learnt = replace(learnt, scored=self._count_scored(learnt, dataset)) if learnt.places else learnt
        return self.recipe_with(ref, dataset, quantity, learnt_classes(source, dataset), learnt=learnt)

    def _count_scored(self, learnt: Learnt, dataset: Dataset) -> int:
        """Count once the images of a scored set that are among those that an adapter learns from."""
        key = (learnt.basis.dataset.fingerprint, learnt.places, dataset.fingerprint)
        if key not in self._scored:
            self._scored[key] = count_shared(dataset, learnt.basis.dataset, learnt.places)
        return self._scored[key]

    def _name_of(self, dataset: Dataset) -> str:
        """Return the name that opens the data set whose images are encoded."""
        if dataset.base is not None:
            return dataset.base.name
        return self._names.get(dataset.fingerprint, dataset.name)

    def _digest(self, ref: ModelRef) -> str | None:
        identity = ref.encoder.identity
        if identity not in self._digests:
            digest = weights_digest(ref, self.settings.local / "digests")
            if digest is None:
                return None
            self._digests[identity] = digest
        return self._digests[identity]


def _needs_exact(quantity: Quantity, decode: Decode) -> SetupError:
    return SetupError(
        f"{quantity.transform} alters photographs at their full size, which --robust-decode {decode} does not decode",
        where=quantity.label,
        expected="--robust-decode exact for checks with a transform",
        fix="run these checks with --robust-decode exact, or leave them out of this run",
    )


def _no_predictions(ref: ModelRef, name: str, transform: str | None, prompts: str | None) -> DataMissing:
    names = [name, *([shown_whole(name)] if shown_whole(name) else [])]
    stems = [stem_of(file, transform, prompts) for file in names]
    how = (f" under {transform}" if transform else "") + (f" with the prompts {prompts}" if prompts else "")
    return DataMissing(
        f"no saved predictions of {ref.id} on {name}{how}",
        where=str(ref.weights),
        expected=" or ".join(f"{stem}.csv or {stem}.npz" for stem in stems),
        fix="write them with `robustcheck export`, or see docs/predictions.md for the forms",
    )
