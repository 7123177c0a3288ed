"""Text towers of open_clip: short texts have the embeddings that open_clip gives, and equal towers are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustcheck.models.encoders import load_model
from robustcheck.models.encoders_openclip import OpenClipModel
from robustcheck.models.openclip_texts import reads_to_the_end_only, short_text_features
from robustcheck.values import ModelRef

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}
CONFIG: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": TEXT,
}
TEXTS = ["a photo of a cat.", "!", "wow! a dog!!", "many " * 100, "", "a sketch of the number of one"]


def made(kind: str, **text: object) -> Any:
    torch.manual_seed(3)
    return getattr(open_clip, kind)(**{**CONFIG, "text_cfg": {**TEXT, **text}}).eval()


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[:1], ["!"]], ids=["all", "short", "one token"])
def test_short_texts_have_the_embeddings_of_open_clip(texts: list[str]) -> None:
    model, tokens = made("CLIP"), open_clip.get_tokenizer("ViT-B-32")(texts)
    assert reads_to_the_end_only(model)
    with torch.inference_mode():
        found, expected = short_text_features(model, tokens), model.encode_text(tokens)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=2e-6)


def test_the_padding_is_not_run() -> None:
    model, lengths = made("CLIP"), []
    model.transformer.register_forward_pre_hook(lambda _, given: lengths.append(given[0].shape[1]))
    with torch.inference_mode():
        short_text_features(model, open_clip.get_tokenizer("ViT-B-32")(TEXTS[:1]))
    assert lengths == [8]


@pytest.mark.parametrize(
    ("kind", "text"),
    [("CustomTextCLIP", {"embed_cls": True}), ("CLIP", {"pool_type": "last"}), ("CLIP", {"no_causal_mask": True})],
)
def test_towers_that_see_their_padding_run_it(kind: str, text: dict[str, object]) -> None:
    assert not reads_to_the_end_only(made(kind, **text))


# --- which tower ------------------------------------------------------------------------------------


def saved(directory: Path, change: str = "") -> OpenClipModel:
    from safetensors.torch import save_file

    directory.mkdir()
    state = {name: part.contiguous() for name, part in made("CLIP").state_dict().items()}
    if change:
        state[change] = state[change] + 0.5
    save_file(state, directory / "open_clip_model.safetensors")
    (directory / "open_clip_config.json").write_text(json.dumps({"model_cfg": CONFIG, "preprocess_cfg": {}}))
    model = load_model(ModelRef("tiny", "t", "local-dir", "", str(directory)), "cpu")
    assert isinstance(model, OpenClipModel)
    return model


def test_models_that_differ_in_their_image_tower_share_a_text_tower(tmp_path: Path) -> None:
    one, same = saved(tmp_path / "a"), saved(tmp_path / "b", "visual.proj")
    assert one.text_tower == same.text_tower
    for change in ("text_projection", "positional_embedding"):
        assert saved(tmp_path / change, change).text_tower != one.text_tower


def test_embeddings_do_not_depend_on_the_order_of_the_texts(tmp_path: Path) -> None:
    model = saved(tmp_path / "a")
    forward, backward = model.encode_texts(TEXTS), model.encode_texts(TEXTS[::-1])
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-6)
    assert not np.allclose(forward[0], forward[1], atol=1e-3)
