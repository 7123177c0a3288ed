"""Encoders against open_clip and timm themselves, on tiny random models; digests; refusals in words."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from colour_data import cell, write_colours
from PIL import Image

from robustcheck.errors import ModelError, ModelUnavailable, SetupError
from robustcheck.measure import MeasureSettings, measure_cells, stored_score
from robustcheck.models import digests, hub
from robustcheck.models.digests import file_digest, weights_digest
from robustcheck.models.encoders import SupervisedModel, ZeroShotModel, load_model
from robustcheck.models.openclip_tables import pretrained_source
from robustcheck.models.torch_running import mismatch_text
from robustcheck.outputs.logits import cosines, text_weights, zero_shot_logits
from robustcheck.values import ModelRef

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")
timm = pytest.importorskip("timm")

CONFIG = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
OTHER = {**CONFIG, "embed_dim": 16}
NAMES, TEMPLATES = ("cat", "dog", "missile", "missile", "tench"), ("a photo of a {c}.", "{c}", "the {c} at sea")
TEXTS = [[template.replace("{c}", name) for template in TEMPLATES] for name in NAMES]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in open_clip's own format, with a random model in it."""
    from safetensors.torch import save_file

    directory = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    model = open_clip.CLIP(**CONFIG)
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()},
        directory / "open_clip_model.safetensors",
    )
    preprocess = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4], "interpolation": "bicubic"}
    (directory / "open_clip_config.json").write_text(json.dumps({"model_cfg": CONFIG, "preprocess_cfg": preprocess}))
    return directory


@pytest.fixture(scope="module")
def architectures(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two tiny architectures that open_clip knows by name."""
    directory = tmp_path_factory.mktemp("configs")
    (directory / "tiny-clip.json").write_text(json.dumps(CONFIG))
    (directory / "tiny-other.json").write_text(json.dumps(OTHER))
    open_clip.add_model_config(directory)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, size=(40, 50, 3), dtype=np.uint8)) for _ in range(9)]


def directory_ref(path: Path) -> ModelRef:
    return ModelRef("tiny", f"local-dir:{path}", "local-dir", str(path), str(path))


def file_ref(path: Path, architecture: str = "tiny-clip") -> ModelRef:
    return ModelRef("tiny", f"openclip:{architecture}@{path}", "openclip-file", architecture, str(path))


def timm_ref(path: Path, name: str = "test_vit") -> ModelRef:
    return ModelRef("small", f"timm:{name}@{path}", "timm-file", name, str(path))


def zero_shot(ref: ModelRef, **options: str) -> ZeroShotModel:
    model = load_model(ref, "cpu", **options)  # type: ignore[arg-type]
    assert isinstance(model, ZeroShotModel)
    assert not isinstance(model, SupervisedModel)
    return model


def test_image_embeddings_equal_open_clip(tiny, pictures):
    reference, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{tiny}")
    with torch.no_grad():
        # Whole groups of 16 rows, as ours: the last bits of a row depend on how many there are.
        batch = torch.stack([preprocess(picture) for picture in [*pictures, *pictures][:16]])
        expected = reference.eval().encode_image(batch, normalize=True).numpy()[: len(pictures)]
    model = zero_shot(directory_ref(tiny))
    found = model.encode_images([model.geometry.crop(picture) for picture in pictures])
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32


def test_nothing_is_said_of_random_weights_before_those_of_the_file_are_loaded(tiny, caplog):
    load_model(ModelRef("tiny", "tiny", "local-dir", "", str(tiny)))
    assert not [record for record in caplog.records if "random" in record.getMessage()]
    open_clip.create_model(f"local-dir:{tiny}", load_weights=False)
    assert [record for record in caplog.records if "initialized randomly" in record.getMessage()]


def test_the_text_head_equals_build_zero_shot_classifier(tiny):
    reference = open_clip.create_model(f"local-dir:{tiny}").eval()
    tokenizer = open_clip.get_tokenizer(f"local-dir:{tiny}")
    templates = [template.replace("{c}", "{}") for template in TEMPLATES]
    expected = open_clip.build_zero_shot_classifier(reference, tokenizer, NAMES, templates).numpy().T
    model = zero_shot(directory_ref(tiny))
    found = text_weights(model.encode_texts, TEXTS)
    np.testing.assert_allclose(found, expected, atol=2e-7)
    np.testing.assert_array_equal(found[2], found[3])
    assert model.logit_scale == pytest.approx(float(reference.logit_scale.detach().exp()))
    assert model.logit_bias == 0.0


def test_classes_of_one_name_tie_exactly(tiny, pictures):
    from robustcheck.outputs.logits import TextHead

    model = zero_shot(directory_ref(tiny))
    head = TextHead(text_weights(model.encode_texts, TEXTS), model.logit_scale, 0.0)
    features = model.encode_images([model.geometry.crop(picture) for picture in pictures])
    for count in range(1, 10):
        logits = zero_shot_logits(cosines(features[:count], head), head)
        np.testing.assert_array_equal(logits[:, 2], logits[:, 3])


def test_the_three_ways_to_one_checkpoint_agree(tiny, architectures, pictures, tmp_path):
    state = open_clip.factory.load_state_dict(str(tiny / "open_clip_model.safetensors"))
    torch.save(
        {"epoch": 3, "name": "run", "state_dict": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "e.pt"
    )
    (tmp_path / "plain.safetensors").write_bytes((tiny / "open_clip_model.safetensors").read_bytes())
    texts = ["a cat", "a dog"]
    expected = zero_shot(directory_ref(tiny)).encode_texts(texts)
    for name in ("e.pt", "plain.safetensors"):
        np.testing.assert_array_equal(zero_shot(file_ref(tmp_path / name)).encode_texts(texts), expected)
    zoo = ModelRef("tiny", "zoo:tiny", "zoo", "tiny", str(tiny))
    np.testing.assert_array_equal(zero_shot(zoo).encode_texts(texts), expected)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precision_is_near_and_normalised_in_fp32(tiny, pictures, precision):
    full, low = zero_shot(directory_ref(tiny)), zero_shot(directory_ref(tiny), precision=precision)
    batch = [full.geometry.crop(picture) for picture in pictures]
    found = low.encode_images(batch)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found, full.encode_images(batch), atol=0.02)
    assert not np.array_equal(found, full.encode_images(batch))


def test_decisions_do_not_depend_on_the_batch_size(tiny, tmp_path):
    data = write_colours(tmp_path / "data", 60)
    one = cell(directory_ref(tiny), data, "top1")
    scores = []
    for size in (1, 7, 64):
        settings = MeasureSettings(store=tmp_path / f"store{size}", batch_size=size, device="cpu")
        scores.append(measure_cells([one], settings)[one])
    np.testing.assert_array_equal(scores[0].samples.scores, scores[1].samples.scores)
    np.testing.assert_array_equal(scores[0].samples.scores, scores[2].samples.scores)
    assert scores[0] == scores[1] == scores[2]


def test_changing_one_weight_changes_the_key(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    data, settings = write_colours(tmp_path / "data", 30), MeasureSettings(store=tmp_path / "store", device="cpu")
    state = load_file(tiny / "open_clip_model.safetensors")
    changed = tmp_path / "copy"
    changed.mkdir()
    (changed / "open_clip_config.json").write_bytes((tiny / "open_clip_config.json").read_bytes())
    save_file(state, changed / "open_clip_model.safetensors")
    one = cell(directory_ref(changed), data)
    before = measure_cells([one], settings)[one]
    assert stored_score(one, settings) == before
    state["logit_scale"] = state["logit_scale"] + 1e-3
    save_file(state, changed / "open_clip_model.safetensors")
    assert stored_score(one, settings) is None
    assert measure_cells([one], settings)[one].key != before.key


def test_scores_of_a_real_model_come_from_the_store_without_torch(tiny, tmp_path):
    data, settings = write_colours(tmp_path / "data", 30), MeasureSettings(store=tmp_path / "store", device="cpu")
    one = cell(directory_ref(tiny), data)
    score = measure_cells([one], settings)[one]
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from pathlib import Path; from colour_data import cell; from robustcheck.values import ModelRef\n"
        "from robustcheck.measure import MeasureSettings, stored_score\n"
        f"ref = ModelRef('tiny', 'x', 'local-dir', {str(tiny)!r}, {str(tiny)!r})\n"
        f"score = stored_score(cell(ref, Path({str(data)!r})), MeasureSettings(store=Path({str(settings.store)!r})))\n"
        f"assert score.key == {score.key!r}\n"
        "assert not {'torch', 'open_clip', 'timm', 'transformers'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


# --- timm -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.torch import save_file

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("timm") / "classifier.safetensors"
    save_file(timm.create_model("test_vit", num_classes=3).state_dict(), path)
    return path


def test_timm_logits_equal_timm(classifier, pictures):
    model = load_model(timm_ref(classifier), "cpu")
    assert isinstance(model, SupervisedModel)
    assert not isinstance(model, ZeroShotModel)
    assert model.class_count == 3
    reference = timm.create_model("test_vit", num_classes=3, checkpoint_path=str(classifier)).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(reference), is_training=False)
    with torch.no_grad():
        whole = [transform(picture) for picture in [*pictures, *pictures][:16]]
        expected = reference(torch.stack(whole)).numpy()[: len(pictures)]
    np.testing.assert_array_equal(model.logits([model.geometry.crop(picture) for picture in pictures]), expected)


def test_a_timm_file_is_measured(classifier, tmp_path):
    data, settings = write_colours(tmp_path / "data", 30), MeasureSettings(store=tmp_path / "store", device="cpu")
    one = cell(timm_ref(classifier), data)
    assert measure_cells([one], settings)[one].n == 30


def test_a_timm_file_of_another_architecture_names_the_keys(classifier):
    with pytest.raises(ModelError, match=r"does not fit the architecture test_resnet: missing .*unexpected"):
        load_model(timm_ref(classifier, "test_resnet"), "cpu")


def test_an_unknown_timm_name_has_a_suggestion(classifier):
    with pytest.raises(ModelError, match="did you mean"):
        load_model(timm_ref(classifier, "resnet5O"), "cpu")


# --- refusals ----------------------------------------------------------------------------------------


def test_another_architecture_names_the_keys(tiny, architectures):
    with pytest.raises(ModelError, match=r"does not fit the architecture tiny-other: another size of .*projection"):
        load_model(file_ref(tiny / "open_clip_model.safetensors", "tiny-other"), "cpu")


def test_a_cnn_for_a_vit_is_refused_in_words(tiny):
    with pytest.raises(ModelError, match="does not fit the architecture RN50"):
        load_model(file_ref(tiny / "open_clip_model.safetensors", "RN50"), "cpu")


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch was-executed",)


@pytest.mark.parametrize("wrapped", [False, True])
def test_pickled_code_is_never_executed(architectures, tmp_path, monkeypatch, wrapped):
    monkeypatch.chdir(tmp_path)
    if wrapped:
        torch.save({"state_dict": {"a": torch.zeros(1)}, "evil": Evil()}, "evil.pt")
    else:
        Path("evil.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelError, match=r"pickled objects|cannot be read"):
        load_model(file_ref(tmp_path / "evil.pt"), "cpu")
    assert not Path("was-executed").exists()


@pytest.mark.parametrize("name", ["cut.safetensors", "cut.pt"])
def test_a_truncated_checkpoint_is_refused_in_words(tiny, architectures, tmp_path, name):
    whole = tmp_path / "whole.pt"
    torch.save(open_clip.factory.load_state_dict(str(tiny / "open_clip_model.safetensors")), whole)
    source = whole if name.endswith("pt") else tiny / "open_clip_model.safetensors"
    (tmp_path / name).write_bytes(source.read_bytes()[:5000])
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(file_ref(tmp_path / name), "cpu")


def test_an_empty_state_is_refused(architectures, tmp_path):
    torch.save({}, tmp_path / "empty.pt")
    with pytest.raises(ModelError, match="no weights"):
        load_model(file_ref(tmp_path / "empty.pt"), "cpu")


def test_a_directory_without_weights_is_not_a_random_model(tiny, tmp_path):
    (tmp_path / "open_clip_config.json").write_bytes((tiny / "open_clip_config.json").read_bytes())
    assert weights_digest(directory_ref(tmp_path)) is None
    with pytest.raises(ModelError, match="could not be loaded"):
        load_model(directory_ref(tmp_path), "cpu")


@pytest.mark.parametrize("make", [file_ref, directory_ref, timm_ref])
def test_a_missing_path_is_unavailable(architectures, tmp_path, make):
    with pytest.raises(ModelUnavailable, match="is not there"):
        load_model(make(tmp_path / "none"), "cpu")


def test_weights_that_cannot_be_fetched_are_unavailable(monkeypatch):
    def offline(*arguments: object, **options: object) -> str:
        raise FileNotFoundError("offline")

    monkeypatch.setattr("open_clip.pretrained.download_pretrained", offline)
    ref = ModelRef("ViT-B-32/openai", "openclip:ViT-B-32/openai", "openclip", "ViT-B-32", "openai")
    with pytest.raises(ModelUnavailable, match="where there is a network"):
        load_model(ref, "cpu")


def test_an_unreachable_hub_is_not_asked_again_and_again(monkeypatch, tmp_path):
    from huggingface_hub import constants

    hub.is_reachable.cache_clear()
    monkeypatch.setattr(hub.urllib.request, "getproxies", dict)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    tried: list[object] = []

    def refuse(address: object, timeout: float) -> None:
        tried.append(address)
        raise OSError("no route")

    monkeypatch.setattr(hub.socket, "create_connection", refuse)
    refs = [ModelRef(tag, f"openclip:ViT-B-32/{tag}", "openclip", "ViT-B-32", tag) for tag in ("openai", "laion2b_e16")]
    refs.append(ModelRef("resnet50.a1_in1k", "timm:resnet50.a1_in1k", "timm", "resnet50.a1_in1k"))
    refs.append(ModelRef("hub", "hf-hub:nobody/nothing", "hf-hub", "nobody/nothing", "nobody/nothing"))
    for ref in refs:
        with pytest.raises(ModelUnavailable, match="cannot be fetched"):
            load_model(ref, "cpu")
    assert tried == [("huggingface.co", 443)]
    assert not constants.HF_HUB_OFFLINE
    hub.is_reachable.cache_clear()


@pytest.mark.parametrize(("tag", "forced"), [("openai", True), ("laion2b_s34b_b79k", False)])
def test_weights_trained_with_quick_gelu_get_it(monkeypatch, tag, forced):
    asked: dict[str, object] = {}

    def create(name: str, **options: object) -> None:
        asked.update(options)
        raise RuntimeError("seen")

    monkeypatch.setattr("open_clip.pretrained.download_pretrained", lambda configuration: "weights")
    monkeypatch.setattr("open_clip.create_model", create)
    with pytest.raises(ModelError, match="seen"):
        load_model(ModelRef("x", f"openclip:ViT-B-32/{tag}", "openclip", "ViT-B-32", tag), "cpu")
    assert asked.get("force_quick_gelu", False) is forced
    assert asked["require_pretrained"] is True
    assert asked["weights_only"] is True


def test_unknown_names_have_suggestions():
    with pytest.raises(ModelError, match="did you mean 'ViT-B-32'"):
        load_model(ModelRef("x", "openclip:ViTB-32/openai", "openclip", "ViTB-32", "openai"), "cpu")
    with pytest.raises(ModelError, match="did you mean 'openai'"):
        load_model(ModelRef("x", "openclip:ViT-B-32/openia", "openclip", "ViT-B-32", "openia"), "cpu")


def test_an_unusable_device_and_precision_are_errors_in_words(tiny):
    with pytest.raises(SetupError, match="the device 'warp' cannot be used"):
        load_model(directory_ref(tiny), "warp")
    with pytest.raises(SetupError, match="unknown precision"):
        load_model(directory_ref(tiny), "cpu", "fp8")  # type: ignore[arg-type]


def test_the_message_of_torch_is_shortened():
    message = (
        'Error(s) in loading state_dict for CLIP:\n\tMissing key(s) in state_dict: "a.b", "c", "d", "e". \n'
        '\tUnexpected key(s) in state_dict: "x". \n\tsize mismatch for w: copying a param with shape'
    )
    assert mismatch_text(message) == "missing a.b, c, d and 1 more; unexpected x; another size of w"


# --- digests -----------------------------------------------------------------------------------------


def test_the_digest_of_a_directory_covers_its_configuration(tiny, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in tiny.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    assert weights_digest(directory_ref(copy)) == weights_digest(directory_ref(tiny))
    (copy / "open_clip_config.json").write_text("{}")
    assert weights_digest(directory_ref(copy)) != weights_digest(directory_ref(tiny))


def test_a_large_file_is_hashed_once_until_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "ALWAYS_HASHED_BYTES", 0)
    monkeypatch.setattr(digests, "SETTLED_SECONDS", -1)
    path, cache = tmp_path / "weights", tmp_path / "cache"
    path.write_bytes(b"one")
    assert file_digest(path, cache) == hashlib.sha256(b"one").hexdigest()
    with monkeypatch.context() as patched:
        patched.setattr(digests, "hash_file", lambda path: pytest.fail("hashed again"))
        assert file_digest(path, cache) == hashlib.sha256(b"one").hexdigest()
    times = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file_digest(path, cache) == hashlib.sha256(b"two").hexdigest()


def test_a_file_that_has_just_changed_is_not_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "ALWAYS_HASHED_BYTES", 0)
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    file_digest(path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_pretrained_tag_is_found_in_the_cache_of_the_hub(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    ref = ModelRef("x", "openclip:ViT-B-32/openai", "openclip", "ViT-B-32", "openai")
    assert weights_digest(ref) is None
    repository = tmp_path / "models--timm--vit_base_patch32_clip_224.openai"
    (repository / "snapshots" / "abc").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    (repository / "snapshots" / "abc" / "open_clip_model.safetensors").write_bytes(b"weights")
    assert weights_digest(ref) is not None


def test_the_table_of_open_clip_is_read_whole():
    from open_clip.pretrained import get_pretrained_cfg

    for architecture, tag in open_clip.list_pretrained():
        source, expected = pretrained_source(architecture, tag), get_pretrained_cfg(architecture, tag)
        assert source is not None, (architecture, tag)
        assert (source.hub, source.url) == (expected["hf_hub"], expected["url"])
        assert source.quick_gelu == expected.get("quick_gelu", False)
    assert pretrained_source("ViT-B-32-quickgelu", "laion2b_s34b_b79k") is None
    assert pretrained_source("ViT-B-32", "none") is None
