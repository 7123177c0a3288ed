"""Between pixels and features: what readings other than the default need of a model that torch runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robustcheck.errors import ModelError
from robustcheck.models.encoders import load_model
from robustcheck.models.geometry import Crop
from robustcheck.models.torch_models import Classifier, DualEncoder
from robustcheck.values import ModelRef

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")
timm = pytest.importorskip("timm")

CONFIG = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> DualEncoder:
    directory = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    save(open_clip.CLIP(**CONFIG), directory / "open_clip_model.safetensors")
    (directory / "open_clip_config.json").write_text(json.dumps({"model_cfg": CONFIG, "preprocess_cfg": {}}))
    model = load_model(ModelRef("tiny", "t", "local-dir", "", str(directory)), "cpu")
    assert isinstance(model, DualEncoder)
    return model


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("timm") / "classifier.safetensors"
    save(timm.create_model("test_vit", num_classes=3), path)
    model = load_model(ModelRef("small", "t", "timm-file", "test_vit", str(path)), "cpu")
    assert isinstance(model, Classifier)
    return model


def save(model: torch.nn.Module, path: Path) -> None:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)


def crops(side: int, count: int = 3) -> list[Crop]:
    return list(np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8))


def test_embedding_pixels_is_encoding_crops(encoder: DualEncoder) -> None:
    with encoder.running():
        rows = encoder.embed(encoder.pixels(crops(32)))
    np.testing.assert_array_equal(rows[:3].numpy(), encoder.encode_images(crops(32)))
    np.testing.assert_allclose(np.linalg.norm(rows.numpy(), axis=1), 1, atol=1e-6)


def test_scoring_pixels_is_the_logits_of_crops(classifier: Classifier) -> None:
    with classifier.running():
        rows = classifier.scores(classifier.pixels(crops(160)))
    np.testing.assert_array_equal(rows[:3].numpy(), classifier.logits(crops(160)))


def test_an_embedding_has_the_gradient_of_its_pixels(encoder: DualEncoder) -> None:
    """The gradient predicts the change along itself: a central difference of 1e-2 agrees within 1%."""
    with encoder.running(gradients=True):
        pixels = encoder.pixels(crops(32)).requires_grad_(True)
        value = encoder.embed(pixels)[:, 0].sum()
        (slope,) = torch.autograd.grad(value, pixels)
        step = 1e-2 * slope / slope.norm()
        ahead, behind = (encoder.embed(pixels + sign * step)[:, 0].sum() for sign in (1, -1))
    assert (ahead - behind).item() == pytest.approx(2e-2 * slope.norm().item(), rel=0.01)
    assert all(weight.grad is None for weight in encoder.model.parameters())


def test_scores_have_the_gradient_of_their_pixels(classifier: Classifier) -> None:
    with classifier.running(gradients=True):
        pixels = classifier.pixels(crops(160)).requires_grad_(True)
        (slope,) = torch.autograd.grad(classifier.scores(pixels)[:, 0].sum(), pixels)
    assert slope.shape == pixels.shape
    assert slope.abs().max().item() > 0


def test_the_feature_map_of_a_clip_vit_is_the_patch_tokens_of_its_last_block(encoder: DualEncoder) -> None:
    seen = {}
    block = encoder.model.visual.transformer.resblocks[-1]
    hook = block.register_forward_hook(lambda module, inputs, output: seen.update(tokens=output))
    with encoder.running():
        found = encoder.feature_map(encoder.pixels(crops(32)))
    hook.remove()
    assert found.shape == (16, 64, 4, 4)
    assert torch.equal(found.flatten(2).transpose(1, 2), seen["tokens"][:, 1:])


def test_the_feature_map_of_a_timm_vit_is_the_patch_tokens_of_its_last_block(classifier: Classifier) -> None:
    seen = {}
    hook = classifier.model.blocks[-1].register_forward_hook(lambda module, inputs, output: seen.update(tokens=output))
    with classifier.running():
        found = classifier.feature_map(classifier.pixels(crops(160)))
    hook.remove()
    prefix = classifier.model.num_prefix_tokens
    assert found.shape == (16, 64, 10, 10)
    assert torch.equal(found.flatten(2).transpose(1, 2), seen["tokens"][:, prefix:])


def test_a_token_beyond_the_vocabulary_is_refused_before_it_reaches_the_device(encoder: DualEncoder) -> None:
    strange = replace(encoder, tokenizer=lambda texts: torch.full((len(texts), 77), 50_000))  # type: ignore[call-arg]
    with pytest.raises(ModelError, match=r"gives the token 50000, its text tower knows 49408"):
        strange.encode_texts(["a"])
    assert len(encoder.encode_texts(["a", "b"])) == 2
