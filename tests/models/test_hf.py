"""Dual encoders of transformers, each family against transformers called directly, on tiny random models."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_data import cell, write_colours
from hf_makers import FAMILIES, make_clip, make_family
from PIL import Image

from robustcheck.errors import ModelError, ModelUnavailable
from robustcheck.measure import MeasureSettings, measure_cells
from robustcheck.models.digests import weights_digest
from robustcheck.models.encoders import Precision, ZeroShotModel, load_model
from robustcheck.models.kind import capabilities
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.reference import parse_reference
from robustcheck.models.torch_models import DualEncoder
from robustcheck.values import ModelRef

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXTS = ["a photo of a cat", "dog", "a red circle at the sea " * 30]
PADDED = {"siglip": 64, "siglip2": 64}


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def directory(name: str) -> Path:
        if name not in made:
            made[name] = make_family(name, tmp_path_factory.mktemp("hf") / f"tiny-{name}")
        return made[name]

    return directory


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    sides = [(32, 32), (40, 50), (90, 33), (20, 64), (7, 9)]
    return [Image.fromarray(rng.integers(0, 256, (*side, 3), dtype=np.uint8)) for side in sides]


def load(directory: Path, precision: Precision = "fp32") -> DualEncoder:
    model = load_model(parse_reference(f"hf:{directory}"), "cpu", precision)
    assert isinstance(model, DualEncoder)
    assert isinstance(model, ZeroShotModel)
    return model


def encode(model: DualEncoder, pictures: list[Image.Image]) -> np.ndarray:
    return model.encode_images([model.geometry.crop(picture) for picture in pictures])


def directly(name: str, directory: Path, pictures: list[Image.Image], texts: list[str]) -> Any:
    """Return what transformers says of pictures and texts, called as the authors of each family call it."""
    images = transformers.AutoImageProcessor.from_pretrained(directory)
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    if name in PADDED:
        lower = [text.lower() for text in texts]
        tokens = tokenizer(lower, padding="max_length", truncation=True, max_length=64, return_tensors="pt")
        tokens = {"input_ids": tokens["input_ids"]}
    else:
        limit = {"clip": 16, "metaclip_2": 16, "altclip": 39, "align": 64}.get(name, 512)
        tokens = tokenizer(texts, padding=True, truncation=True, max_length=limit, return_tensors="pt")
    model = transformers.AutoModel.from_pretrained(directory).eval()
    with torch.no_grad():
        return model(**images(images=pictures, return_tensors="pt"), **tokens)


@pytest.mark.parametrize("name", FAMILIES)
def test_embeddings_and_logits_are_those_of_transformers(
    name: str, family: Callable[[str], Path], pictures: list[Image.Image]
) -> None:
    expected = directly(name, family(name), pictures, TEXTS)
    model = load(family(name))
    images, texts = encode(model, pictures), model.encode_texts(TEXTS)
    cosines = images.astype(np.float64) @ texts.T
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose((images * unit(expected.image_embeds)).sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose((texts * unit(expected.text_embeds)).sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(cosines, unit(expected.image_embeds) @ unit(expected.text_embeds).T, atol=1e-6)
    logits = model.logit_scale * cosines + model.logit_bias
    np.testing.assert_allclose(logits, expected.logits_per_image.numpy(), rtol=1e-5, atol=1e-5 * model.logit_scale)


def unit(rows: Any) -> np.ndarray:
    return np.asarray(torch.nn.functional.normalize(rows.double(), dim=-1))


@pytest.mark.parametrize(
    ("name", "scale", "bias"),
    [("clip", np.exp(3), 0), ("siglip", np.exp(3), -7), ("siglip2", np.exp(3), -7), ("align", 20, 0)],
)
def test_scale_and_bias_are_the_models_own(name: str, scale: float, bias: float, family: Callable[[str], Path]) -> None:
    model = load(family(name))
    assert (model.logit_scale, model.logit_bias) == pytest.approx((scale, bias), rel=1e-6)


@pytest.mark.parametrize("name", PADDED)
def test_siglip_reads_lower_case_padded_to_the_end_and_without_a_mask(name: str, family: Callable[[str], Path]) -> None:
    """What goes wrong silently in the field: another padding, a mask, or capitals give other embeddings."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(family(name))
    tower = transformers.AutoModel.from_pretrained(family(name)).eval()
    found = load(family(name)).encode_texts(["A Photo of a CAT"])[0]
    whole = {"padding": "max_length", "max_length": 64}

    def cosine(text: str, masked: bool, **how: Any) -> float:
        tokens = tokenizer(text, return_tensors="pt", **how)
        mask = {"attention_mask": tokens["attention_mask"]} if masked else {}
        with torch.no_grad():
            row = tower.get_text_features(input_ids=tokens["input_ids"], **mask).pooler_output
        return float(unit(row)[0] @ found)

    assert cosine("a photo of a cat", False, **whole) == pytest.approx(1, abs=1e-6)
    assert cosine("a photo of a cat", True, **whole) < 1 - 1e-4
    assert cosine("a photo of a cat", False, padding=True) < 1 - 1e-4
    if name == "siglip":  # the tokenizer of siglip2 lowers the case by itself
        assert cosine("A Photo of a CAT", False, **whole) < 1 - 1e-4


@pytest.mark.parametrize(("name", "side"), [("clip", 32), ("siglip", 32), ("align", 32)])
def test_the_side_of_the_crops_is_known(name: str, side: int, family: Callable[[str], Path]) -> None:
    assert load(family(name)).geometry.side == side


def test_the_crops_of_siglip2_keep_their_shape(family: Callable[[str], Path], pictures: list[Image.Image]) -> None:
    model = load(family("siglip2"))
    crops = [model.geometry.crop(picture) for picture in pictures]
    assert {crop.shape for crop in crops} == {(32, 32, 3), (48, 16, 3), (16, 56, 3)}
    one_by_one = np.concatenate([model.encode_images([crop]) for crop in crops])
    np.testing.assert_allclose(model.encode_images(crops), one_by_one, atol=1e-6)
    with model.running():
        rows = model.embed(model.pixels([crops[3], crops[3]]))[:2].numpy()
    np.testing.assert_allclose(rows, one_by_one[[3, 3]], atol=1e-6)


@pytest.mark.parametrize("name", ["siglip", "siglip2"])
def test_what_follows_the_feature_map_makes_the_embedding_of_it(name: str, family: Callable[[str], Path]) -> None:
    model = load(family(name))
    crop = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    tower = model.model.vision_model
    with model.running():
        found = model.feature_map(model.pixels([crop]))
        assert found.shape == (16, 32, 4, 4)
        tokens = tower.post_layernorm(found.flatten(2).transpose(1, 2))
        embedded = torch.nn.functional.normalize(tower.head(tokens), dim=-1)[:1]
    np.testing.assert_allclose(embedded.numpy(), model.encode_images([crop]), atol=1e-6)


@pytest.mark.parametrize(("name", "shape"), [("clip", (16, 32, 4, 4)), ("align", (16, 16, 8, 8))])
def test_a_feature_map_is_what_the_last_block_gives(
    name: str, shape: tuple[int, ...], family: Callable[[str], Path]
) -> None:
    model, seen = load(family(name)), {}
    encoder = model.model.vision_model.encoder
    last = encoder.blocks[-1] if name == "align" else encoder.layers[-1]
    hook = last.register_forward_hook(lambda block, given, output: seen.update(last=output))
    crop = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    with model.running():
        found = model.feature_map(model.pixels([crop]))
    hook.remove()
    stage = seen["last"][0] if isinstance(seen["last"], tuple) else seen["last"]
    assert found.shape == shape
    assert torch.equal(found if name == "align" else found.flatten(2).transpose(1, 2), stage[:, -16:])


@pytest.mark.parametrize("name", ["clip", "siglip2"])
def test_embeddings_have_gradients(name: str, family: Callable[[str], Path], pictures: list[Image.Image]) -> None:
    model = load(family(name))
    with model.running(gradients=True):
        pixels = model.pixels([model.geometry.crop(pictures[0])]).requires_grad_(True)
        (slope,) = torch.autograd.grad(model.embed(pixels)[:, 0].sum(), pixels)
    assert slope[0].abs().max().item() > 0


def test_weights_saved_in_half_precision_are_used_in_float32(
    family: Callable[[str], Path], tmp_path: Path, pictures: list[Image.Image]
) -> None:
    shutil.copytree(family("clip"), tmp_path / "half")
    half = transformers.AutoModel.from_pretrained(family("clip")).half()
    half.save_pretrained(tmp_path / "half")
    full = half.float().eval()
    model = load(tmp_path / "half")
    assert next(model.model.parameters()).dtype == torch.float32
    images = transformers.AutoImageProcessor.from_pretrained(family("clip"))(images=pictures, return_tensors="pt")
    with torch.no_grad():
        expected = unit(full.get_image_features(**images).pooler_output)
    np.testing.assert_allclose(encode(model, pictures), expected, atol=1e-6)


def test_preprocessing_as_the_first_models_wrote_it_is_read(
    family: Callable[[str], Path], tmp_path: Path, pictures: list[Image.Image]
) -> None:
    shutil.copytree(family("clip"), tmp_path / "old")
    settings = json.loads((tmp_path / "old" / "processor_config.json").read_text())["image_processor"]
    (tmp_path / "old" / "processor_config.json").unlink()
    kept = {key: settings[key] for key in ("do_center_crop", "do_normalize", "do_resize", "image_mean", "image_std")}
    first = {**kept, "feature_extractor_type": "CLIPFeatureExtractor", "crop_size": 32, "size": 32, "resample": 3}
    (tmp_path / "old" / "preprocessor_config.json").write_text(json.dumps(first))
    assert parse_reference(f"hf:{tmp_path}/old").facet("resolution") == "32"
    np.testing.assert_array_equal(encode(load(tmp_path / "old"), pictures), encode(load(family("clip")), pictures))


@pytest.fixture
def sentencepiece_siglip(family: Callable[[str], Path], tmp_path: Path) -> Path:
    """A SigLIP with the tokenizer of the first models: sentencepiece, lower case, no punctuation."""
    trainer = pytest.importorskip("sentencepiece").SentencePieceTrainer
    directory = Path(shutil.copytree(family("siglip"), tmp_path / "first"))
    (tmp_path / "words.txt").write_text("a photo of a cat and a dog at the sea\n" * 20)
    trainer.train(
        input=str(tmp_path / "words.txt"), model_prefix=str(tmp_path / "spiece"), vocab_size=40, minloglevel=2,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, hard_vocab_limit=False,
    )  # fmt: skip
    (directory / "tokenizer.json").unlink()
    shutil.copy(tmp_path / "spiece.model", directory / "spiece.model")
    (directory / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "SiglipTokenizer"}))
    return directory


def test_the_tokenizer_of_the_first_siglip_is_used(sentencepiece_siglip: Path) -> None:
    model = load(sentencepiece_siglip)
    plain, dressed, other = model.encode_texts(["a photo of a cat", "A photo, of a CAT!", "a photo of a dog"])
    np.testing.assert_array_equal(plain, dressed)
    assert float(plain @ other) < 1 - 1e-4
    expected = directly("siglip", sentencepiece_siglip, [Image.new("RGB", (32, 32))], ["a photo of a cat"])
    assert float(unit(expected.text_embeds)[0] @ plain) == pytest.approx(1, abs=1e-6)
    before = digest(sentencepiece_siglip)
    (sentencepiece_siglip / "spiece.model").write_bytes(b"other")
    assert digest(sentencepiece_siglip) != before


# --- files -------------------------------------------------------------------------------------------


@pytest.fixture
def copy(family: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(family("clip"), tmp_path / "copy"))


def digest(directory: Path) -> str | None:
    return weights_digest(parse_reference(f"hf:{directory}"))


def test_every_file_that_decides_outputs_is_in_the_digest(copy: Path) -> None:
    digests = {digest(copy)}
    for path in sorted(copy.iterdir()):
        before = path.read_bytes()
        path.write_bytes(before + b" ")
        digests.add(digest(copy))
        path.write_bytes(before)
    assert len(digests) == 1 + len(list(copy.iterdir()))
    (copy / "README.md").write_text("a note")
    assert digest(copy) in digests


def test_shards_are_read_and_are_in_the_digest(copy: Path, pictures: list[Image.Image]) -> None:
    whole = encode(load(copy), pictures)
    model = transformers.AutoModel.from_pretrained(copy)
    (copy / "model.safetensors").unlink()
    model.save_pretrained(copy, max_shard_size="100KB")
    shards = sorted(copy.glob("model-*.safetensors"))
    assert len(shards) > 1
    np.testing.assert_array_equal(encode(load(copy), pictures), whole)
    before = digest(copy)
    shards[-1].write_bytes(shards[-1].read_bytes() + b" ")
    assert digest(copy) not in (before, None)
    shards[-1].unlink()
    assert digest(copy) is None
    with pytest.raises(ModelError, match="not all of their files"):
        load(copy)


def test_pickled_weights_are_not_read(copy: Path) -> None:
    state = transformers.AutoModel.from_pretrained(copy).state_dict()
    (copy / "model.safetensors").unlink()
    torch.save(state, copy / "pytorch_model.bin")
    assert digest(copy) is None
    with pytest.raises(ModelError, match="no weights as safetensors"):
        load(copy)


def test_weights_that_are_missing_are_not_made_up(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(copy / "model.safetensors")
    del state["visual_projection.weight"]
    save_file(state, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"does not fit .*missing visual_projection\.weight"):
        load(copy)


def test_code_beside_the_weights_is_never_run(copy: Path, pictures: list[Image.Image]) -> None:
    expected = encode(load(copy), pictures)
    (copy / "evil.py").write_text(f"open({str(copy / 'ran')!r}, 'w').close()\nclass Evil: pass\n")
    for name, key in [("config.json", "AutoModel"), ("tokenizer_config.json", "AutoTokenizer")]:
        content = json.loads((copy / name).read_text())
        reference = ["evil.Evil", "evil.Evil"] if key == "AutoTokenizer" else "evil.Evil"
        (copy / name).write_text(json.dumps({**content, "auto_map": {key: reference}}))
    np.testing.assert_array_equal(encode(load(copy), pictures), expected)
    assert not (copy / "ran").exists()


def test_a_tokenizer_that_only_code_makes_is_refused(copy: Path) -> None:
    (copy / "evil.py").write_text(f"open({str(copy / 'ran')!r}, 'w').close()\nclass Evil: pass\n")
    remote = {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", None]}}
    content = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps({**content, **remote}))
    with pytest.raises(ModelError, match=r"Tokenizer is of the class Evil, which transformers does not have"):
        load(copy)
    assert not (copy / "ran").exists()


def test_an_adapter_beside_the_weights_is_refused(copy: Path) -> None:
    (copy / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="merge the adapter"):
        load(copy)


def test_preprocessing_that_cannot_be_split_is_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    make_clip(tmp_path / "model")
    path = tmp_path / "model" / "processor_config.json"
    content = json.loads(path.read_text())
    again = {"image_processor_type": "EfficientNetImageProcessor", "include_top": True}
    path.write_text(json.dumps({**content, "image_processor": {**content["image_processor"], **again}}))
    with pytest.raises(ModelError, match=r"EfficientNetImageProcessor\w* cannot be split"):
        load(tmp_path / "model")


# --- references --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "facets"),
    [
        ("clip", {"architecture": "vit", "family": "clip", "resolution": "32"}),
        ("siglip2", {"architecture": "vit", "family": "clip"}),
        ("align", {"architecture": "cnn", "family": "clip", "resolution": "32"}),
    ],
)
def test_a_directory_says_its_facets(name: str, facets: dict[str, str], family: Callable[[str], Path]) -> None:
    directory = family(name)
    ref = parse_reference(f"hf:{directory.name}", base=directory.parent)
    assert (ref.id, ref.kind, ref.weights) == (f"hf@tiny-{name}", "hf", str(directory))
    assert dict(ref.facets) == facets
    assert {"embeds images", "embeds text"} < capabilities(ref)


def test_a_directory_is_a_reference_without_the_scheme_and_in_globs(copy: Path) -> None:
    (copy.parent / "notes").mkdir()
    assert parse_reference("copy", base=copy.parent).kind == "hf"
    assert [model.id for model in resolve_models(["hf:*"], base=copy.parent)] == ["hf@copy"]
    (copy / "open_clip_config.json").write_text("{}")
    assert parse_reference("copy", base=copy.parent).kind == "local-dir"
    assert parse_reference("hf:copy", base=copy.parent).kind == "hf"


@pytest.mark.parametrize(
    ("text", "model_type", "found"),
    [
        ("hf:model", "llava", "is of the type 'llava'"),
        ("hf:model", None, "has no config.json"),
        ("hf:./nowhere", None, "neither a directory nor a repository"),
        ("hf:nowhere", None, "neither a directory nor a repository"),
        ("hf:", None, "names no model"),
    ],
)
def test_a_wrong_reference(text: str, model_type: str | None, found: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    if model_type:
        (tmp_path / "model" / "config.json").write_text(json.dumps({"model_type": model_type}))
    with pytest.raises(ModelError, match=found):
        parse_reference(text, base=tmp_path)


def test_a_repository_is_read_from_the_cache_of_the_hub(
    family: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: list[Image.Image]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    ref = parse_reference("hf:someone/tiny-clip")
    assert (ref.id, ref.weights, ref.facets) == ("someone/tiny-clip", "someone/tiny-clip", (("family", "clip"),))
    assert weights_digest(ref) is None
    with pytest.raises(ModelUnavailable, match="cannot be fetched"):
        load_model(ref, "cpu")
    repository = tmp_path / "models--someone--tiny-clip"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    shutil.copytree(family("clip"), repository / "snapshots" / "abc")
    assert weights_digest(ref) == digest(family("clip"))
    model = load_model(ref, "cpu")
    assert isinstance(model, DualEncoder)
    np.testing.assert_array_equal(encode(model, pictures), encode(load(family("clip")), pictures))


def test_it_is_measured(family: Callable[[str], Path], tmp_path: Path) -> None:
    data, settings = write_colours(tmp_path / "data", 30), MeasureSettings(store=tmp_path / "store", device="cpu")
    refs = [parse_reference(f"hf:{family(name)}") for name in ("clip", "siglip", "siglip2")]
    cells = [cell(ref, data) for ref in refs]
    scores = measure_cells(cells, settings)
    assert [scores[each].n for each in cells] == [30, 30, 30]
    assert len({scores[each].key for each in cells}) == 3


def test_the_reference_of_an_unknown_model_type_in_the_hub_is_refused_on_loading(
    family: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(family("clip"), tmp_path / "other")
    configuration = json.loads((tmp_path / "other" / "config.json").read_text())
    (tmp_path / "other" / "config.json").write_text(json.dumps({**configuration, "model_type": "bert"}))
    ref = ModelRef("other", "hf:other", "hf", "", str(tmp_path / "other"))
    with pytest.raises(ModelError, match=r"type 'bert' is neither a dual encoder nor an image tower(?s:.*)siglip2"):
        load_model(ref, "cpu")


def rewrite_weights(directory: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    from safetensors.torch import load_file, save_file

    path = directory / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def rewrite_json(path: Path, change: Callable[[Any], object]) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def test_a_configuration_with_fewer_layers_than_the_weights_is_refused(copy: Path) -> None:
    rewrite_json(copy / "config.json", lambda value: value["text_config"].update(num_hidden_layers=1))
    with pytest.raises(ModelError, match=r"unexpected text_model\.encoder\.layers\.1\."):
        load(copy)


def test_whole_numbers_are_no_weights(copy: Path) -> None:
    name = "vision_model.embeddings.patch_embedding.weight"
    rewrite_weights(copy, lambda state: {**state, name: (state[name] * 100).to(torch.int8)})
    with pytest.raises(ModelError, match=f"{name} holds numbers of the type I8"):
        load(copy)


def test_a_tokenizer_without_its_vocabulary_is_refused(copy: Path) -> None:
    for name in ("tokenizer.json", "vocab.json", "merges.txt"):
        (copy / name).unlink(missing_ok=True)
    with pytest.raises(
        ModelError, match=r"its tokenizer (has 2 tokens|cannot be loaded)|its Tokenizer cannot be loaded"
    ):
        load(copy)


def test_a_mean_of_one_number_is_not_spread_over_the_channels(copy: Path) -> None:
    rewrite_json(copy / "processor_config.json", lambda value: value["image_processor"].update(image_mean=[0.5]))
    with pytest.raises(ModelError, match=r"a mean of \(0\.5,\)"):
        load(copy)


@pytest.mark.parametrize("shards", [[1], {"a": 3}, {"a": "../elsewhere.safetensors"}, {}])
def test_an_index_of_shards_that_names_no_files_of_the_directory(copy: Path, shards: object) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    with pytest.raises(ModelError, match="it has no weights as safetensors, or not all of their files"):
        load(copy)


@pytest.mark.parametrize("name", ["model.safetensors", "processor_config.json", "merges.txt"])
def test_a_pipe_in_the_directory_does_not_hang(copy: Path, name: str) -> None:
    (copy / name).unlink(missing_ok=True)
    os.mkfifo(copy / name)
    with pytest.raises(ModelError, match=f"{name} cannot be read: it is a named pipe"):
        load(copy)
