from __future__ import annotations

import subprocess
import sys

import imagehash
import numpy as np
import pytest
from PIL import Image

from robustcheck.errors import ModelError
from robustcheck.models.encoders import LoadedModel, ZeroShotModel, image_outputs
from robustcheck.models.perceptual_hash import load_hash
from robustcheck.values import ModelRef

REF = ModelRef(id="phash", text="phash:", kind="phash", architecture="8")


def picture(seed: int, side: int = 40) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(*images: Image.Image) -> np.ndarray:
    model = load_hash(REF, "auto", "fp32")
    return image_outputs(model, [model.geometry.crop(image) for image in images])


def test_it_is_a_model_that_runs_in_a_pass() -> None:
    model: LoadedModel = load_hash(REF, "cuda", "bf16")
    assert isinstance(model, ZeroShotModel)
    assert model.geometry.key == "grey, resized to 32x32"
    assert model.geometry.crop(picture(0)).shape == (32, 32, 3)


def test_256_bits_are_those_of_imagehash() -> None:
    model = load_hash(ModelRef("phash-256", "phash-256", "phash", "16"), "auto", "fp32")
    image = picture(3)
    outputs = image_outputs(model, [model.geometry.crop(image)])
    assert outputs.shape == (1, 256)
    assert np.linalg.norm(outputs) == 1.0
    np.testing.assert_array_equal(outputs[0] > 0, imagehash.phash(image, hash_size=16).hash.reshape(-1))


def test_outputs_are_unit_vectors_of_equal_sizes() -> None:
    outputs = encoded(picture(0), picture(1), picture(2))
    assert (outputs.shape, outputs.dtype) == ((3, 64), np.float32)
    assert set(np.unique(outputs)) == {-0.125, 0.125}
    np.testing.assert_array_equal(np.linalg.norm(outputs, axis=1), 1.0)


def test_protocols_12_the_cosine_is_the_hamming_distance_of_imagehash() -> None:
    images = [picture(seed) for seed in range(6)]
    outputs = encoded(*images)
    distances = [[imagehash.phash(a) - imagehash.phash(b) for b in images] for a in images]
    np.testing.assert_array_equal(outputs @ outputs.T, 1 - 2 * np.array(distances) / 64)


def test_size_and_coding_hardly_change_the_hash() -> None:
    image = Image.fromarray(np.add.outer(np.arange(96), 2 * np.arange(96)).astype(np.uint8)).convert("RGB")
    image.paste((250, 20, 90), (10, 30, 60, 70))
    same = encoded(image, image.resize((48, 48), Image.Resampling.BICUBIC))
    assert float(same[0] @ same[1]) >= 1 - 2 * 6 / 64


def test_it_reads_no_text() -> None:
    with pytest.raises(ModelError, match="reads no text"):
        load_hash(REF, "cpu", "fp32").encode_texts(["a photo of a dog"])


def test_it_needs_no_torch() -> None:
    code = (
        "import sys; from PIL import Image; from robustcheck.models import perceptual_hash as p;"
        "m = p.PerceptualHash(8); m.encode_images([m.geometry.crop(Image.new('RGB', (9, 9)))]);"
        "print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
