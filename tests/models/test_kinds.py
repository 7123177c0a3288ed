"""Kinds of model: what the registry knows, what a kind can do, and the keys that must never move."""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
from importlib.metadata import version

import pytest

from robustcheck.errors import ModelError, SetupError
from robustcheck.measure.keys import encoder_facts
from robustcheck.models import kind as kinds
from robustcheck.models.encoders import load_model
from robustcheck.models.kind import KeyFacts, ModelKind, always, capabilities, model_kind, model_kinds
from robustcheck.models.reference import parse_reference
from robustcheck.store import content_key
from robustcheck.values import ModelRef

BOTH = ("open_clip_torch", "timm")
# (kind, architecture, weights) -> the libraries in the key, and the key with their versions set to 1.0.
# Those of kinds that 0.1.0 had are as it made them.
KEYS = {
    ("openclip", "ViT-B-32", "laion400m_e32"): (
        BOTH,
        "e31435f1ff39a61a199e7b31826100b821fa8b206e46522599c52d2ba3449558",
    ),
    ("openclip-file", "ViT-B-32", "/x/y.safetensors"): (
        BOTH,
        "a7b867741dffc40d62ce29c6d64a9f5d57ef2aa8fdca6b2350bb89017f04fd1d",
    ),
    # Raised after 0.2.0: an averaged copy of the weights, which only such files hold, counts since.
    ("openclip-file", "ViT-B-32", "/x/y.pt"): (
        BOTH,
        "9dbdbd503dda70819aeb7d92e25bde257378e88b40f4c4632e01f5d98c0010ed",
    ),
    ("local-dir", "", "/x/y"): (BOTH, "29f7a54c678a0d831dfee30c1fda6d5fd77034336db47b246409da18df40c690"),
    ("zoo", "vit", "/x/zoo/y"): (BOTH, "29f7a54c678a0d831dfee30c1fda6d5fd77034336db47b246409da18df40c690"),
    ("hf-hub", "", "laion/x"): (BOTH, "29f7a54c678a0d831dfee30c1fda6d5fd77034336db47b246409da18df40c690"),
    ("timm", "resnet50.a1_in1k", None): (
        ("timm",),
        "88c1d886185b1d0050fd8fc181346bf9e8d326d4b47030429dcd7cc3cfbd21fa",
    ),
    ("timm-file", "resnet50", "/x/y.safetensors"): (
        ("timm",),
        "049360795e94decb8f29e4b7a7a264aeea9d38ca6bc51086d6297de63f0b1e2c",
    ),
    ("hf", "clip", "/x/y"): (
        ("transformers", "tokenizers", "torchvision"),
        "3f9f5454166fb2b8b641ccc8210b45247bfa024847df78d63e7176688f57b222",
    ),
    ("llava", "llava", "/x/y"): (
        ("transformers", "tokenizers", "torchvision", "jinja2"),
        "78da2e4ece9b9cbae93893b274e79c94a2c41802133be6e8ef76ba757f9f0fa1",
    ),
    ("fake", "zero-shot", "a"): ((), "164f514bf462269b3d2c3e20ba4dd7eb254cd9ee3f05deaddcb3b29f1d4e6dd9"),
    ("fake", "classifier", None): ((), "38aadfdaa184923b1e4a459516e44b057601eb636d70e7ca6c5a3d9cc364d730"),
    ("phash", "8", None): ((), "0f825348151dadfff701533ba068827c83f233d71332077678858dd77d0a4666"),
    ("phash", "16", None): ((), "c69109babd34a7760fb77e92d88bd48bf006422ba583cc2f9e053b5729205889"),
    ("predictions", "vit", "/x/p"): ((), "167c929a0f0c8aac87776be1203ca068163a4383071bfc9537c5a4fb4f8b389c"),
}


@pytest.mark.parametrize(("named", "expected"), KEYS.items(), ids=lambda value: "-".join(map(str, value))[:40])
def test_the_encoder_key_does_not_move(
    named: tuple[str, str, str | None], expected: tuple[tuple[str, ...], str]
) -> None:
    libraries, key = expected
    facts = encoder_facts(ModelRef("a", "t", *named), "d" * 64, "fp32")
    assert facts.libraries == tuple((name, version(name)) for name in libraries)
    frozen = dataclasses.replace(facts, libraries=tuple((name, "1.0") for name in libraries))
    assert content_key({"encoder": frozen.plain}) == key


def test_every_kind_has_a_frozen_key() -> None:
    assert {kind.name for kind in model_kinds()} == {name for name, _, _ in KEYS}


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (ModelRef("a", "t", "openclip", "ViT-B-32", "openai"), {"embeds images", "embeds text"}),
        (ModelRef("a", "t", "timm", "resnet50.a1_in1k"), {"embeds images", "scores classes"}),
        (ModelRef("a", "t", "fake", "zero-shot"), {"embeds images", "embeds text"}),
        (ModelRef("a", "t", "fake", "classifier"), {"scores classes"}),
        (ModelRef("a", "t", "phash", "8"), {"embeds images"}),
        (ModelRef("a", "t", "llava", "", "a/b"), {"answers"}),
        (ModelRef("a", "t", "predictions", "", "/x"), {"scores classes"}),
    ],
    ids=lambda value: value.kind if isinstance(value, ModelRef) else "",
)
def test_what_a_model_can_do_is_known_without_loading_it(ref: ModelRef, expected: set[str]) -> None:
    assert capabilities(ref) & {"embeds images", "embeds text", "scores classes", "answers"} == expected


def test_every_loader_is_a_function_of_reference_device_and_precision() -> None:
    for kind in model_kinds():
        load = pkgutil.resolve_name(kind.load) if isinstance(kind.load, str) else kind.load
        assert load is None or list(inspect.signature(load).parameters) == ["ref", "device", "precision"], kind.name


def test_saved_predictions_cannot_be_loaded() -> None:
    with pytest.raises(SetupError, match="its outputs were saved elsewhere"):
        load_model(ModelRef("a", "predictions:x", "predictions", "", "/x"), "cpu")


def test_a_kind_that_no_package_registers_is_named_with_those_that_are() -> None:
    with pytest.raises(SetupError, match=r"knows the kind of model 'opencip'(?s:.)*did you mean 'openclip'"):
        model_kind(ModelRef("a", "opencip:x", "opencip", "x"))


OTHERS = ModelKind(
    name="mine",
    schemes=("mine",),
    example="mine:WORD",
    parse=lambda reference: ModelRef(f"mine-{reference.rest}", reference.text, "mine", reference.rest),
    files=lambda ref: {},
    content=lambda ref: ref.architecture,
    key=lambda ref: KeyFacts("mine", ref.architecture, "", ("pillow",)),
    capabilities=always("embeds images"),
    load=None,
    needs_hub=False,
)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = kinds.registered("model_kinds")
    monkeypatch.setattr(kinds, "registered", lambda group: (*ours, OTHERS))
    monkeypatch.setattr(kinds, "named", lambda group: {kind.name: kind for kind in (*ours, OTHERS)})


@pytest.mark.usefixtures("registered")
def test_a_kind_of_another_package_is_named_keyed_and_asked_as_ours_are() -> None:
    ref = parse_reference("mine:word")
    assert (ref.kind, ref.architecture) == ("mine", "word")
    facts = encoder_facts(ref, "d" * 64, "fp32")
    assert facts.libraries == (("pillow", version("pillow")),)
    assert capabilities(ref) == {"embeds images"}
    with pytest.raises(ModelError, match="mine:WORD"):
        parse_reference("nothing:x")
    with pytest.raises(ModelError, match="did you mean 'mine'"):
        parse_reference("mime:x")
