"""Multiple choice: is an image's class chosen among four names, by a model that answers or by one that compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Dataset, expand, kept_classes, select
from robustcheck.errors import DataError, ModelError, SetupError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of, option_of
from robustcheck.measure.parts import given_part
from robustcheck.measure.readout import blocks
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.saved import readout_of
from robustcheck.measure.shelf import Shelf
from robustcheck.models.kind import capabilities
from robustcheck.models.model_sets import resolve_one
from robustcheck.printing import one_line
from robustcheck.protocols.multiple_choice.answer_readings import LETTER_SCORES, WRITTEN_ANSWERS, read_row
from robustcheck.protocols.multiple_choice.choices import Choices
from robustcheck.protocols.multiple_choice.distractors import FailureOptions, pair_with_selector
from robustcheck.protocols.multiple_choice.parsing import HOWS, How, parse_answer
from robustcheck.protocols.multiple_choice.questions import LETTERS, ORDERS, Order, count_rotations, rotated
from robustcheck.protocols.scoring import choose_images, require_task
from robustcheck.values import CHOSEN_BY_POSITION, RIGHT_BY_POSITION, Cell, ModelRef, Pairs, Samples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FIRST_ANSWERS, _LONGEST_ANSWER = 3, 60


def find_choice(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the answers; of a model that compares, its own and that of the selection model."""
    cell = _of_subset(cell)
    if "answers" in capabilities(cell.model):
        return (_asked(cell, shelf, option_of(cell, "answer"), _order(cell)),)
    own, selector = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity), _selector(cell, shelf)
    require_task(own.dataset, metric_of(cell))
    pair_with_selector(own.dataset, selector)
    return (own,) if own.key == selector.key else (own, selector)


def find_written(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the written answers."""
    _require_answers(cell)
    return (_asked(_of_subset(cell), shelf, "text", _order(cell)),)


def find_rotated(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the answers to all four rotations."""
    _require_answers(cell)
    return (_asked(_of_subset(cell), shelf, option_of(cell, "answer"), "circular"),)


def sample_choice(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return 1.0 for each image whose class is chosen, in a circle in all four rotations, else 0.0."""
    cell, dataset = _of_subset(cell), recipes[0].dataset
    answers = _read_choices(cell, recipes, memo)
    labels = dataset.labels[answers.rows]
    right = answers.classes == labels[:, None]
    facts = (*_question_facts(cell, recipes), *answers.facts, *_position_facts(answers, labels))
    if right.shape[1] > 1:
        each = ", ".join(f"{share:.1%}" for share in right.mean(axis=0))
        facts = (*facts, ("accuracy in each rotation", each))
    return Sampled(_samples(dataset, answers.rows, right.all(axis=1).astype(np.float64)), facts)


def sample_parsed(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each image the share of its answers that choose one option."""
    (recipe,) = recipes
    answers = _read_written(recipe, memo).about(select(recipe.dataset, _of_subset(cell).quantity.where))
    read = (answers.chosen >= 0).mean(axis=1)
    return Sampled(_samples(recipe.dataset, answers.rows, read), (*_question_facts(cell, recipes), *answers.facts))


def sample_bias(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each image how much oftener than in a quarter the favourite letter is chosen.

    Each name stands at each letter once, so a model that goes by the names alone chooses each letter equally often:
    b = (answers with the favourite) / R - (answers with any letter) / (4 R) is 0 on average.
    """
    (recipe,) = recipes
    answers = _read_choices(_of_subset(cell), recipes, memo)
    counts = np.array([(answers.chosen == place).sum() for place in range(len(LETTERS))])
    favourite = int(counts.argmax())
    given = (answers.chosen >= 0).mean(axis=1)
    bias = (answers.chosen == favourite).mean(axis=1) - given / len(LETTERS)
    labels = recipe.dataset.labels[answers.rows]
    facts = (("favourite", LETTERS[favourite]), *answers.facts, *_position_facts(answers, labels))
    return Sampled(_samples(recipe.dataset, answers.rows, bias), (*_question_facts(cell, recipes), *facts))


def _of_subset(cell: Cell) -> Cell:
    """Return the cell of the one subset of a family that its condition keeps; an ordinary data set is its own."""
    names, where = expand(cell.quantity.dataset, cell.quantity.where)
    if len(names) > 1:
        raise DataError(
            f"{cell.quantity.metric} has no mean over {len(names)} subsets",
            where=cell.quantity.label,
            expected=f"one subset, such as {names[0]}",
        )
    return replace(cell, quantity=replace(cell.quantity, dataset=names[0], where=where))


def _order(cell: Cell) -> Order:
    named = option_of(cell, "order")
    return next(order for order in ORDERS if order == named)


def _require_answers(cell: Cell) -> None:
    if "answers" not in capabilities(cell.model):
        raise ModelError(
            f"{cell.model.id} answers no questions",
            where=cell.quantity.label,
            expected="a model that answers, such as llava:ORG/NAME; others have no favourite letter and write nothing",
        )


def _selector(cell: Cell, shelf: Shelf) -> Recipe:
    """Return the recipe of the selection model, which is the model itself where none is named and it can be one."""
    ref = _selection_model(cell)
    if "answers" in capabilities(ref):
        raise SetupError(
            "a model that answers needs another one that selects the wrong names",
            where=cell.quantity.label,
            expected="a model that scores all classes",
            fix="options: {selector: openclip:ViT-L-14-336/openai}",
        )
    return shelf.recipe(ref, cell.quantity.dataset, cell.quantity)


def _selection_model(cell: Cell) -> ModelRef:
    named = option_of(cell, "selector")
    return resolve_one(named) if named else cell.model


def _asked(cell: Cell, shelf: Shelf, answer: str, order: Order) -> Recipe:
    """Return the recipe of a model's answers."""
    selector = _selector(cell, shelf)
    dataset = shelf.dataset(cell.quantity.dataset)
    require_task(dataset, metric_of(cell))
    pair_with_selector(dataset, selector)
    _require_labels(dataset)
    given = _options(cell, dataset, selector, order)
    own = shelf.recipe_with(cell.model, dataset, cell.quantity, None)
    reading = replace(
        LETTER_SCORES if answer == "letters" else WRITTEN_ANSWERS,
        names=dataset.class_names,
        rotations=count_rotations(order),
    )
    return replace(own, reading=reading, chosen=given.rows, given=given)


def _options(cell: Cell, dataset: Dataset, selector: Recipe, order: Order) -> FailureOptions:
    """Return the questions of a cell: about all images, or those that it chooses."""
    seed = int(option_of(cell, "seed"))
    kept = kept_classes(dataset, cell.quantity.where)
    count = int(option_of(cell, "images"))
    # A condition that keeps all classes is arithmetic on the answers to all questions.
    is_whole = not count and kept is None and dataset.base is None
    rows = () if is_whole else choose_images(select(dataset, cell.quantity.where), count, seed)
    competing = () if kept is None else tuple(kept.tolist())
    asked = None if _counts_alike(dataset, selector.dataset) else dataset
    return FailureOptions(selector, order, seed, tuple(map(int, rows)), competing, asked)


def _counts_alike(dataset: Dataset, other: Dataset) -> bool:
    return dataset.class_names == other.class_names and np.array_equal(dataset.ids, other.ids)


def _require_labels(dataset: Dataset) -> None:
    if len(dataset.class_names) < len(LETTERS):
        raise DataError(
            f"{len(dataset.class_names)} classes", where=dataset.name, expected=f"{len(LETTERS)} names to choose from"
        )


def _read_choices(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Choices:
    own = recipes[0]
    if own.given is None:
        return _compared(cell, own, recipes[-1], memo)
    found = _read_letters(own, memo) if own.reading.name == LETTER_SCORES.name else _read_written(own, memo)
    return found.about(select(own.dataset, cell.quantity.where))


def _compared(cell: Cell, own: Recipe, selector: Recipe, memo: Memo) -> Choices:
    """Return which of its four names each image is nearest to, of equally near ones the first of the class list."""
    given = _options(cell, own.dataset, selector, "paper")
    options = np.sort(memo.get(given_part(given)).array, axis=1)
    asked = Choices(given.places, options, np.zeros((len(options), 1), np.int64))
    found = asked.about(select(own.dataset, cell.quantity.where))
    readout = readout_of(own, memo)
    chosen = [
        np.take_along_axis(readout.logits(found.rows[part]), found.options[part], axis=1).argmax(axis=1)
        for part in blocks(np.arange(len(found.rows)))
    ]
    return replace(found, chosen=np.concatenate(chosen)[:, None])


def _read_letters(recipe: Recipe, memo: Memo) -> Choices:
    options, rows = _asked_about(recipe, memo)
    logs = np.asarray(memo.rows(recipe.outputs).take(np.arange(len(rows))), np.float64)
    mass = float(np.exp(logs).sum(axis=2).mean())
    return Choices(rows, options, logs.argmax(axis=2), facts=(("probability of the letters", f"{mass:.1%}"),))


def _read_written(recipe: Recipe, memo: Memo) -> Choices:
    options, rows = _asked_about(recipe, memo)
    texts = _texts(recipe, memo)
    names = recipe.dataset.class_names
    parsed = [
        [
            parse_answer(text, [names[place] for place in rotated(four, turn).tolist()])
            for turn, text in enumerate(of_image)
        ]
        for four, of_image in zip(options, texts, strict=True)
    ]
    chosen = np.array([[-1 if each.option is None else each.option for each in line] for line in parsed], np.int64)
    hows = tuple(tuple(each.how for each in line) for line in parsed)
    return Choices(rows, options, chosen, hows, _written_facts(hows, texts))


def _asked_about(recipe: Recipe, memo: Memo) -> tuple[Ints, Ints]:
    given = recipe.given
    assert isinstance(given, FailureOptions), "this recipe was made above"
    return np.asarray(memo.get(given_part(given)).array), given.places


def _texts(recipe: Recipe, memo: Memo) -> list[tuple[str, ...]]:
    stored = memo.rows(recipe.outputs)
    return [read_row(row) for index in range(stored.chunks.count) for row in stored.chunk(index)]


def _written_facts(hows: Sequence[Sequence[How]], texts: Sequence[Sequence[str]]) -> Pairs:
    counts = Counter(how for line in hows for how in line)
    told = ", ".join(f"{how} {counts[how]:,}" for how in HOWS)
    first = "; ".join(repr(one_line(line[0], _LONGEST_ANSWER)) for line in texts[:_FIRST_ANSWERS])
    return (("answers", f"{told} of {counts.total():,}"), ("first answers", first))


def _position_facts(answers: Choices, labels: Ints) -> Pairs:
    """Say how often each letter was chosen, and how often it was right; nothing of a model that sees no letters."""
    if answers.chosen.shape[1] == 1 and not answers.facts:
        return ()
    right = answers.right_places(labels)
    return (
        (CHOSEN_BY_POSITION, _shares(answers.chosen)),
        (RIGHT_BY_POSITION, _shares(right)),
    )


def _shares(places: Ints) -> str:
    return ", ".join(f"{letter} {(places == place).mean():.1%}" for place, letter in enumerate(LETTERS))


def _question_facts(cell: Cell, recipes: tuple[Recipe, ...]) -> Pairs:
    own = recipes[0]
    told = f"the class and the three that {_selection_model(cell).id} takes the image for most"
    if own.given is None:
        return (("names", told),)
    assert isinstance(own.given, FailureOptions), "this recipe was made above"
    orders = {"seeded": "shuffled by seed", "paper": "the right one first", "circular": "in all four rotations"}
    return (("names", f"{told}; {orders[own.given.order]}"),)


def _samples(dataset: Dataset, rows: Ints, scores: Floats) -> Samples:
    return Samples(dataset.ids[rows], scores, dataset.labels[rows])
