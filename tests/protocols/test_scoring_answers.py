"""Multiple choice among four names: scores against straight calculations, with a model that answers as it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llava_makers import make_answering
from scoring_data import SIX, World, logits, make_world, options, painted

from robustcheck.measure import cells_of_options
from robustcheck.measure.jobs import in_turn
from robustcheck.measure.reading import reading_named
from robustcheck.models.encoders import load_model
from robustcheck.models.geometry import UNCHANGED, WHOLE, Crop
from robustcheck.models.model_sets import resolve_one
from robustcheck.models.reference import parse_reference
from robustcheck.protocols.multiple_choice.distractors import failure_classes
from robustcheck.protocols.multiple_choice.parsing import parse_answer
from robustcheck.protocols.multiple_choice.questions import LETTERS, question_text
from robustcheck.transforms import image_rng
from robustcheck.values import ModelRef, Score

N, SELECTOR, OTHER = 40, "fake:zero-shot@a", "fake:zero-shot@other"
Say = Callable[[Crop, str], str]


@dataclass
class Scripted:
    """A model that answers what a function of the picture and the question says, and is as sure of that letter."""

    say: Say
    asked: list[str] = field(default_factory=list)
    geometry: Any = WHOLE
    normalisation: Any = UNCHANGED

    def answer(self, crop: Crop, question: str, most_tokens: int) -> str:
        self.asked.append(question)
        return self.say(crop, question)

    def letter_logs(self, crop: Crop, question: str, letters: Sequence[str]) -> np.ndarray:
        letter = self.answer(crop, question, 1)
        return np.log([0.7 if each == letter else 0.05 for each in letters]).astype(np.float32)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    return parse_reference(f"llava:{make_answering('llava', tmp_path_factory.mktemp('models') / 'tiny')}")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, painted("test", N, seed=3, groups={"half": np.array(["a", "b"] * (N // 2))}))


def script(world: World, say: Say) -> Scripted:
    """Have every model that answers be one that says this."""
    model = Scripted(say)
    world.load = lambda ref, *how: model if ref.kind == "llava" else load_model(ref, *how)  # type: ignore[method-assign]
    return model


def offered(question: str) -> list[str]:
    """Return the four names of a question."""
    return [line[2:] for line in question.splitlines()[1:5]]


def straight_options(world: World, *, shuffled: bool = True, seed: int = 0, name: str = "test") -> np.ndarray:
    """Return the classes of each question, worked out one image at a time from the selection model's logits."""
    dataset = world.datasets[name]
    found = []
    for index, (scores, label) in enumerate(zip(logits(dataset), dataset.labels.tolist(), strict=True)):
        wrong = sorted((place for place in range(len(scores)) if place != label), key=lambda place: -scores[place])
        four = np.array([label, *wrong[:3]])
        found.append(four[image_rng(seed, str(dataset.ids[index])).permutation(4)] if shuffled else four)
    return np.stack(found)


# --- which names are asked for ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["seeded", "paper"])
def test_the_questions_hold_the_three_likeliest_wrong_names(order: str, world: World, tiny: ModelRef) -> None:
    model = script(world, lambda crop, question: "A")
    world.score("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR, order=order))
    expected = straight_options(world, shuffled=order == "seeded")
    assert model.asked == [question_text([SIX[place] for place in four]) for four in expected]


def test_the_order_is_of_the_seed_and_the_image_alone(world: World, tiny: ModelRef) -> None:
    model = script(world, lambda crop, question: "A")
    for seed in (0, 1):
        world.score("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR, seed=seed))
    assert [offered(question) for question in model.asked[N:]] == [
        [SIX[place] for place in four] for four in straight_options(world, seed=1)
    ]
    assert [sorted(offered(question)) for question in model.asked[:N]] == [
        sorted(offered(question)) for question in model.asked[N:]
    ]
    at = Counter(offered(question).index(SIX[index % 6]) for index, question in enumerate(model.asked[:N]))
    assert min(at.values()) >= 4


def test_equal_names_are_offered_once_and_never_beside_the_right_one() -> None:
    names = ("missile", "cat", "missile", "dog", "fox", "dog")
    scores = np.array([5.0, 1.0, 5.0, 4.0, 2.0, 3.0])
    assert failure_classes(scores, 0, names) == [3, 4, 1]
    assert failure_classes(scores, 1, names) == [0, 3, 4]
    assert failure_classes(np.array([1.0, 2.0, -np.inf]), 0, ("a", "b", "c")) == [1]


# --- letters ------------------------------------------------------------------------------------------------


def test_a_model_that_always_says_b_is_right_where_the_right_name_stands_at_b(world: World, tiny: ModelRef) -> None:
    script(world, lambda crop, question: "B")
    found = world.score("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR))
    labels = world.datasets["test"].labels
    right = straight_options(world)[:, 1] == labels
    assert found.samples is not None
    np.testing.assert_array_equal(found.samples.scores, right)
    facts = dict(found.provenance)
    assert facts["chosen by position"] == "A 0.0%, B 100.0%, C 0.0%, D 0.0%"
    shares = [(straight_options(world)[:, place] == labels).mean() for place in range(4)]
    assert facts["right by position"] == ", ".join(
        f"{letter} {share:.1%}" for letter, share in zip(LETTERS, shares, strict=True)
    )
    assert facts["probability of the letters"] == "85.0%"


def test_the_papers_order_rewards_a_favourite_of_the_first_place_and_a_circle_does_not(
    world: World, tiny: ModelRef
) -> None:
    script(world, lambda crop, question: "A")
    paper = world.score("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR, order="paper"))
    circle = world.score("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR, order="circular"))
    assert (paper.value, circle.value) == (1.0, 0.0)
    each = [float(text.removesuffix("%")) for text in dict(circle.provenance)["accuracy in each rotation"].split(", ")]
    assert sum(each) == pytest.approx(100, abs=0.3)


def test_in_a_circle_all_rotations_must_be_right(world: World, tiny: ModelRef) -> None:
    """A model that knows red only, wherever it stands, is right in all four rotations of the questions about red."""

    def say(crop: Crop, question: str) -> str:
        names = offered(question)
        return LETTERS[names.index("red")] if "red" in names else "A"

    model = script(world, say)
    found = world.score("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR, order="circular"))
    labels = world.datasets["test"].labels
    assert found.value == (labels == SIX.index("red")).mean()
    assert len(model.asked) == 4 * N
    for start in range(0, 4 * N, 4):
        first = offered(model.asked[start])
        assert [offered(question) for question in model.asked[start : start + 4]] == [
            first[turn:] + first[:turn] for turn in range(4)
        ]


def test_position_bias_is_what_the_favourite_letter_has_beyond_a_quarter(world: World, tiny: ModelRef) -> None:
    def knows(crop: Crop, question: str) -> str:
        return LETTERS[offered(question).index(min(offered(question)))]

    script(world, lambda crop, question: "C")
    stuck = world.score("position_bias", "test", tiny, options=options(selector=SELECTOR))
    assert stuck.value == 0.75
    assert dict(stuck.provenance)["favourite"] == "C"
    world.settings = replace(world.settings, store=f"{world.settings.store}-again")
    script(world, knows)
    assert world.score("position_bias", "test", tiny, options=options(selector=SELECTOR)).value == 0.0


# --- written answers ----------------------------------------------------------------------------------------


def test_written_answers_are_counted_by_how_they_were_read(world: World, tiny: ModelRef) -> None:
    ways: list[Callable[[list[str]], str]] = [
        lambda names: "B.",
        lambda names: f"It is the {names[2]}",
        lambda names: "I am not sure",
        lambda names: f"{names[0]} or {names[3]}",
        lambda names: "a picture",
    ]
    count = iter(range(N))
    script(world, lambda crop, question: ways[next(count) % 5](offered(question)))
    chosen = options(selector=SELECTOR, answer="text")
    found = world.score("multiple_choice_accuracy", "test", tiny, options=chosen)
    parsed = world.score("answer_parse_rate", "test", tiny, options=options(selector=SELECTOR))
    four, labels = straight_options(world), world.datasets["test"].labels
    expected = [
        parse_answer(ways[index % 5]([SIX[place] for place in four[index]]), [SIX[place] for place in four[index]])
        for index in range(N)
    ]
    picked = np.array([-1 if each.option is None else four[index][each.option] for index, each in enumerate(expected)])
    assert found.samples is not None
    np.testing.assert_array_equal(found.samples.scores, picked == labels)
    assert parsed.value == (picked >= 0).mean()
    hows = Counter(each.how for each in expected)
    told = ", ".join(f"{how} {hows[how]}" for how in ("letter", "name", "ambiguous", "refused", "unread"))
    for score in (found, parsed):
        assert dict(score.provenance)["answers"] == f"{told} of {N}"
    assert dict(found.provenance)["first answers"].startswith("'B.'; 'It is the ")


def test_a_slice_is_of_the_answers_to_all_questions(world: World, tiny: ModelRef) -> None:
    model = script(world, lambda crop, question: "B")
    whole = world.score("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR))
    half = world.score(
        "multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR), where=(("half", "b"),)
    )
    assert len(model.asked) == N
    assert whole.samples is not None
    assert half.samples is not None
    np.testing.assert_array_equal(half.samples.scores, whole.samples.scores[1::2])


def test_images_are_drawn_and_named(world: World, tiny: ModelRef) -> None:
    model = script(world, lambda crop, question: "B")
    found = world.score("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR, images=7))
    assert (found.n, len(model.asked)) == (7, 7)
    assert found.samples is not None
    rows = [world.datasets["test"].ids.tolist().index(name) for name in found.samples.ids]
    assert model.asked == [question_text([SIX[place] for place in straight_options(world)[row]]) for row in rows]


# --- models that compare ------------------------------------------------------------------------------------


def test_a_model_that_is_its_own_selector_is_right_as_often_as_among_all_names(world: World) -> None:
    own = world.score("multiple_choice_accuracy", "test")
    top1 = world.score("top1", "test")
    assert own.samples is not None
    assert top1.samples is not None
    np.testing.assert_array_equal(own.samples.scores, top1.samples.scores)
    assert 0.1 < own.value < 1


def test_another_models_mistakes_are_compared_among_the_same_four(world: World) -> None:
    dataset = world.datasets["test"]
    found = world.score("multiple_choice_accuracy", "test", options=options(selector=OTHER))
    own, theirs, labels = logits(dataset), logits(dataset, seed="other"), dataset.labels
    right = []
    for row in range(N):
        wrong = [place for place in np.argsort(-theirs[row], kind="stable") if place != labels[row]][:3]
        right.append(own[row, labels[row]] > own[row, wrong].max())
    assert found.samples is not None
    np.testing.assert_array_equal(found.samples.scores, right)
    assert dict(found.provenance)["names"].startswith("the class and the three that fake-zero-shot@other takes")
    assert "chosen by position" not in dict(found.provenance)


# --- a whole model, and what is refused ---------------------------------------------------------------------


def test_a_random_model_answers_through_the_whole_house(world: World, tiny: ModelRef) -> None:
    chosen = options(selector=SELECTOR, images=5)
    found = world.score("multiple_choice_accuracy", "test", tiny, options=chosen)
    model = load_model(tiny, "cpu")
    dataset = world.datasets["test"]
    assert found.samples is not None
    rows = [dataset.ids.tolist().index(name) for name in found.samples.ids]
    for row, right in zip(rows, found.samples.scores, strict=True):
        four = straight_options(world)[row]
        logs = model.letter_logs(np.asarray(dataset.image(row)), question_text([SIX[place] for place in four]), LETTERS)  # type: ignore[attr-defined]
        assert (four[logs.argmax()] == dataset.labels[row]) == bool(right)
    assert world.score("answer_parse_rate", "test", tiny, options=chosen).n == 5
    assert -0.25 <= world.score("position_bias", "test", tiny, options=chosen).value <= 0.75


def test_the_selection_model_becomes_a_cell_of_the_plan_and_is_measured_once(world: World, tiny: ModelRef) -> None:
    cell = world.cell("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR))
    (other,) = cells_of_options(cell, resolve_one)
    assert (other.model.text, other.quantity.options) == (SELECTOR, ())
    script(world, lambda crop, question: "A")
    bench = world.bench()
    found = bench.measure_all([cell, other])
    assert all(isinstance(score, Score) for score in found.values())
    # The pictures of the selection model and those of the questions are decoded in two passes.
    assert world.decodes() == {"test": 2 * N}
    assert isinstance(bench.measure(world.cell("top1", "test", other.model)), Score)
    assert world.decodes() == {"test": 2 * N}


def test_other_questions_are_other_results(world: World, tiny: ModelRef) -> None:
    script(world, lambda crop, question: "A")
    ways: list[dict[str, object]] = [
        {"selector": SELECTOR},
        {"selector": OTHER},
        {"selector": SELECTOR, "order": "paper"},
        {"selector": SELECTOR, "order": "circular"},
        {"selector": SELECTOR, "seed": 1},
        {"selector": SELECTOR, "answer": "text"},
        {"selector": SELECTOR, "images": 9},
    ]
    keys = {world.score("multiple_choice_accuracy", "test", tiny, options=options(**way)).key for way in ways}
    assert len(keys) == len(ways)


@pytest.mark.parametrize(
    ("metric", "chosen", "found"),
    [
        ("multiple_choice_accuracy", {}, "needs another one that selects"),
        ("multiple_choice_accuracy", {"selector": "LLAVA"}, "needs another one that selects"),
        ("top1", {}, "llava@tiny has no scores of classes"),
    ],
)
def test_what_a_model_that_answers_cannot_do(
    metric: str, chosen: dict[str, str], found: str, world: World, tiny: ModelRef
) -> None:
    given = options(**{name: tiny.text if text == "LLAVA" else text for name, text in chosen.items()})
    assert found in world.refusal(metric, "test", tiny, options=given)


def test_a_selection_model_that_is_not_here_is_asked_for_and_named(
    world: World, tiny: ModelRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    given = options(selector="hf:someone/not-here")
    assert "hf:someone/not-here: its weights are not on this machine" in world.refusal(
        "multiple_choice_accuracy", "test", tiny, options=given
    )


def test_what_others_wait_for_is_made_first(world: World, tiny: ModelRef) -> None:
    """Also where jobs are lines of a file: the questions are due once the selection model's outputs are stored."""
    script(world, lambda crop, question: "A")
    bench = world.bench()
    asked = world.cell("multiple_choice_accuracy", "test", tiny, options=options(selector=SELECTOR))
    (recipe,) = bench.recipes(asked)
    assert recipe.given is not None
    (selector,) = recipe.given.recipes
    turns = list(in_turn({recipe.outputs: (0, 1, 2), selector.outputs: (0,)}))
    assert turns == [{selector.outputs: (0,)}, {recipe.outputs: (0, 1, 2)}]
    assert list(bench.lacking([asked]).outputs) == [selector.outputs]
    assert isinstance(bench.measure(world.cell("top1", "test", resolve_one(SELECTOR))), Score)
    assert list(world.bench().lacking([asked]).outputs) == [recipe.outputs]


@pytest.mark.parametrize("metric", ["answer_parse_rate", "position_bias"])
def test_what_a_model_that_compares_cannot_do(metric: str, world: World) -> None:
    assert "answers no questions" in world.refusal(metric, "test")


def test_three_classes_are_too_few(world: World, tiny: ModelRef) -> None:
    world.add(painted("three", 12, SIX[:3]))
    given = options(selector=SELECTOR)
    assert "4 names to choose from" in world.refusal("multiple_choice_accuracy", "three", tiny, options=given)
    assert "a question needs 3" in world.refusal("multiple_choice_accuracy", "three")


def test_the_readings_are_registered() -> None:
    assert [reading_named(name).capability for name in ("option-letters", "option-answers")] == ["answers"] * 2


# --- outputs that were saved in other orders ------------------------------------------------------------------


def save(directory: Path, ids: np.ndarray, names: Sequence[str], labels: np.ndarray, values: np.ndarray) -> ModelRef:
    directory.mkdir()
    np.savez(directory / "mine.npz", ids=ids, class_names=np.array(names), labels=labels, logits=values)
    return parse_reference(f"predictions:{directory}")


def saved_twice(tmp_path: Path, **second: Any) -> tuple[ModelRef, ModelRef, np.ndarray]:
    """Return a model and its selection model, saved in other orders of samples and classes, and what is right."""
    rng, labels = np.random.default_rng(0), np.arange(12) % 6
    own, theirs = rng.normal(size=(12, 6)), rng.normal(size=(12, 6))
    ids = np.array([f"{row}.jpg" for row in range(12)])
    samples, classes = rng.permutation(12), rng.permutation(6)
    # Where each class of the list stands in the second file.
    names, counted = [SIX[place] for place in classes], np.argsort(classes)[labels]
    facts = {"ids": ids[samples], "labels": counted[samples], **second}
    one = save(tmp_path / "one", ids, SIX, labels, own)
    other = save(tmp_path / "other", facts["ids"], names, facts["labels"], theirs[samples][:, classes])
    right = []
    for row, label in enumerate(labels):
        wrong = [place for place in np.argsort(-theirs[row], kind="stable") if place != label][:3]
        right.append(own[row, label] > own[row, wrong].max())
    return one, other, np.array(right)


def test_the_selection_models_samples_and_classes_are_paired_by_name(tmp_path: Path) -> None:
    one, other, right = saved_twice(tmp_path)
    found = make_world(tmp_path).score("multiple_choice_accuracy", "mine", one, options=options(selector=other.text))
    assert found.samples is not None
    np.testing.assert_array_equal(found.samples.scores, right)
    assert 0 < right.mean() < 1


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"ids": np.array([f"{row}.png" for row in range(12)])}, "is on other samples"),
        ({"labels": np.zeros(12, int)}, "other labels for 10 samples: "),
    ],
)
def test_a_selection_model_of_other_samples_or_labels_is_refused(tmp_path: Path, second: Any, said: str) -> None:
    one, other, _ = saved_twice(tmp_path, **second)
    world = make_world(tmp_path)
    assert said in world.refusal("multiple_choice_accuracy", "mine", one, options=options(selector=other.text))
