"""Checkpoint files of users: which copy of the weights counts, under which names, and what is refused."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustcheck.errors import ModelError
from robustcheck.measure.keys import encoder_facts
from robustcheck.models import openclip_files
from robustcheck.models.checkpoint_state import read_checkpoint
from robustcheck.models.digests import weights_digest
from robustcheck.models.encoders import image_outputs, load_model
from robustcheck.models.encoders_timm import head_outputs
from robustcheck.models.openclip_files import file_architecture
from robustcheck.models.openclip_tables import DEFAULT_PREPROCESSING, PretrainedSource, pretrained_table
from robustcheck.models.reference import parse_reference
from robustcheck.values import ModelRef

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")
timm = pytest.importorskip("timm")

CONFIG: dict[str, Any] = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 16, "layers": 1, "width": 16, "head_width": 8, "patch_size": 8},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 1},
}
LARGER = {**CONFIG, "vision_cfg": {**CONFIG["vision_cfg"], "image_size": 32}}
LONGER = {**CONFIG, "text_cfg": {**CONFIG["text_cfg"], "context_length": 20}}
State = Mapping[str, Any]


@pytest.fixture(scope="module", autouse=True)
def architectures(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("configs")
    for name, content in (("small-a", CONFIG), ("small-larger", LARGER), ("small-longer", LONGER)):
        (directory / f"{name}.json").write_text(json.dumps(content))
    open_clip.add_model_config(directory)


@pytest.fixture(scope="module")
def clips() -> tuple[State, State]:
    """The weights of two models of one architecture."""
    states = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        states.append(open_clip.CLIP(**CONFIG).state_dict())
    return states[0], states[1]


def saved(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def clip_text(path: Path, architecture: str = "small-a") -> np.ndarray:
    model: Any = load_model(parse_reference(f"openclip:{architecture}@{path}"), "cpu")
    return np.asarray(model.encode_texts(["a cat"]))


def test_averaged_weights_count_and_it_is_said(clips: tuple[State, State], tmp_path: Path) -> None:
    trained, averaged = clips
    only = clip_text(saved({"state_dict": averaged}, tmp_path / "only.pt"))
    both = saved({"epoch": 3, "state_dict": trained, "state_dict_ema": averaged}, tmp_path / "both.pt")
    np.testing.assert_array_equal(clip_text(both), only)
    model: Any = load_model(parse_reference(f"openclip:small-a@{both}"), "cpu")
    assert model.remark == (
        "the averaged weights (EMA) under state_dict_ema count; the weights under state_dict are not used"
    )


@pytest.mark.parametrize("name", ["state_dict_ema", "model_ema"])
def test_timm_takes_the_same_copy(tmp_path: Path, name: str) -> None:
    states = [timm.create_model("test_vit", num_classes=3).state_dict() for _ in range(2)]
    path = saved({"model": states[0], name: states[1], "args": Namespace(model_ema=True)}, tmp_path / "last.pth.tar")
    ours: Any = load_model(ModelRef("m", "t", "timm-file", "test_vit", str(path)), "cpu").model  # type: ignore[attr-defined]
    theirs = timm.create_model("test_vit", num_classes=3, checkpoint_path=str(path))
    for key, tensor in theirs.state_dict().items():
        assert torch.equal(tensor, ours.state_dict()[key])
        assert torch.equal(tensor, states[1][key])


@pytest.mark.parametrize(
    "prefix",
    ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "module.module._orig_mod.module.", "model.",
     "module.model."],
)  # fmt: skip
def test_names_lose_what_wrappers_put_before_them(clips: tuple[State, State], tmp_path: Path, prefix: str) -> None:
    wrapped = {f"{prefix}{name}": tensor for name, tensor in clips[0].items()}
    expected = clip_text(saved(clips[0], tmp_path / "plain.pt"))
    for content in ({"state_dict": wrapped}, {**wrapped, "n_averaged": torch.tensor(3)}):
        np.testing.assert_array_equal(clip_text(saved(content, tmp_path / "wrapped.pt")), expected)


@pytest.mark.parametrize("inside", ["visual._orig_mod.", "visual.module.", "visual.module._orig_mod."])
def test_and_what_they_put_into_them(clips: tuple[State, State], tmp_path: Path, inside: str) -> None:
    wrapped = {name.replace("visual.", inside, 1): tensor for name, tensor in clips[0].items()}
    expected = clip_text(saved(clips[0], tmp_path / "plain.pt"))
    np.testing.assert_array_equal(clip_text(saved({"model": wrapped}, tmp_path / "wrapped.pt")), expected)


def test_two_copies_under_one_name_are_refused(tmp_path: Path) -> None:
    path = saved({"a": torch.zeros(1), "module.a": torch.ones(1)}, tmp_path / "twice.pt")
    with pytest.raises(ModelError, match="two tensors for a"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [{"state_dict": 3}, [1, 2], {"optimizer": {"lr": 0.1}}, {}])
def test_a_file_without_weights(tmp_path: Path, content: Any) -> None:
    with pytest.raises(ModelError, match="no weights"):
        read_checkpoint(saved(content, tmp_path / "none.pt"))


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ("small-larger", "the checkpoint has 5 image positions, 17 in the configuration: another image size"),
        ("small-longer", "the checkpoint has 12 text positions, 20 in the configuration: another context length"),
    ],
)
def test_a_checkpoint_of_another_size_is_not_resized(
    clips: tuple[State, State], tmp_path: Path, architecture: str, words: str
) -> None:
    path = saved(clips[0], tmp_path / "clip.pt")
    with pytest.raises(ModelError, match=words) as caught:
        load_model(parse_reference(f"openclip:{architecture}@{path}"), "cpu")
    assert "local-dir:PATH" in str(caught.value)


def directory_of(path: Path, configuration: Mapping[str, Any], state: State) -> ModelRef:
    from safetensors.torch import save_file

    path.mkdir()
    (path / "open_clip_config.json").write_text(json.dumps({"model_cfg": configuration, "preprocess_cfg": {}}))
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path / "model.safetensors")
    return parse_reference(f"local-dir:{path}")


def test_a_configuration_of_ones_own_may_ask_for_it_and_it_is_said(clips: tuple[State, State], tmp_path: Path) -> None:
    model: Any = load_model(directory_of(tmp_path / "larger", LARGER, clips[0]), "cpu")
    theirs = open_clip.create_model(f"local-dir:{tmp_path / 'larger'}").state_dict()
    assert all(torch.equal(tensor, model.model.state_dict()[name]) for name, tensor in theirs.items())
    assert model.remark == (
        "position embeddings were resized: the checkpoint has 5 image positions, 17 in the configuration"
    )


def test_several_checkpoints_in_a_directory_are_refused(clips: tuple[State, State], tmp_path: Path) -> None:
    ref = directory_of(tmp_path / "two", CONFIG, clips[0])
    assert load_model(ref, "cpu").remark == ""  # type: ignore[attr-defined]
    saved(clips[1], tmp_path / "two" / "open_clip_pytorch_model.bin")
    with pytest.raises(ModelError, match=r"2 checkpoints: model\.safetensors, open_clip_pytorch_model\.bin"):
        load_model(ref, "cpu")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 100.0, -5.0])
def test_a_logit_scale_that_no_training_leaves(clips: tuple[State, State], tmp_path: Path, value: float) -> None:
    path = saved({**clips[0], "logit_scale": torch.tensor(value)}, tmp_path / "scale.pt")
    with pytest.raises(ModelError, match="a logit scale of"):
        load_model(parse_reference(f"openclip:small-a@{path}"), "cpu")


def test_an_embedding_of_zeros_is_refused(clips: tuple[State, State], tmp_path: Path) -> None:
    dead = {**clips[0], "visual.proj": torch.zeros_like(clips[0]["visual.proj"])}
    model: Any = load_model(parse_reference(f"openclip:small-a@{saved(dead, tmp_path / 'dead.pt')}"), "cpu")
    crops = [np.full((16, 16, 3), 7, dtype=np.uint8)] * 2
    with pytest.raises(ModelError, match="an embedding of zeros for 2 of 2 images"):
        image_outputs(model, crops)


# --- preprocessing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", sorted(pretrained_table()))
def test_a_file_is_preprocessed_as_all_tags_of_its_architecture_or_asks(architecture: str) -> None:
    from open_clip.pretrained import get_pretrained_cfg

    names = ("mean", "std", "interpolation", "resize_mode")
    ways = {}
    for tag in pretrained_table()[architecture]:
        theirs = get_pretrained_cfg(architecture, tag)
        ways[tag] = {name: theirs[name] for name in names}
        told = file_architecture(f"{architecture}/{tag}", "here")
        assert (told.configuration, told.quick_gelu) == (ways[tag], bool(theirs.get("quick_gelu")))
    if all(way == next(iter(ways.values())) for way in ways.values()):
        assert file_architecture(architecture, "here").configuration == next(iter(ways.values()))
    else:
        with pytest.raises(ModelError, match=f"the published tags of {architecture} are preprocessed in 2 ways"):
            file_architecture(architecture, "here")


def test_what_a_file_is_preprocessed_with_is_in_its_key(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.touch()
    texts = ("ViT-B-32", "ViT-B-32/openai", "ViT-B-16-SigLIP", "ViT-L-14/openai", "ViT-L-14/laion2b_s32b_b82k")
    facts = [encoder_facts(parse_reference(f"openclip:{text}@{path}"), "d", "fp32") for text in texts]
    assert [fact.architecture for fact in facts] == [text.partition("/")[0] for text in texts]
    assert [bool(fact.tag) for fact in facts] == [False, True, True, True, True]
    assert facts[3].tag != facts[4].tag
    with pytest.raises(ModelError, match="openclip:ViT-L-14/openai@FILE"):
        parse_reference(f"openclip:ViT-L-14@{path}")
    with pytest.raises(ModelError, match="did you mean 'openai'"):
        parse_reference(f"openclip:ViT-L-14/openia@{path}")


def test_a_file_of_a_siglip_like_architecture(
    clips: tuple[State, State], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    siglip = pretrained_table()["ViT-B-16-SigLIP"]["webli"].preprocessing
    table = {"small-a": {"own": PretrainedSource("", "", False, siglip)}}
    monkeypatch.setattr(openclip_files, "pretrained_table", lambda: table)
    path = saved(clips[0], tmp_path / "clip.pt")
    model: Any = load_model(ModelRef("m", "t", "openclip-file", "small-a", str(path)), "cpu")
    assert model.normalisation.mean == (0.5, 0.5, 0.5)
    assert "CenterCrop" not in model.geometry.key
    monkeypatch.undo()
    model = load_model(ModelRef("m", "t", "openclip-file", "small-a", str(path)), "cpu")
    assert model.normalisation.mean == pytest.approx(DEFAULT_PREPROCESSING.mean)


# --- timm's heads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pit_ti_distilled_224", "levit_128s", "crossvit_9_240", "test_vit"])
def test_architectures_with_several_heads_load_as_timm_loads_them(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = saved(timm.create_model(name, num_classes=3).state_dict(), tmp_path / "heads.pt")
    model: Any = load_model(ModelRef("m", "t", "timm-file", name, str(path)), "cpu")
    assert model.class_count == 3
    theirs = timm.create_model(name, num_classes=3, checkpoint_path=str(path)).eval()
    side = theirs.pretrained_cfg["input_size"][-1]
    with torch.no_grad():
        batch = torch.rand(1, 3, side, side)
        torch.testing.assert_close(model.model(batch), theirs(batch), rtol=0, atol=1e-6)


def test_heads_of_several_sizes_and_none() -> None:
    state = {"head.weight": np.zeros((3, 2)), "head_dist.weight": np.zeros((4, 2))}
    assert head_outputs(state, "head") == 3
    assert head_outputs(state, None) is None
    assert head_outputs(state, ("classifier",)) is None
    with pytest.raises(ModelError, match="have 3 and 4 outputs"):
        head_outputs(state, ("head", "head_dist"))


def test_whole_numbers_are_no_weights(clips: tuple[State, State], tmp_path: Path) -> None:
    state = {name: tensor.clone() for name, tensor in clips[0].items()}
    state["visual.conv1.weight"] = (state["visual.conv1.weight"] * 100).to(torch.int8)
    path = saved(state, tmp_path / "quantised.pt")
    with pytest.raises(ModelError, match=r"visual\.conv1\.weight holds numbers of the type torch\.int8"):
        load_model(parse_reference(f"openclip:small-a@{path}"))
    timms = timm.create_model("resnet10t", num_classes=3).state_dict()
    path = saved({**timms, "fc.weight": timms["fc.weight"].to(torch.int64)}, tmp_path / "timm.pt")
    with pytest.raises(ModelError, match=r"fc\.weight holds numbers of the type torch\.int64"):
        load_model(parse_reference(f"timm:resnet10t@{path}"))


@pytest.mark.parametrize("name", ["open_clip_model.safetensors", "tokenizer.json", "merges.txt"])
def test_a_pipe_in_the_directory_of_a_model_does_not_hang(
    clips: tuple[State, State], tmp_path: Path, name: str
) -> None:
    ref = directory_of(tmp_path / "d", {}, clips[0])
    (tmp_path / "d" / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / "d" / name)
    (tmp_path / "d" / "weights.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=f"{name} cannot be read: it is a named pipe"):
        weights_digest(ref)


def test_scores_that_are_all_the_same_are_refused() -> None:
    class Tied:
        geometry = normalisation = None
        class_count = 3

        def logits(self, crops: Any) -> Any:
            return np.array([[1, 2, 3], [5, 5, 5]], np.float32)

    with pytest.raises(ModelError, match="gave all 3 classes the same score on 1 of 2 images"):
        image_outputs(Tied(), [None, None])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pt", b"hello\n", "does not begin as a torch file does"),
        ("a.pt", b"", "does not begin as a torch file does"),
        ("a.pt", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("a.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    ],
)
def test_what_is_no_checkpoint_at_all_is_said_as_such(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=said):
        read_checkpoint(tmp_path / name)
