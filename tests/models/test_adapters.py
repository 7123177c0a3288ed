"""Adapters as a part of a reference: the syntax, both sorts, identity, digest and loading."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_data import cell, write_colours
from pydantic import TypeAdapter

from robustcheck.errors import ModelError, RobustcheckError, SetupError
from robustcheck.measure import MeasureSettings, measure_cells
from robustcheck.measure.option import NumberOption
from robustcheck.models import adapter as adapters
from robustcheck.models.adapter import Adapter, HeadBasis, HeadState, adapter_named, head_logits, make_head
from robustcheck.models.catalogue import known_facets
from robustcheck.models.digests import adapter_facts, weights_bytes, weights_digest
from robustcheck.models.encoders import LoadedModel, Precision, ZeroShotModel, load_model
from robustcheck.models.facets import matches, parse_query
from robustcheck.models.fake import FakeZeroShot
from robustcheck.models.geometry import Crop
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.reference import parse_reference
from robustcheck.values import AdapterUse, ModelRef


@dataclass
class Mixed(FakeZeroShot):
    """A share of the embeddings of a second model."""

    base: Any = None
    other: Any = None
    share: float = 0.0

    def encode_images(self, crops: Sequence[Crop]) -> np.ndarray:
        rows = (1 - self.share) * self.base.encode_images(crops) + self.share * self.other.encode_images(crops)[:, ::-1]
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def mix(base: LoadedModel, use: AdapterUse, device: str, precision: Precision) -> LoadedModel:
    assert use.other is not None
    share = float(adapter_named(use.name).option(use, "share"))
    return Mixed(base=base, other=load_model(use.other, device, precision), share=share)


def nearest_class(basis: HeadBasis, use: AdapterUse) -> HeadState:
    assert basis.features is not None
    assert basis.labels is not None
    means = [basis.features[basis.labels == label].mean(axis=0) for label in range(len(basis.weights))]
    return HeadState(np.stack(means), {"n": len(basis.labels)})


def add_means(features: np.ndarray, basis: HeadBasis, state: HeadState, use: AdapterUse) -> np.ndarray:
    weight = float(adapter_named(use.name).option(use, "alpha"))
    return basis.logit_scale * features @ basis.weights.T + weight * features @ state.array.T


MIX = Adapter(
    name="mix",
    sort="encoder",
    argument="model",
    settings=(NumberOption(name="share", description="", default="0.5", low=0, high=1, always_keyed=True),),
    requires=frozenset({"embeds images"}),
    learns=False,
    libraries=("numpy",),
    adapt=mix,
)
MEANS = Adapter(
    name="class-means",
    sort="head",
    argument="nothing",
    settings=(
        NumberOption(name="shots", description="", low=1, whole=True),
        NumberOption(name="alpha", description="", default="1", low=0),
    ),
    requires=frozenset({"embeds images", "embeds text"}),
    learns=True,
    libraries=(),
    make_head=nearest_class,
    head_logits=add_means,
)
CONTEXT = replace(
    MEANS, name="context", argument="file", settings=(), learns=False, make_head=f"{__name__}:nearest_class"
)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Any:
    known = {each.name: each for each in (MIX, MEANS, CONTEXT)}
    monkeypatch.setattr(adapters, "named", lambda group: known)
    known_facets.cache_clear()
    yield
    known_facets.cache_clear()


FAKE = "fake:zero-shot@a"


# --- syntax ------------------------------------------------------------------------------------------


def test_a_head_adapter_shares_the_encoder_of_its_base() -> None:
    base, model = parse_reference(FAKE), parse_reference(f"{FAKE}+class-means:shots=16")
    assert model.encoder == base
    assert (model.kind, model.architecture, model.weights) == (base.kind, base.architecture, base.weights)
    assert [(use.name, use.sort, use.options, use.file, use.other) for use in model.adapters] == [
        ("class-means", "head", (("shots", "16"),), None, None)
    ]
    assert model.id == "fake-zero-shot@a+class-means_shots=16"
    assert model.text == f"{FAKE}+class-means:shots=16"
    assert parse_reference(model.text) == model


def test_an_encoder_adapter_has_an_encoder_of_its_own() -> None:
    model = parse_reference(f"{FAKE}+mix@fake:zero-shot@b:share=0.25")
    (use,) = model.adapters
    assert model.encoder == model
    assert (use.sort, use.base, use.other) == ("encoder", parse_reference(FAKE), parse_reference("fake:zero-shot@b"))
    assert use.options == (("share", "0.25"),)


def test_adapters_are_chained_from_left_to_right() -> None:
    model = parse_reference(f"{FAKE}+mix@fake:zero-shot@b+class-means:alpha=2:shots=4")
    assert [use.name for use in model.adapters] == ["mix", "class-means"]
    assert model.encoder == parse_reference(f"{FAKE}+mix@fake:zero-shot@b")
    assert model.adapters[0].other == parse_reference("fake:zero-shot@b")
    assert model.facet("adapter") == "mix+class-means"


def test_facets_are_those_of_the_base_and_the_adapter() -> None:
    (model,) = resolve_models(["zoo:vit-plain-1000+class-means:shots=1"])
    base = parse_reference("zoo:vit-plain-1000")
    assert dict(model.facets) == {**dict(base.facets), "adapter": "class-means"}
    assert model.named
    assert matches(parse_query("adapter=class-means&architecture=vit"), dict(model.facets))
    assert not matches(parse_query("adapter=mix"), dict(model.facets))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+class-means:shots=16:alpha=1", "+class-means:shots=16"),
        ("+class-means:shots=016:alpha=2.0", "+class-means:alpha=2:shots=16"),
        ("+mix@fake:zero-shot@b:share=0.5", "+mix@fake:zero-shot@b"),
    ],
)
def test_options_have_one_form(one: str, other: str) -> None:
    first, second = parse_reference(FAKE + one), parse_reference(FAKE + other)
    assert (first.id, first.identity, first.adapters) == (second.id, second.identity, second.adapters)
    assert len(resolve_models([FAKE + one, FAKE + other])) == 1


def test_a_file_is_found_beside_the_reference_and_has_options_after_it(tmp_path: Path) -> None:
    (tmp_path / "ctx 1.npz").write_bytes(b"context")
    model = parse_reference(f"{FAKE}+context@ctx 1.npz", base=tmp_path)
    assert model.adapters[0].file == str(tmp_path / "ctx 1.npz")
    assert model.id == "fake-zero-shot@a+context@ctx_1"


def test_files_of_one_name_keep_apart(tmp_path: Path) -> None:
    for run in ("a", "b"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "ctx.npz").write_bytes(b"")
    found = resolve_models([f"{FAKE}+context@a/ctx.npz", f"{FAKE}+context@b/ctx.npz"], base=tmp_path)
    assert [model.id for model in found] == ["fake-zero-shot@a+context@ctx", "fake-zero-shot@a+context@b-ctx"]


def test_sets_queries_globs_and_commas_take_an_adapter() -> None:
    whole = resolve_models(["zoo"])
    adapted = resolve_models(["zoo+class-means:shots=1"])
    assert [model.encoder for model in adapted] == list(whole)
    assert not any(model.named for model in adapted)
    assert adapted[0].text == f"{whole[0].text}+class-means:shots=1"
    assert len(resolve_models(["zoo=yes&architecture=vit+class-means:shots=1"])) == 4
    assert len(resolve_models(["zoo:vit-*+class-means:shots=1"])) == 4
    both = resolve_models([f"{FAKE},{FAKE}+class-means:shots=1,zoo:vit-plain-100"])
    assert [len(model.adapters) for model in both] == [0, 1, 0]


def test_a_file_whose_name_looks_like_an_adapter_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "run+mix@x.pt").mkdir()
    with pytest.raises(ModelError, match="unknown model"):
        parse_reference("run+mix@x.pt", base=tmp_path)
    (tmp_path / "run+context:a=1.csv").write_text("id,predicted\na,1\n")
    with pytest.raises(ModelError, match="unknown kind of model"):
        parse_reference("run+context:a=1.csv", base=tmp_path)


def test_a_checkpoint_with_its_architecture_takes_an_adapter(tmp_path: Path) -> None:
    (tmp_path / "epoch_1.pt").write_bytes(b"")
    (model,) = resolve_models(["epoch_1.pt+class-means:shots=2"], arch="ViT-B-32", base=tmp_path)
    assert (model.id, model.kind) == ("ViT-B-32@epoch_1+class-means_shots=2", "openclip-file")


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        ("zoo:vit-plain-1000+clas-means:shots=1", "unknown adapter 'clas-means'", "did you mean 'class-means'?"),
        (f"{FAKE}+class-means:shot=1", "has no option 'shot'", "did you mean 'shots'?"),
        (f"{FAKE}+class-means:shots=0", "shots is '0'", "a whole number of 1 or more"),
        (f"{FAKE}+class-means", "shots is not given", ":shots="),
        (f"{FAKE}+class-means:shots=1:shots=2", "shots stands twice", "BASE+class-means:shots="),
        (f"{FAKE}+class-means@x:shots=1", "takes no @x", "BASE+class-means:shots="),
        (f"{FAKE}+context", "context from which file?", "BASE+context@FILE"),
        (f"{FAKE}+context@nowhere.npz", "there is no file", ""),
        (f"{FAKE}+mix", "mix of which second model?", "BASE+mix@MODEL"),
        (f"{FAKE}+mix@fak:x", "unknown kind of model 'fak'", "did you mean 'fake'?"),
        ("fake:classifier+class-means:shots=1", "needs a model that embeds images and embeds text", ""),
        (f"{FAKE}+class-means:shots=1+mix@fake:zero-shot@b", "changes the encoder below class-means", "before"),
        ("timm:resnet50.a1_in1k+clas-means:shots=1", "unknown adapter 'clas-means'", "class-means"),
        ("hf:org/name+clas-means:shots=1", "unknown adapter 'clas-means'", "class-means"),
        ("nothing+clas-means", "unknown model 'nothing+clas-means'", ""),
    ],
)
def test_what_is_wrong_with_an_adapter_is_said(text: str, found: str, hint: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_reference(text)
    assert found in str(caught.value)
    assert hint in str(caught.value)


def test_what_an_adapter_learns_from_is_named_in_the_reference() -> None:
    model = parse_reference(f"{FAKE}+class-means:shots=1:train=digits-train")
    assert model.adapters[0].train == "digits-train"
    assert parse_reference(f"{FAKE}+class-means:shots=1").adapters[0].train is None
    with pytest.raises(ModelError, match="has no option 'train'"):
        parse_reference(f"{FAKE}+mix@fake:zero-shot@b:train=digits")


def test_an_adapter_that_is_no_longer_installed_is_an_error() -> None:
    with pytest.raises(SetupError, match="no installed package has the adapter 'gone'"):
        adapter_named("gone")


def test_a_reference_with_adapters_goes_through_a_record_and_without_them_says_nothing_of_them() -> None:
    schema = TypeAdapter(ModelRef)
    model = parse_reference(f"{FAKE}+mix@fake:zero-shot@b+class-means:shots=4")
    assert schema.validate_json(schema.dump_json(model)) == model
    assert "adapter" not in json.loads(schema.dump_json(parse_reference(FAKE), exclude_defaults=True))


# --- digests, keys, loading --------------------------------------------------------------------------


def test_the_digest_of_an_encoder_adapter_holds_all_of_it() -> None:
    texts = ["", "+mix@fake:zero-shot@b", "+mix@fake:zero-shot@c", "+mix@fake:zero-shot@b:share=0.1"]
    texts.append("+mix@fake:zero-shot@b+mix@fake:zero-shot@b")
    digests = {weights_digest(parse_reference(FAKE + text)) for text in texts}
    assert len(digests) == len(texts)
    assert None not in digests


def test_a_head_adapter_leaves_the_digest_as_it_is() -> None:
    assert weights_digest(parse_reference(f"{FAKE}+class-means:shots=1")) == weights_digest(parse_reference(FAKE))


def test_what_keys_say_of_an_adapter(tmp_path: Path) -> None:
    use = parse_reference(f"{FAKE}+mix@fake:zero-shot@b").adapters[0]
    assert adapter_facts(use) == {
        "name": "mix", "schema": 1, "options": {"share": "0.5"}, "file": None,
        "other": [weights_digest(parse_reference("fake:zero-shot@b")), "fake", "zero-shot", "", ()],
        "libraries": {"numpy": version("numpy")}, "maker": "",
    }  # fmt: skip
    means = parse_reference(f"{FAKE}+class-means:shots=2:train=digits").adapters[0]
    assert adapter_facts(means) == {
        "name": "class-means", "schema": 1, "options": {"shots": "2"}, "file": None, "other": None, "libraries": {},
        "maker": "",
    }  # fmt: skip
    (tmp_path / "c.npz").write_bytes(b"one")
    context = parse_reference(f"{FAKE}+context@c.npz", base=tmp_path).adapters[0]
    before = adapter_facts(context)
    (tmp_path / "c.npz").write_bytes(b"two")
    assert adapter_facts(context) != before
    (tmp_path / "c.npz").unlink()
    assert adapter_facts(context) is None


def test_the_weights_of_a_second_model_count() -> None:
    base = weights_bytes(parse_reference("zoo:vit-plain-1000"))
    assert weights_bytes(parse_reference("zoo:vit-plain-1000+mix@zoo:vit-plain-1000")) == 2 * base > 0


def test_an_encoder_adapter_is_loaded_on_its_base_and_measured(tmp_path: Path) -> None:
    ref = parse_reference(f"{FAKE}+mix@fake:zero-shot@b:share=1")
    model = load_model(ref)
    assert isinstance(model, ZeroShotModel)
    base, red = load_model(parse_reference(FAKE)), np.full((4, 4, 3), (200, 10, 10), dtype=np.uint8)
    assert isinstance(base, ZeroShotModel)
    np.testing.assert_array_equal(model.encode_images([red]), base.encode_images([red])[:, ::-1])
    data, settings = write_colours(tmp_path / "data", 30), MeasureSettings(store=tmp_path / "store", device="cpu")
    plain, mixed = cell(parse_reference(FAKE), data), cell(ref, data)
    scores = measure_cells([plain, mixed], settings)
    assert scores[plain].key != scores[mixed].key
    assert scores[plain].value > scores[mixed].value


def test_a_head_adapter_is_never_scored_as_its_base(tmp_path: Path) -> None:
    data, settings = write_colours(tmp_path / "data", 30), MeasureSettings(store=tmp_path / "store", device="cpu")
    one, plain = cell(parse_reference(f"{FAKE}+class-means:shots=1"), data), cell(parse_reference(FAKE), data)
    found = measure_cells([one], settings)[one]
    assert isinstance(found, RobustcheckError)
    assert "it is not known what class-means is to learn from" in str(found)
    named = cell(parse_reference(f"{FAKE}+class-means:shots=1:alpha=900:train={data}"), data)
    scores = measure_cells([named, plain], settings)
    assert scores[named].key != scores[plain].key
    assert scores[named].value != scores[plain].value


def test_a_head_adapter_is_made_from_what_its_base_gives_and_scores_features() -> None:
    use = parse_reference(f"{FAKE}+class-means:shots=2:alpha=3").adapters[0]
    features = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    basis = HeadBasis(np.eye(3), 100.0, 0.0, (("a",), ("b",), ("c",)), features, np.array([0, 1, 2, 0]))
    state = make_head(basis, use)
    assert state.facts == {"n": 4}
    np.testing.assert_allclose(head_logits(features[:2], basis, state, use), [[103, 0, 0], [0, 103, 0]])
    named = replace(use, name="context")
    np.testing.assert_array_equal(make_head(basis, named).array, state.array)


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (IndexError("list index out of range"), "the adapter class-means failed (IndexError: list index out of range)"),
        (MemoryError("too much"), "the adapter class-means does not fit into memory (too much)"),
    ],
)
def test_whatever_an_adapter_raises_is_an_error_of_its_model(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, message: str
) -> None:
    def fail(*given: object) -> Any:
        raise raised

    broken = replace(MEANS, make_head=fail, head_logits=fail, pick=fail)
    monkeypatch.setattr(adapters, "named", lambda group: {"class-means": broken})
    (use,) = parse_reference(f"{FAKE}+class-means:shots=16").adapters
    basis = HeadBasis(np.zeros((2, 3)), 1.0, 0.0, ())
    for act in (
        lambda: adapters.make_head(basis, use),
        lambda: adapters.head_logits(np.zeros((1, 3), np.float32), basis, HeadState(np.zeros(1), {}), use),
        lambda: adapters.pick_samples(np.zeros(1, dtype=np.int64), use),
    ):
        with pytest.raises(ModelError) as caught:
            act()
        assert (caught.value.found, caught.value.where) == (message, FAKE)
