"""Feature maps of pictures of another size than a tower was trained at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hf_makers import make_family

from robustcheck.models.encoders import load_model
from robustcheck.models.geometry import Normalisation
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.picture_sizes import padded_to_cells, patch_side, sized_tower, sized_trunk
from robustcheck.models.reference import parse_reference
from robustcheck.models.torch_models import TorchModel

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")
timm = pytest.importorskip("timm")

HALF = Normalisation((0.5,) * 3, (0.5,) * 3)


def pixels(high: int, wide: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(4).random((2, 3, high, wide), dtype=np.float32))


def zoo(name: str) -> TorchModel:
    model = load_model(resolve_models((f"zoo:{name}",))[0], "cpu")
    assert isinstance(model, TorchModel)
    return model


def test_a_vit_of_open_clip_keeps_its_weights_and_resizes_its_positions() -> None:
    """As timm resizes them: another implementation of the same interpolation."""
    model = zoo("vit-plain-100")
    tower = model.model.visual
    before = tower.positional_embedding.detach().clone()
    sized = sized_tower(tower, 64, 96)
    expected = timm.layers.resample_abs_pos_embed(before[None], [8, 12], [4, 4], num_prefix_tokens=1)[0]
    torch.testing.assert_close(sized.positional_embedding.detach(), expected)
    assert torch.equal(tower.positional_embedding, before)
    assert tower.grid_size == (4, 4)
    assert sized.conv1.weight is tower.conv1.weight
    assert sized_tower(tower, 32, 32) is tower


def test_the_map_of_a_vit_of_open_clip_is_what_its_blocks_make_of_the_resized_positions() -> None:
    model = zoo("vit-plain-100")
    tower = model.model.visual
    images = pixels(64, 96)
    with model.running():
        found = model.dense_map(images, HALF)
        cells = tower.conv1((images - 0.5) / 0.5).flatten(2).transpose(1, 2)
        tokens = torch.cat([tower.class_embedding.expand(2, 1, -1), cells], dim=1)
        table = timm.layers.resample_abs_pos_embed(tower.positional_embedding[None], [8, 12], [4, 4])
        tokens = tower.transformer(tower.ln_pre(tokens + table))
    assert found.shape == (2, 48, 8, 12)
    torch.testing.assert_close(found.flatten(2).transpose(1, 2), tokens[:, 1:], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["test_vit", "test_vit2", "vit_tiny_patch16_224"])
def test_a_vit_of_timm_takes_another_size_as_timm_itself_makes_it(name: str) -> None:
    settings: dict[str, Any] = {"depth": 2, "num_classes": 3} if name.startswith("vit") else {"num_classes": 3}
    torch.manual_seed(0)
    trunk = timm.create_model(name, **settings).eval()
    direct = timm.create_model(name, img_size=(96, 160), **settings).eval()
    direct.load_state_dict(timm.models.vision_transformer.checkpoint_filter_fn(dict(trunk.state_dict()), direct))
    assert patch_side(trunk) == 16
    with torch.inference_mode():
        images = pixels(96, 160)
        found = sized_trunk(trunk, 96, 160).forward_intermediates(images, indices=1, intermediates_only=True)[-1]
        expected = direct.forward_intermediates(images, indices=1, intermediates_only=True)[-1]
    torch.testing.assert_close(found, expected)
    assert trunk.patch_embed.img_size == direct.default_cfg["input_size"][1:]


@pytest.mark.parametrize("name", ["cnn-plain-100", "resnet-plain-100"])
def test_a_cnn_takes_every_size_and_its_last_stage_is_resized(name: str) -> None:
    model = zoo(name)
    with model.running():
        found = model.dense_map(pixels(128, 192), HALF)
        stage = model.feature_map(pixels(128, 192))
    assert model.patch_side is None
    assert stage.shape[2:] == (4, 6)
    assert found.shape == (2, stage.shape[1], 8, 12)


@pytest.mark.parametrize(
    ("size", "padded"), [((480, 640), (480, 640)), ((480, 644), (490, 658)), ((512, 512), (518, 518))]
)
def test_pictures_are_padded_as_probe3d_pads_them(size: tuple[int, int], padded: tuple[int, int]) -> None:
    """A side that fits gets a whole cell where the other does not fit: 644 = 46 * 14 becomes 658."""
    found = padded_to_cells(torch.ones(1, 1, *size), 14 if size != (480, 640) else 16)
    assert found.shape[2:] == padded
    assert found.sum() == size[0] * size[1]
    top, left = ((new - old) // 2 for new, old in zip(padded, size, strict=True))
    assert found[0, 0, top : top + size[0], left : left + size[1]].min() == 1


@pytest.mark.parametrize(
    ("family", "shape"),
    [
        ("clip", (32, 6, 8)),
        ("siglip", (32, 6, 8)),
        ("siglip2", (32, 6, 8)),
        ("chinese_clip", (32, 6, 8)),
        ("metaclip_2", (32, 6, 8)),
        ("altclip", (32, 6, 8)),
        ("vision-text-dual-encoder", (32, 6, 8)),
        ("align", (16, 3, 4)),
    ],
)
def test_dual_encoders_of_transformers_take_another_size(family: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    model = load_model(parse_reference(f"hf:{make_family(family, tmp_path / family)}"), "cpu")
    assert isinstance(model, TorchModel)
    with model.running():
        found = model.dense_map(pixels(48, 64), HALF)
        native = model.dense_map(pixels(32, 32), model.normalisation)
        expected = model.feature_map(pixels(32, 32))
    assert found.shape[1:] == shape
    assert found.std() > 0
    if family != "align":
        torch.testing.assert_close(native, expected)
