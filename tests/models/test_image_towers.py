"""Image towers of transformers without a text tower, against transformers called directly, on tiny random models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from colour_data import cell, write_colours
from hf_makers import make_image_tower
from PIL import Image
from safetensors.numpy import load_file, save_file

from robustcheck.errors import ModelError
from robustcheck.measure import MeasureSettings, measure_cells
from robustcheck.models.encoders import ImageEncoder, ZeroShotModel, load_model
from robustcheck.models.geometry import UNCHANGED
from robustcheck.models.hf_towers import IMAGE_TOWERS
from robustcheck.models.kind import capabilities
from robustcheck.models.reference import parse_reference
from robustcheck.models.torch_models import TorchModel
from robustcheck.values import ModelRef, Score

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

VITS = [name for name, tower in IMAGE_TOWERS.items() if not tower.is_cnn]
CNNS = [name for name, tower in IMAGE_TOWERS.items() if tower.is_cnn]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("towers")


def tower(name: str, place: Path) -> tuple[ModelRef, TorchModel]:
    directory = place / name
    if not directory.exists():
        make_image_tower(name, directory)
    ref = parse_reference(f"hf:{directory}")
    model = load_model(ref, "cpu")
    assert isinstance(model, TorchModel)
    return ref, model


def pixels(side: tuple[int, int]) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(4).random((2, 3, *side), dtype=np.float32))


@pytest.mark.parametrize("name", IMAGE_TOWERS)
def test_the_embedding_is_that_of_transformers(name: str, place: Path) -> None:
    ref, model = tower(name, place)
    assert isinstance(model, ImageEncoder)
    assert not isinstance(model, ZeroShotModel)
    assert capabilities(ref) == {"embeds images", "gives feature maps", "has gradients"}
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8))
    processor = transformers.AutoImageProcessor.from_pretrained(place / name)
    with torch.no_grad():
        whole = transformers.AutoModel.from_pretrained(place / name).eval()(
            **processor(images=picture, return_tensors="pt")
        )
    row = (whole.last_hidden_state[:, 0] if name.startswith("vit") else whole.pooler_output).flatten(1)
    expected = torch.nn.functional.normalize(row, dim=-1).numpy()
    np.testing.assert_allclose(model.encode_images([model.geometry.crop(picture)]), expected, atol=1e-5)


@pytest.mark.parametrize("name", VITS)
def test_the_norm_after_the_feature_map_of_a_vit_gives_the_tokens_of_transformers(name: str, place: Path) -> None:
    """The map is that of the last block: what transformers returns is its last norm over it."""
    _, model = tower(name, place)
    inner = getattr(model.model, "vision_model", model.model)
    norm = next(getattr(inner, word) for word in ("layernorm", "norm", "post_layernorm") if hasattr(inner, word))
    options = {"interpolate_pos_encoding": True} if IMAGE_TOWERS[name].asks_to_resize else {}
    for high, wide in ((32, 32), (48, 64)):
        images = pixels((high, wide))
        with model.running():
            found = model.dense_map(images, UNCHANGED)
            patches = found.flatten(2).transpose(1, 2)
            # CLIP's tower norms the token that it embeds, and leaves the patches as they are.
            expected = patches if name == "clip_vision_model" else norm(patches)
            tokens = model.model(pixel_values=images, **options).last_hidden_state
        assert found.shape == (2, 32, high // 8, wide // 8)
        torch.testing.assert_close(expected, tokens[:, -patches.shape[1] :], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", CNNS)
def test_the_last_stage_of_a_cnn_is_resized_to_a_cell_for_sixteen_pixels(name: str, place: Path) -> None:
    _, model = tower(name, place)
    with model.running():
        found = model.dense_map(pixels((64, 96)), UNCHANGED)
        stage = model.model(pixel_values=pixels((64, 96))).last_hidden_state
    assert found.shape == (2, 32, 4, 6)
    expected = torch.nn.functional.interpolate(stage, (4, 6), mode="bilinear")
    torch.testing.assert_close(found, expected)


def test_a_metric_of_classes_says_that_there_is_no_text_tower(place: Path, tmp_path: Path) -> None:
    ref, _ = tower("dinov2", place)
    asked = cell(ref, write_colours(tmp_path / "data", 9))
    found = measure_cells([asked], MeasureSettings(store=tmp_path / "store", device="cpu"))[asked]
    assert isinstance(found, ModelError)
    assert "has no scores of classes" in str(found)
    assert "a model that scores classes or embeds text" in str(found)
    assert f"{ref.text}+knn" in str(found)


def test_a_head_on_it_is_measured(place: Path, tmp_path: Path) -> None:
    tower("dinov2", place)
    data = write_colours(tmp_path / "data", 30)
    asked = cell(parse_reference(f"hf:{place / 'dinov2'}+knn:train={data}"), data)
    found = measure_cells([asked], MeasureSettings(store=tmp_path / "store", device="cpu"))[asked]
    assert isinstance(found, Score), found
    assert found.n == 30


def test_a_pooling_layer_that_is_not_read_may_be_missing_and_nothing_else(place: Path, tmp_path: Path) -> None:
    tower("vit", place)
    for missing, is_fine in (("pooler.", True), ("layernorm.", False)):
        directory = tmp_path / missing
        directory.mkdir()
        weights = load_file(place / "vit" / "model.safetensors")
        kept = {name: value for name, value in weights.items() if not name.startswith(missing)}
        assert len(kept) < len(weights)
        save_file(kept, directory / "model.safetensors", metadata={"format": "pt"})
        for file in (place / "vit").glob("*.json"):
            (directory / file.name).write_bytes(file.read_bytes())
        ref = parse_reference(f"hf:{directory}")
        if is_fine:
            assert load_model(ref, "cpu") is not None
        else:
            with pytest.raises(ModelError, match="missing layernorm"):
                load_model(ref, "cpu")
