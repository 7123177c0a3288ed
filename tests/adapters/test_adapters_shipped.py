"""The adapters that ship: identities, second implementations, and what scoring makes of them."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from scoring_data import World, make_world, options, painted
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from torch.nn import functional

from robustcheck.adapters.coop import read_context
from robustcheck.adapters.coop_training import ContextTraining, train_context
from robustcheck.adapters.flyp_surrogate import contrastive_loss
from robustcheck.adapters.linear_probe import choose_c, fit_regression
from robustcheck.adapters.nearest_neighbours import votes
from robustcheck.adapters.shots import draw_shots, stratified_tenth
from robustcheck.adapters.tip_adapter import Cache, cache_logits, text_logits, trained_keys
from robustcheck.datasets import class_sets
from robustcheck.errors import ModelError, RobustcheckError
from robustcheck.measure import Bench, MeasureSettings, export_learnt
from robustcheck.measure.learnt import read_head
from robustcheck.measure.saved import readout_of
from robustcheck.models import adapter
from robustcheck.models.adapter import HeadBasis, tensor_logits
from robustcheck.models.encoders import load_model
from robustcheck.models.encoders_openclip import OpenClipModel
from robustcheck.models.reference import parse_reference
from robustcheck.models.torch_models import DualEncoder
from robustcheck.values import Cell, ModelRef, Quantity, Score

BASE, OTHER = "zoo:vit-plain-100", "zoo:vit-plain-1000"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(MeasureSettings(store=tmp_path_factory.mktemp("store"), device="cpu"))


def asked(text: str, metric: str = "top1", dataset: str = "digits") -> Cell:
    return Cell(parse_reference(text), Quantity(metric, dataset))


def score(bench: Bench, text: str, metric: str = "top1", dataset: str = "digits") -> Score:
    found = bench.measure(asked(text, metric, dataset))
    assert isinstance(found, Score), found
    return found


def logits(bench: Bench, text: str, dataset: str = "digits") -> np.ndarray:
    score(bench, text, dataset=dataset)
    (recipe,) = bench.recipes(asked(text, dataset=dataset))
    return readout_of(recipe, bench.memo).logits(np.arange(len(recipe.dataset)))


def stored(bench: Bench, dataset: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the stored features and the labels of a data set."""
    score(bench, BASE, dataset=dataset)
    (recipe,) = bench.recipes(asked(BASE, dataset=dataset))
    return bench.memo.rows(recipe.outputs).take(recipe.rows), recipe.dataset.labels


# --- linear probe ----------------------------------------------------------------------------------------


def test_the_linear_probe_is_scikit_learns(bench: Bench) -> None:
    features, labels = stored(bench, "digits-train")
    unseen, _ = stored(bench, "digits")
    theirs = LogisticRegression(C=10.0, max_iter=1000).fit(features, labels)
    np.testing.assert_allclose(logits(bench, f"{BASE}+linear-probe:c=10"), theirs.decision_function(unseen), atol=1e-4)
    found = score(bench, f"{BASE}+linear-probe:c=10")
    assert found.value == pytest.approx(theirs.score(unseen, stored(bench, "digits")[1]))
    assert dict(found.provenance)["linear-probe"] == "learnt from 1,000 images of digits-train; C 10"


def test_c_is_chosen_on_a_tenth_that_is_held_out_and_never_on_what_is_scored() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 4
    features = (np.eye(4)[labels] + rng.normal(size=(200, 4)) * 0.6).astype(np.float32)
    held = stratified_tenth(labels, 1)
    assert np.bincount(labels[held]).tolist() == [5, 5, 5, 5]
    chosen = choose_c(features, labels, 1)
    assert 1e-6 <= chosen <= 1e6

    def accuracy(exponent: float) -> float:
        fitted = LogisticRegression(C=10**exponent, max_iter=1000).fit(features[~held], labels[~held])
        return float(fitted.score(features[held], labels[held]))

    exponent = np.log10(chosen)
    assert accuracy(exponent) >= max(accuracy(each) for each in range(-6, 7, 2))
    assert exponent * 8 == pytest.approx(round(exponent * 8), abs=1e-9)


def test_of_equally_good_c_the_middle_is_taken() -> None:
    """Three classes far apart, half of the images of one: a C too small answers with it, and any other is right."""
    rng = np.random.default_rng(0)
    labels = np.array([0, 0, 1, 2] * 20)
    features = (np.eye(3)[labels] + rng.normal(size=(80, 3)) * 0.1).astype(np.float32)
    held = stratified_tenth(labels, 1)
    grid = np.arange(-48, 49) / 8
    scores = [
        LogisticRegression(C=10**each, max_iter=1000)
        .fit(features[~held], labels[~held])
        .score(features[held], labels[held])
        for each in grid
    ]
    best = grid[np.array(scores) == max(scores)]
    assert best[0] > -6
    assert np.diff(best).max() == 1 / 8, "one range"
    assert abs(np.log10(choose_c(features, labels, 1)) - (best[0] + best[-1]) / 2) <= 1 / 8


def test_what_cannot_be_chosen_on_held_out_images_is_refused(tmp_path: Path) -> None:
    world: World = make_world(tmp_path, painted("known", 24), painted("learn", 36, seed=9))

    def refused(adapter: str) -> str:
        return world.refusal("top1", "known", parse_reference(f"fake:zero-shot@a+{adapter}:train=learn"))

    assert "C cannot be chosen: no class has an image to hold out" in refused("linear-probe:shots=1")
    assert "alpha and beta cannot be searched: no class has an image beside its shots" in refused(
        "tip-adapter:shots=6:search=true"
    )


def test_what_there_are_too_few_of_is_told(tmp_path: Path) -> None:
    learn = painted("learn", 36, seed=9)
    world: World = make_world(tmp_path, painted("known", 24), learn)
    few, least = np.bincount(learn.labels), np.bincount(learn.labels).min()
    assert (few < 50).all()

    def told(adapter: str) -> str:
        ref = parse_reference(f"fake:zero-shot@a+{adapter}:train=learn")
        return dict(world.score("top1", "known", ref).provenance)[adapter.partition(":")[0]]

    assert told("tip-adapter:shots=50").startswith(
        f"learnt from 36 images of learn, of 6 of 6 classes fewer than 50 (least {least})"
    )
    assert told("tip-adapter:shots=1").startswith("learnt from 6 images of learn;")
    assert told("knn:k=100") == "learnt from 36 images of learn; k 36, all that there are"
    assert told("knn:k=36") == "learnt from 36 images of learn"


def test_two_classes_have_two_rows() -> None:
    features = np.array([[0.0, 1.0], [0.1, 0.9], [1.0, 0.0], [0.9, 0.2]], dtype=np.float32)
    labels = np.array([0, 0, 1, 1])
    weights = fit_regression(features, labels, 1.0)
    theirs = LogisticRegression(C=1.0, max_iter=1000).fit(features, labels)
    found = features @ weights[:, :-1].T + weights[:, -1]
    np.testing.assert_allclose(found[:, 1] - found[:, 0], theirs.decision_function(features), atol=1e-6)


# --- nearest neighbours ----------------------------------------------------------------------------------


def test_neighbours_vote_as_scikit_learns_do(bench: Bench) -> None:
    features, labels = stored(bench, "digits-train")
    unseen, _ = stored(bench, "digits")
    weigh = lambda distances: np.exp((1 - distances) / 0.07)  # noqa: E731
    theirs = KNeighborsClassifier(20, metric="cosine", weights=weigh).fit(features, labels)
    ours = np.exp(logits(bench, f"{BASE}+knn"))
    np.testing.assert_allclose(ours / ours.sum(axis=1, keepdims=True), theirs.predict_proba(unseen), atol=1e-5)


def test_fewer_images_than_neighbours_all_vote() -> None:
    known = np.eye(3, dtype=np.float32)
    found = votes(known, known, np.array([0, 1, 1]), 2, 20, 1.0)
    np.testing.assert_allclose(found, [[1, 2 / np.e], [1 / np.e, 1 + 1 / np.e], [1 / np.e, 1 + 1 / np.e]])


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    """A network of timm with random weights, which embeds images and reads no text."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = timm.create_model("test_resnet", num_classes=7)
    path = tmp_path_factory.mktemp("weights") / "seven.safetensors"
    save_file(model.state_dict(), path)
    return parse_reference(f"timm:test_resnet@{path}")


def test_a_classifier_is_probed_below_its_last_layer(tmp_path: Path, classifier: ModelRef) -> None:
    world: World = make_world(tmp_path, painted("known", 24))
    for name in ("knn:k=1", "linear-probe:c=1000000"):
        ref = parse_reference(f"{classifier.text}+{name}:train=known")
        found = world.score("top1", "known", ref)
        assert found.value > 0.8
        # It learnt what is scored, so its pass will be a warning.
        (doubt,) = found.doubts
        assert doubt == f"24 of 24 images of known are among those that {ref.adapters[-1].name} learns from"
    model = load_model(classifier, "cpu")
    crops = [model.geometry.crop(world.datasets["known"].image(row)) for row in range(3)]
    pixels = model.pixels(crops)  # type: ignore[attr-defined]
    with torch.no_grad():
        inner = model.model.forward_features(
            (pixels - _column(model.normalisation.mean)) / _column(model.normalisation.std)
        )  # type: ignore[attr-defined]
        expected = functional.normalize(model.model.forward_head(inner, pre_logits=True), dim=1)[:3]  # type: ignore[attr-defined]
    np.testing.assert_allclose(model.encode_images(crops), expected.numpy(), atol=1e-6)  # type: ignore[attr-defined]


def _column(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values).view(-1, 1, 1)


# --- Tip-Adapter -------------------------------------------------------------------------------------------


def test_with_alpha_0_it_is_zero_shot_exactly(bench: Bench) -> None:
    for name in ("tip-adapter", "tip-adapter-f"):
        np.testing.assert_array_equal(logits(bench, f"{BASE}+{name}:alpha=0"), logits(bench, BASE))


def test_the_cache_is_the_papers_formula_in_torch(bench: Bench) -> None:
    features, labels = stored(bench, "digits-train")
    unseen, _ = stored(bench, "digits")
    rows, _ = draw_shots(labels, 4, 1)
    keys, one_hot = torch.tensor(features[rows]).double(), functional.one_hot(torch.tensor(labels[rows])).double()
    affinity = torch.tensor(unseen).double() @ keys.T
    cached = (-(5.5 - 5.5 * affinity)).exp() @ one_hot
    found = logits(bench, f"{BASE}+tip-adapter:shots=4:alpha=2:beta=5.5")
    np.testing.assert_allclose(found, logits(bench, BASE) + 2 * cached.numpy(), atol=1e-9)


def test_a_shot_remembers_itself() -> None:
    """At its own key the cache gives alpha to its class, whatever beta is; with beta 0 all keys count alike."""
    keys = np.eye(4, dtype=np.float32)[:3]
    labels = np.array([0, 1, 2])
    own = cache_logits(keys, keys, labels, 3, 50.0)
    np.testing.assert_allclose(np.diag(own), 1.0)
    assert own[0, 1] < 1e-20
    np.testing.assert_allclose(cache_logits(keys, keys, np.array([0, 0, 2]), 3, 0.0), [[2, 0, 1]] * 3)


def test_training_the_keys_lowers_the_loss_on_the_shots_and_is_the_same_each_time() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 4
    keys = rng.normal(size=(40, 8)).astype(np.float32)
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    weights = rng.normal(size=(4, 8))
    basis = HeadBasis(weights / np.linalg.norm(weights, axis=1, keepdims=True), 10.0, 0.0, (), names=tuple("abcd"))
    cache = Cache(keys, labels, keys[:0], labels[:0])

    def loss(found: np.ndarray) -> float:
        scores = text_logits(keys, basis) + 3 * cache_logits(keys, found, labels, 4, 2.0)
        return float(functional.cross_entropy(torch.tensor(scores), torch.tensor(labels)))

    trained = trained_keys(basis, cache, 3.0, 2.0, seed=1)
    assert loss(trained) < loss(keys)
    np.testing.assert_array_equal(trained, trained_keys(basis, cache, 3.0, 2.0, seed=1))


def test_a_search_is_on_images_that_are_neither_shots_nor_scored(bench: Bench) -> None:
    (recipe,) = bench.recipes(asked(f"{BASE}+tip-adapter:shots=8:search=true"))
    learnt = recipe.learnt
    assert learnt is not None
    assert learnt.basis.dataset.name == "digits-train"
    assert (len(learnt.places), learnt.held_out) == (120, 40)
    assert len(set(learnt.places)) == 120
    found = dict(score(bench, f"{BASE}+tip-adapter:shots=8:search=true").provenance)["tip-adapter"]
    assert found.startswith("learnt from 120 images of digits-train; alpha ")
    # Only these images are read.
    assert learnt.basis.outputs.images.count == 120


# --- CoOp --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def words() -> torch.Tensor:
    """The word embeddings of 'a photo of a', which make of CoOp's classifier that of a prompt."""
    model = load_model(parse_reference(BASE), "cpu")
    tokens = model.tokenizer(["a photo of a"])[0, 1:5]  # type: ignore[attr-defined]
    return model.model.token_embedding.weight.detach()[tokens]  # type: ignore[attr-defined]


def test_the_words_of_a_prompt_as_context_are_that_prompt(bench: Bench, words: torch.Tensor, tmp_path: Path) -> None:
    save_file({"ctx": words.contiguous()}, tmp_path / "words.safetensors")
    model = load_model(parse_reference(BASE), "cpu")
    assert isinstance(model, OpenClipModel)
    start = model.model.token_embedding.weight.detach()[int(model.tokenizer(["a"])[0, 0])]
    released = {"ctx": words, "token_prefix": start.half().expand(10, 1, 32), "token_suffix": torch.zeros(10, 11, 32)}
    torch.save(
        {"state_dict": {f"prompt_learner.{name}": each for name, each in released.items()}}, tmp_path / "model.pth.tar"
    )
    prompts = tmp_path / "prompt.txt"
    prompts.write_text("a photo of a {c}.\n", encoding="utf-8")
    plain = bench.measure(Cell(parse_reference(BASE), Quantity("top1", "digits", prompts=str(prompts))))
    assert isinstance(plain, Score)
    assert plain.samples is not None
    for name in ("words.safetensors", "model.pth.tar"):
        found = score(bench, f"{BASE}+coop@{tmp_path / name}")
        assert found.samples is not None
        assert found.samples.scores.tolist() == plain.samples.scores.tolist()
        assert found.key != plain.key
        told = {"words.safetensors": "not told by the file", "model.pth.tar": "as the file has it"}
        assert f"text tower {told[name]}" in dict(found.provenance)["coop"]


def test_a_context_of_another_tower_of_the_same_width_is_an_error(bench: Bench, tmp_path: Path) -> None:
    """The file that `learn` writes tells the tower by its [start], as CoOp's own files do."""
    cell = asked("zoo:vit-augmented-100+coop-train:shots=1:context=2:epochs=2")
    (recipe,) = bench.recipes(cell)
    assert recipe.learnt is not None
    bench.measure(cell)
    file = tmp_path / "learnt.safetensors"
    file.write_bytes(export_learnt(recipe.learnt, bench.memo))
    own = score(bench, f"zoo:vit-augmented-100+coop@{file}")
    assert "text tower as the file has it" in dict(own.provenance)["coop"]
    found = bench.measure(asked(f"{BASE}+coop@{file}"))
    assert isinstance(found, RobustcheckError)
    assert "the context was learnt on another text tower" in str(found)


def test_a_context_that_does_not_fit_is_an_error(bench: Bench, tmp_path: Path) -> None:
    def refusal(content: dict[str, Any]) -> str:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pt"
        torch.save(content, path)
        found = bench.measure(asked(f"{BASE}+coop@{path}"))
        assert isinstance(found, RobustcheckError), found
        return str(found)

    assert "no context vectors ctx" in refusal({"state_dict": {"other": torch.zeros(4, 32)}})
    assert "no context vectors ctx" in refusal({"ctx": torch.zeros(10, 4, 32)})
    for length in (4, 14):  # of another tower: how many there is room for does not matter
        other = refusal({"ctx": torch.zeros(length, 31)})
        assert "context vectors of width 31, and word embeddings of width 32" in other
        assert ".pt: context" in other
    many = refusal({"ctx": torch.zeros(14, 32)})
    assert "14 context vectors and a name need" in many
    assert "expected: at most" in many
    assert "pickled objects, which are never executed" in refusal({"ctx": torch.zeros(4, 32), "optimizer": Path("x")})
    assert "NaN or infinite" in refusal({"ctx": torch.full((4, 32), torch.nan)})
    assert "no context vectors ctx" in refusal({"state_dict": [1]})
    assert "no context vectors ctx" in refusal({1: torch.zeros(4, 32)})  # type: ignore[dict-item]


class Payload:
    """What pickle would run while it loads."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("name", ["model.pth.tar", "plain.pt", "named.safetensors", "damaged.pt", "empty.pt"])
def test_nothing_in_the_file_of_a_context_is_run(bench: Bench, tmp_path: Path, name: str) -> None:
    path, mark = tmp_path / name, tmp_path / "ran"
    if name == "model.pth.tar":
        torch.save({"state_dict": {"ctx": Payload(mark)}}, path)
    else:
        contents = {"damaged.pt": b"PK\x03\x04", "empty.pt": b""}
        path.write_bytes(contents.get(name, pickle.dumps(Payload(mark), protocol=2)))
    spared, found = bench.measure(asked(BASE)), bench.measure(asked(f"{BASE}+coop@{path}"))
    assert isinstance(spared, Score)
    assert isinstance(found, RobustcheckError)
    assert "never executed" in str(found) or "cannot be read" in str(found)
    assert not mark.exists()


def test_another_algorithm_of_an_adapter_has_another_key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bench.recipes(asked(f"{BASE}+knn"))[0].key
    known = dict(adapter.known_adapters())
    monkeypatch.setattr(adapter, "named", lambda group: {**known, "knn": replace(known["knn"], schema=2)})
    assert Bench(bench.settings).recipes(asked(f"{BASE}+knn"))[0].key != before


def test_what_is_read_of_a_file_are_its_vectors(words: torch.Tensor, tmp_path: Path) -> None:
    torch.save({"ctx": words.half()}, tmp_path / "half.pt")
    np.testing.assert_allclose(read_context(tmp_path / "half.pt").vectors, words.numpy(), atol=1e-3)
    torch.save([1], tmp_path / "list.pt")
    with pytest.raises(ModelError, match="no context vectors"):
        read_context(tmp_path / "list.pt")


def test_learning_a_context_lowers_the_loss_and_is_the_same_each_time(bench: Bench, tmp_path: Path) -> None:
    """The vectors that are learnt, saved to a file, are the same classifier as a released file of them."""
    ref = f"{BASE}+coop-train:shots=4:context=3:epochs=12"
    (recipe,) = bench.recipes(asked(ref))
    learnt = recipe.learnt
    assert learnt is not None
    assert (len(learnt.places), learnt.basis.dataset.name) == (40, "digits-train")
    features, labels = stored(bench, "digits-train")
    places = list(learnt.places)
    names = recipe.dataset.class_names
    model = load_model(parse_reference(BASE), "cpu")
    basis = HeadBasis(np.zeros((10, 48)), model.logit_scale, 0.0, (), features[places], labels[places], names=names)  # type: ignore[attr-defined]
    assert isinstance(model, OpenClipModel)
    ends = [train_context(model, basis, ContextTraining(3, epochs, 1)) for epochs in (1, 12, 12)]
    assert ends[1][1] < ends[0][1]
    assert torch.equal(ends[1][0], ends[2][0])
    save_file({"ctx": ends[1][0].contiguous()}, tmp_path / "learnt.safetensors")
    np.testing.assert_allclose(
        logits(bench, ref), logits(bench, f"{BASE}+coop@{tmp_path / 'learnt.safetensors'}"), atol=1e-4
    )


# --- the surrogate of FLYP ------------------------------------------------------------------------------------


def test_the_surrogate_begins_as_zero_shot_and_learns(bench: Bench) -> None:
    np.testing.assert_allclose(logits(bench, f"{BASE}+flyp-surrogate:epochs=0"), logits(bench, BASE), atol=1e-4)
    assert score(bench, f"{BASE}+flyp-surrogate").value > score(bench, BASE).value


def test_the_surrogates_loss_is_open_clips() -> None:
    rng = np.random.default_rng(0)
    rows = [functional.normalize(torch.tensor(rng.normal(size=(6, 4))), dim=1) for _ in range(2)]
    none = [torch.zeros(4, 4, dtype=torch.float64)] * 2
    theirs = open_clip.ClipLoss()(rows[0], rows[1], torch.tensor(7.0, dtype=torch.float64))
    assert float(contrastive_loss(rows[0], rows[1], none, 7.0)) == pytest.approx(float(theirs), rel=1e-9)


# --- WiSE-FT -------------------------------------------------------------------------------------------------


def test_wise_ft_is_its_ends_at_0_and_1(bench: Bench) -> None:
    for alpha, end in ((0, BASE), (1, OTHER)):
        np.testing.assert_array_equal(logits(bench, f"{BASE}+wise-ft@{OTHER}:alpha={alpha}"), logits(bench, end))
    with_text = [score(bench, text).key for text in (BASE, f"{BASE}+wise-ft@{OTHER}:alpha=0")]
    assert len(set(with_text)) == 2


def test_wise_ft_mixes_every_weight() -> None:
    mixed = load_model(parse_reference(f"{BASE}+wise-ft@{OTHER}:alpha=0.25"), "cpu")
    files = [Path(str(parse_reference(text).weights)) / "open_clip_model.safetensors" for text in (BASE, OTHER)]
    first, second = (load_file(path) for path in files)
    assert isinstance(mixed, DualEncoder)
    state = mixed.model.state_dict()
    for name, weights in first.items():
        np.testing.assert_allclose(state[name], 0.75 * weights + 0.25 * second[name], atol=1e-6)
    assert mixed.logit_scale == pytest.approx(float(state["logit_scale"].exp()), rel=1e-6)
    plain = open_clip.create_model(f"local-dir:{files[0].parent}")
    plain.load_state_dict({name: torch.as_tensor(each) for name, each in state.items()})
    crops = [np.full((32, 32, 3), value, np.uint8) for value in (30, 200)]
    pixels = mixed.pixels(crops)
    with torch.no_grad():
        theirs = functional.normalize(plain.eval().encode_image((pixels - 0.5) / 0.35), dim=1)[:2]
    np.testing.assert_allclose(mixed.encode_images(crops), theirs, atol=1e-6)


def test_models_that_differ_in_form_are_not_mixed(classifier: ModelRef) -> None:
    with pytest.raises(ModelError, match="their weights differ in form"):
        load_model(parse_reference(f"{BASE}+wise-ft@zoo:cnn-plain-100"), "cpu")
    with pytest.raises(ModelError, match=f"it is not of the kind of {BASE}, so their weights cannot be mixed"):
        load_model(parse_reference(f"{BASE}+wise-ft@{classifier.text}"), "cpu")


def test_adapters_are_put_on_a_mixture(bench: Bench) -> None:
    mixed = f"{BASE}+wise-ft@{OTHER}:alpha=1+knn"
    np.testing.assert_array_equal(logits(bench, mixed), logits(bench, f"{OTHER}+knn"))


# --- attacks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    ["linear-probe:c=10", "knn", "tip-adapter:shots=4:beta=3", "tip-adapter-f:shots=4", "flyp-surrogate:epochs=2",
     "coop-train:shots=1:context=2:epochs=2"],
)  # fmt: skip
def test_on_tensors_an_adapter_gives_what_it_gives_on_arrays(bench: Bench, use: str) -> None:
    expected = logits(bench, f"{BASE}+{use}")
    (recipe,) = bench.recipes(asked(f"{BASE}+{use}"))
    assert recipe.learnt is not None
    head = read_head(recipe.learnt, bench.memo)
    features = torch.tensor(bench.memo.rows(recipe.outputs).take(recipe.rows)).double().requires_grad_()
    found = tensor_logits(features, head.basis, head.state, head.use)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-6)
    (slope,) = torch.autograd.grad(found[:, 0].sum(), features)
    assert float(slope.abs().sum()) > 0


def test_attacks_reach_through_adapters(bench: Bench, classifier: ModelRef, tmp_path: Path) -> None:
    """At eps 0 robust accuracy is accuracy; beyond it an attack finds what it finds on the logits of the adapter."""
    for use in ("knn", "linear-probe:c=10"):
        cells = [
            Cell(
                parse_reference(f"{BASE}+{use}"),
                Quantity("robust_accuracy", "digits", options=tuple(sorted(options(attack="bim", eps=eps, images=24)))),
            )
            for eps in ("0", "8/255")
        ]
        still, moved = (bench.measure(cell) for cell in cells)
        assert isinstance(still, Score), still
        assert isinstance(moved, Score), moved
        hits = dict(zip(*_ids_and_scores(bench, asked(f"{BASE}+{use}")), strict=True))
        ids, scores = _ids_and_scores(bench, cells[0])
        assert scores == [hits[name] for name in ids]
        assert moved.value < still.value
    world = make_world(tmp_path, painted("known", 24))
    given = options(attack="fgsm", eps="0", images="0")
    ref = parse_reference(f"{classifier.text}+linear-probe:c=1000000:train=known")
    assert world.score("robust_accuracy", "known", ref, options=given).value == world.score("top1", "known", ref).value


@pytest.mark.parametrize("use", ["linear-probe:c=10", "tip-adapter:shots=4", "knn"])
def test_a_substitute_may_have_an_adapter(bench: Bench, use: str) -> None:
    """From the attacked model itself it is a white box; on another base its features are read for it too."""

    def attacked(text: str, **more: object) -> Score:
        given = options(attack="fgsm", eps="8/255", images=24, **more)
        cell = Cell(parse_reference(text), Quantity("robust_accuracy", "digits", options=tuple(sorted(given))))
        found = bench.measure(cell)
        assert isinstance(found, Score), found
        return found

    own = f"{BASE}+{use}"
    white, itself = attacked(own), attacked(own, substitute=own)
    assert itself.value == white.value
    cnn = "zoo:cnn-plain-100"
    plain, probed = (attacked(BASE, substitute=text) for text in (cnn, f"{cnn}+{use}"))
    assert plain.key != probed.key
    assert probed.value >= attacked(BASE).value


def _ids_and_scores(bench: Bench, cell: Cell) -> tuple[list[str], list[float]]:
    assert isinstance(bench.measure(cell), Score)
    found = bench.samples(cell)
    return found.ids.tolist(), found.scores.tolist()


# --- scoring -------------------------------------------------------------------------------------------------


def test_a_set_of_imagenets_classes_is_scored_among_all_that_were_learnt(tmp_path: Path) -> None:
    """Learnt over 1,000 classes, scored on some of them: their columns are taken, as of a classifier."""
    names = tuple(class_sets.class_set_names("imagenet"))
    rng = np.random.default_rng(0)
    pixels = np.tile(rng.integers(0, 255, size=(1000, 1, 1, 3)).astype(np.uint8), (1, 4, 4, 1))
    learn = painted("learn", 1000, names, pixels=pixels, class_set="imagenet")
    columns = np.array([3, 500, 999])
    part = painted("part", 3, tuple(names[place] for place in columns), pixels=pixels[columns], columns=columns)
    world = make_world(tmp_path, learn, part)
    ref = parse_reference("fake:zero-shot@a+knn:k=1:train=learn")
    found = world.score("top1", "part", ref)
    assert found.value == 1.0
    assert not found.doubts
    other = painted("other", 3, ("a", "b", "c"))
    world.add(other)
    assert "other: its classes are not those of learn" in world.refusal("top1", "other", ref)


def test_metrics_of_classification_take_adapters_and_others_say_why_not(bench: Bench, tmp_path: Path) -> None:
    assert 0 < score(bench, f"{BASE}+knn", "ece").value < 0.5
    unseen = painted("unseen", 12, ("fog", "mist"), seed=4, task="ood", id_dataset="known")
    world = make_world(tmp_path, painted("known", 24), painted("learn", 36, seed=9), unseen)
    detected = world.score("auroc", "unseen", parse_reference("fake:zero-shot@a+knn:train=learn"))
    assert dict(detected.provenance)["score"] == "msp"
    refused = {
        ("image_retrieval_recall@5", "shapes-captions"): "asks for other names",
        ("top1", "shapes-unknown"): "unknown dataset",
    }
    for (metric, dataset), words in refused.items():
        assert words in str(bench.measure(asked(f"{BASE}+knn", metric, dataset)))
    assert "two adapters that both make the logits" in str(bench.measure(asked(f"{BASE}+knn+linear-probe")))


def test_what_decides_an_adapters_score_is_in_its_key(bench: Bench) -> None:
    texts = [
        "+knn", "+knn:k=5", "+knn:shots=4", "+knn:shots=4:seed=2", "+linear-probe:c=1", "+tip-adapter",
        "+tip-adapter-f", "+tip-adapter:beta=2", "+knn:train=digits", f"+wise-ft@{OTHER}",
        f"+wise-ft@{OTHER}:alpha=0.3",
    ]  # fmt: skip
    keys = {bench.recipes(asked(BASE + text))[0].key for text in texts}
    assert len(keys) == len(texts)


def test_a_stored_score_needs_no_model(bench: Bench) -> None:
    text = f"{BASE}+knn:k=7"
    found = score(bench, text)
    again = Bench(bench.settings, load=_never)
    known = again.look_up(asked(text))
    assert isinstance(known, Score)
    assert known.key == found.key


def _never(*arguments: object) -> Any:
    raise AssertionError("a stored score loads no model")


def test_a_class_without_a_sample_cannot_be_learnt(tmp_path: Path) -> None:
    world = make_world(tmp_path, painted("known", 12), painted("learn", 4))
    for name in ("knn", "linear-probe", "tip-adapter"):
        ref = parse_reference(f"fake:zero-shot@a+{name}:train=learn")
        found = world.refusal("top1", "known", ref)
        assert f"learn: {name} has no image to learn from of 2 of 6 classes: green blue, blue red" in found
        assert f"to do: add some, or name another set: +{name}:train=SET" in found


@pytest.mark.parametrize("name", ["knn", "linear-probe", "linear-probe:c=1", "tip-adapter", "tip-adapter-f"])
def test_one_class_teaches_nothing(name: str, tmp_path: Path) -> None:
    world = make_world(tmp_path, painted("known", 12, ("red", "blue")), painted("learn", 6, ("red",)))
    ref = parse_reference(f"fake:zero-shot@a+{name}:train=learn")
    found = world.refusal("top1", "known", ref)
    assert "learn: there is one class only, red: every answer would be right" in found


def test_sets_of_other_classes_are_told_apart(tmp_path: Path) -> None:
    learn = painted("learn", 12, ("red", "green", "blue"))
    for names, difference in (
        (("red", "green", "pink"), "only known has pink; only learn has blue"),
        (("red", "green"), "only learn has blue"),
        (("red", "green", "blue", "pink"), "only known has pink"),
        (("green", "red", "blue"), "the same names in another order"),
    ):
        world = make_world(tmp_path / "-".join(names), painted("known", 12, names), learn)
        found = world.refusal("top1", "known", parse_reference("fake:zero-shot@a+knn:train=learn"))
        assert f"known: its classes are not those of learn, which the adapter learns ({difference})" in found


def test_shots_are_drawn_by_class() -> None:
    labels = np.array([0] * 10 + [1] * 3)
    learn, hold = draw_shots(labels, 4, 0, further=2)
    assert np.bincount(labels[learn]).tolist() == [4, 3]
    assert np.bincount(labels[hold]).tolist() == [2]
    assert draw_shots(labels, 4, 0)[0].tolist() != draw_shots(labels, 4, 1)[0].tolist()
    np.testing.assert_array_equal(draw_shots(labels, 0, 0)[0], np.arange(13))
