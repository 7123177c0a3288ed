"""The zoo's model that answers: what is in it, and that it finds the right name where CLIP with its tower does."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import load_file

from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.kind import capabilities
from robustcheck.models.model_sets import resolve_models, resolve_one
from robustcheck.models.zoo_kind import ANSWERING
from robustcheck.protocols.multiple_choice.questions import question_text
from robustcheck.values import Cell, Quantity, Score

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "robustcheck" / "zoo" / ANSWERING
ASKED = (("images", "80"), ("selector", "zoo:resnet-plain-1000"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(MeasureSettings(store=tmp_path_factory.mktemp("store"), device="cpu"))


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("train_zoo_answers")


def score(bench: Bench, model: str, metric: str = "multiple_choice_accuracy", **more: str) -> float:
    options = tuple(sorted((*ASKED, *more.items())))
    found = bench.measure(Cell(resolve_one(model), Quantity(metric, "shapes", options=options)))
    assert isinstance(found, Score), found
    return found.value


def test_it_is_small_and_in_no_set() -> None:
    ref = resolve_one(f"zoo:{ANSWERING}")
    assert (ref.kind, ref.id, ref.text) == ("llava", ANSWERING, f"zoo:{ANSWERING}")
    assert capabilities(ref) == {"answers"}
    assert {("family", "vlm"), ("zoo", "yes")} <= set(ref.facets)
    assert ref not in resolve_models(("zoo",))
    assert sum(path.stat().st_size for path in PLACE.iterdir()) < 1_000_000


def test_its_tower_is_that_of_the_zoos_vit(training: ModuleType) -> None:
    weights = load_file(PLACE / "model.safetensors")
    tower = training.tower_weights(PLACE.with_name(training.TOWER))
    found = {name.partition("vision_tower.")[2].removeprefix("vision_model."): value for name, value in weights.items()}
    assert all(torch.equal(found[name], value) for name, value in tower.items())


def test_it_is_trained_on_the_question_that_is_asked(training: ModuleType) -> None:
    """Its tokens are those of the processor with an image, but for the four names, the answer and the end."""
    from PIL import Image
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(PLACE)
    names = ("star", "ring", "heart", "arrow")
    content = [{"type": "image", "image": Image.new("RGB", (64, 64))}, {"type": "text", "text": question_text(names)}]
    asked = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=True, return_dict=True
    )
    tokens = training.question_tokens(processor)
    tokens[(tokens == training.SPECIAL.index("<unk>")).nonzero()[:, 0]] = torch.tensor(
        processor.tokenizer.convert_tokens_to_ids(list(names))
    )
    assert list(asked["input_ids"][0]) == tokens[:-2].tolist()
    assert training.SPECIAL.index("<unk>") not in asked["input_ids"][0]


def test_it_finds_the_right_name_far_oftener_than_by_chance_wherever_it_stands(bench: Bench) -> None:
    """Four rotations of each of 80 questions; CLIP with the same tower is asked for the same four names."""
    answers, compares = (score(bench, f"zoo:{name}") for name in (ANSWERING, "vit-plain-1000"))
    assert min(answers, compares) > 0.4
    assert abs(answers - compares) < 0.25
    assert score(bench, f"zoo:{ANSWERING}", order="circular") > 0.08
    assert score(bench, f"zoo:{ANSWERING}", "position_bias") < 0.15


def test_what_it_writes_is_a_letter(bench: Bench) -> None:
    assert score(bench, f"zoo:{ANSWERING}", "answer_parse_rate", images="20") == 1.0
