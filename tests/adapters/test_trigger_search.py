"""The search for triggers on a tiny model: gains against finite differences, losses that never rise, a log to read."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from command import Robustcheck
from torch.nn import functional

from robustcheck.adapters.coop import word_embedding
from robustcheck.adapters.trigger_search import (
    Search,
    Shots,
    first_order_gains,
    is_text,
    search_triggers,
    text_tokens,
    trigger_text,
)
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.encoders import load_model
from robustcheck.models.encoders_openclip import OpenClipModel
from robustcheck.models.reference import parse_reference
from robustcheck.prompts import prompt_texts
from robustcheck.values import Cell, Quantity, Score

BASE = "zoo:vit-plain-100"
NAMES = ("zero", "one", "two")


@pytest.fixture(scope="module")
def shots() -> Shots:
    model = load_model(parse_reference(BASE), "cpu")
    assert isinstance(model, OpenClipModel)
    generator = torch.Generator().manual_seed(0)
    texts = torch.tensor(model.encode_texts([f"a photo of a {name}" for name in NAMES]))
    labels = torch.arange(30) % 3
    features = functional.normalize(texts[labels] + 0.4 * torch.randn(30, texts.shape[1], generator=generator), dim=-1)
    return Shots(model, NAMES, features, labels, 10.0)


def test_the_loss_is_that_of_the_texts(shots: Shots) -> None:
    trigger = text_tokens(shots.model, "a photo of a")
    weights = torch.tensor(shots.model.encode_texts([f"a photo of a {name}" for name in NAMES]))
    expected = functional.cross_entropy(10.0 * shots.features @ weights.T, shots.labels)
    with shots.model.running():
        assert shots.loss_of(trigger) == pytest.approx(float(expected), abs=1e-5)


def test_gains_are_those_of_a_small_step_towards_each_token(shots: Shots) -> None:
    trigger, place, step = text_tokens(shots.model, "a photo of a"), 2, 1e-2
    table = word_embedding(shots.model).weight.detach()
    with shots.model.running(gradients=True):
        gains = first_order_gains(shots, trigger, place)
        for token in (5, 40, 90, 116):
            ends = []
            for side in (step, -step):
                context = table[list(trigger)].clone()
                context[place] += side * (table[token] - table[trigger[place]])
                ends.append(float(shots.loss(context).detach()))
            assert float(gains[token]) == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=2e-3)
    assert float(gains[trigger[place]]) == 0.0


def test_the_loss_never_rises_and_a_seed_gives_one_search(shots: Shots) -> None:
    how = Search(tokens=4, steps=8, candidates=6, seed=3)
    steps = list(search_triggers(shots, how))
    losses = [step.loss for step in steps]
    assert len(steps) == 9
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]
    assert steps[0].text == "a photo of a"
    for before, after in pairwise(steps):
        assert sum(one != other for one, other in zip(before.trigger, after.trigger, strict=True)) <= 1
    assert steps == list(search_triggers(shots, how))


def test_every_trigger_survives_being_written_down(shots: Shots) -> None:
    for step in search_triggers(shots, Search(tokens=3, steps=4, candidates=4, seed=0)):
        assert text_tokens(shots.model, trigger_text(shots.model, step.trigger)) == step.trigger
    begin, unknown = (shots.model.tokenizer(["zero"])[0, 0].item(), text_tokens(shots.model, "xylophone")[0])
    words = text_tokens(shots.model, "photo of")
    assert is_text(shots.model, words, "zero")
    assert not is_text(shots.model, (*words, begin), "zero")
    assert not is_text(shots.model, (*words, unknown), "zero")


def test_clips_own_tokens_are_texts_or_are_refused(shots: Shots) -> None:
    """The tokenizer of CLIP: a published trigger, a piece of a word that ends none, and letters that it joins."""
    model = replace(shots.model, tokenizer=open_clip.get_tokenizer("ViT-B-32"))
    assert trigger_text(model, (1848, 18212, 653, 912)) == "awesome hobingled"
    assert is_text(model, (1848, 18212, 653, 912), "great_white shark")
    cat, c, a, t = 2368, 66, 64, 339
    assert not is_text(model, (320, 653), "tench")
    assert not is_text(model, (c, a, t), "tench")
    assert is_text(model, (320, cat), "tench")
    assert not is_text(model, (49406, cat), "tench")


def test_what_is_learnt_is_written_and_read(robustcheck: Robustcheck, tmp_path: Path) -> None:
    """The command writes a log for `prompts:`, and the file that `+coop@FILE` reads."""
    few = "shots=2:steps=3:candidates=3"
    assert robustcheck("learn", f"{BASE}+trigger-search:{few}", "--dataset", "digits", "--out", "a.log").code == 0
    lines = (tmp_path / "a.log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert lines[0].endswith("  # a photo of a")
    texts = prompt_texts(str(tmp_path / "a.log"), None, ["zero"])  # type: ignore[arg-type]
    assert {text.removesuffix(" zero") for text in texts[0]} == {line.partition("# ")[2] for line in lines}
    trained = f"{BASE}+coop-train:shots=2:context=2:epochs=2"
    assert robustcheck("learn", trained, "--dataset", "digits", "--out", "c.safetensors").code == 0
    bench = Bench(MeasureSettings(store=tmp_path / "store", device="cpu"))
    found = [
        bench.measure(Cell(parse_reference(text), Quantity("nll", "digits")))
        for text in (trained, f"{BASE}+coop@{tmp_path / 'c.safetensors'}")
    ]
    values = [score.value for score in found if isinstance(score, Score)]
    assert values[0] == pytest.approx(values[1], abs=1e-6)
    refused = robustcheck("learn", f"{BASE}+tip-adapter", "--dataset", "digits", "--out", "x")
    assert refused.code != 0
    assert "tip-adapter learns nothing that a file holds" in refused.err
    assert "learns nothing" in robustcheck("learn", BASE, "--dataset", "digits", "--out", "x").err
    assert not (tmp_path / "x").exists()


def test_a_found_trigger_is_scored_as_a_model(tmp_path: Path) -> None:
    bench = Bench(MeasureSettings(store=tmp_path / "store", device="cpu"))
    model = parse_reference(f"{BASE}+trigger-search:shots=4:steps=8")
    found = bench.measure(Cell(model, Quantity("top1", "digits")))
    assert isinstance(found, Score)
    told = dict(found.provenance)["trigger-search"]
    assert told.startswith("learnt from 40 images of digits-train; loss ")
    assert np.isfinite(found.value)
