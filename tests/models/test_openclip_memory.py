"""What an image takes beside the weights of open_clip's transformers, against what torch counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustcheck.models.digests import batch_bytes, working_bytes
from robustcheck.models.encoders import ImageEncoder, load_model
from robustcheck.models.openclip_memory import architecture_bytes, directory_bytes, image_bytes
from robustcheck.models.reference import parse_reference

WIDE = {"image_size": 64, "patch_size": 8, "width": 128, "layers": 2}


def peak_of(model: ImageEncoder, images: int) -> int:
    """Return the most bytes that torch had allocated at once while images were embedded."""
    import torch

    crops = [np.full((model.geometry.side, model.geometry.side, 3), 128, np.uint8)] * images
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        model.encode_images(crops)
    events = profile.profiler.kineto_results.events()
    changes = sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]")
    return int(max(np.cumsum([size for _, size in changes])))


def test_a_batch_takes_what_is_foreseen_within_fifteen_percent() -> None:
    ref = parse_reference("zoo:vit-plain-100")
    model = load_model(ref, "cpu", "fp32")
    assert isinstance(model, ImageEncoder)
    assert batch_bytes(ref, 64) == pytest.approx(peak_of(model, 64), rel=0.15)


def test_a_process_keeps_as_much_again_up_to_what_the_c_library_gives_back() -> None:
    ref = parse_reference("zoo:vit-plain-100")
    assert working_bytes(ref, 64) == 2 * batch_bytes(ref, 64)
    assert working_bytes(ref, 64_000) == batch_bytes(ref, 64_000) + 64 * 2**20


def test_large_patches_are_bound_by_pixels_and_small_ones_by_the_inner_layer() -> None:
    # What torch's profiler counted of these with random weights, of a batch of 64 and of 16: MiB an image.
    assert architecture_bytes("ViT-B-32") / 2**20 == pytest.approx(186 / 64, rel=0.15)
    assert architecture_bytes("ViT-B-16") / 2**20 == pytest.approx(129 / 16, rel=0.15)
    assert architecture_bytes("ViT-B-32-quickgelu") == architecture_bytes("ViT-B-32")
    assert image_bytes({**WIDE, "mlp_ratio": 8.0}) > image_bytes(WIDE)


@pytest.mark.parametrize("vision", [{}, {**WIDE, "timm_model_name": "vit_x"}, {**WIDE, "layers": [3, 4]}])
def test_other_towers_are_not_foreseen(vision: dict[str, object]) -> None:
    assert image_bytes(vision) == 0


def test_what_is_not_here_or_damaged_foresees_nothing(tmp_path: Path) -> None:
    assert architecture_bytes("no-such-architecture") == 0
    assert batch_bytes(parse_reference("fake:zero-shot@a"), 64) == 0
    place = tmp_path / "open_clip_config.json"
    assert directory_bytes(place) == 0
    for content in ("{", "[]", "{}", '{"model_cfg": {"vision_cfg": 3}}'):
        place.write_text(content, encoding="utf-8")
        assert directory_bytes(place) == 0
