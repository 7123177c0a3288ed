"""The memory that models are foreseen to take, against what torch counts when they are loaded and run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hf_makers import make_family, make_image_tower
from package_makers import Install
from PIL import Image

from robustcheck.models.digests import installed_version, weights_bytes
from robustcheck.models.encoders import Precision, load_model
from robustcheck.models.foreseen_memory import ForeseenMemory, foresee_memory
from robustcheck.models.kind import model_kind
from robustcheck.models.outlined import UNCOUNTABLE, Counted, Rehearsal, count, count_elsewhere
from robustcheck.models.reference import parse_reference
from robustcheck.models.torch_models import DualEncoder, TorchModel
from robustcheck.values import ModelRef

MIB = 2**20
TEXTS = tuple(f"a photo of the number {number}" for number in range(32))
ZOO = "zoo:vit-plain-100"


def timm_file(name: str, place: Path) -> str:
    import timm
    import torch

    path = place / f"{name}.pt"
    torch.save(timm.create_model(name, num_classes=7).state_dict(), path)
    return f"timm:{name}@{path}"


def convnext_of_open_clip(place: Path) -> str:
    import open_clip
    from safetensors.torch import save_file

    text = {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    vision = {"timm_model_name": "test_convnext", "timm_pool": "", "timm_proj": "linear", "image_size": 64}
    settings = {"model_cfg": {"embed_dim": 32, "vision_cfg": vision, "text_cfg": text}, "preprocess_cfg": {}}
    (place / "open_clip_config.json").write_text(json.dumps(settings), encoding="utf-8")
    model = open_clip.create_model(f"local-dir:{place}", load_weights=False)
    save_file(dict(model.state_dict()), place / "open_clip_model.safetensors")
    return f"local-dir:{place}"


MAKERS: dict[str, Callable[[Path], str]] = {
    "open_clip ViT": lambda place: ZOO,
    "open_clip ResNet": lambda place: "zoo:cnn-plain-100",
    "open_clip ConvNeXt": convnext_of_open_clip,
    "timm ViT": lambda place: timm_file("test_vit", place),
    "timm ResNet": lambda place: timm_file("test_resnet", place),
    "timm ConvNeXt": lambda place: timm_file("test_convnext", place),
    "transformers CLIP": lambda place: f"hf:{make_family('clip', place)}",
    "transformers SigLIP 2": lambda place: f"hf:{make_family('siglip2', place)}",
    "transformers ConvNeXt": lambda place: f"hf:{make_image_tower('convnext', place)}",
}


def peak_of(run: Callable[[], object]) -> int:
    """Return the most bytes that torch had allocated at once, from its own profiler."""
    import torch

    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        run()
    events = profile.profiler.kineto_results.events()
    changes = sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]")
    return int(max(np.cumsum([size for _, size in changes])))


@pytest.mark.parametrize("name", MAKERS)
def test_weights_and_batches_take_what_is_foreseen(name: str, tmp_path: Path) -> None:
    ref = parse_reference(MAKERS[name](tmp_path))
    foreseen = count(Rehearsal(ref, "fp32", 16, TEXTS))
    assert foreseen is not None
    model = load_model(ref, "cpu", "fp32")
    assert isinstance(model, TorchModel)
    assert foreseen.weights == model.memory_bytes
    crops = [model.geometry.crop(Image.new("RGB", (320, 320)))] * 16
    assert foreseen.images == pytest.approx(peak_of(lambda: model.begin_outputs(crops)()), rel=0.1)
    if isinstance(model, DualEncoder):
        texts = list(TEXTS)
        assert foreseen.texts == pytest.approx(peak_of(lambda: model.encode_texts(texts)), rel=0.02)
    else:
        assert foreseen.texts == 0


def test_half_precision_is_counted_with_float32_weights() -> None:
    whole, half = (count(Rehearsal(parse_reference(ZOO), precision, 16, TEXTS)) for precision in ("fp32", "bf16"))
    assert whole is not None
    assert half is not None
    assert half.weights == whole.weights
    assert half.images < whole.images
    assert half.texts < whole.texts


def test_it_grows_with_the_batch_and_with_the_length_of_texts() -> None:
    ref = parse_reference(ZOO)
    few, many = (
        count(Rehearsal(ref, "fp32", 16, ("a cat",) * 32)),
        count(Rehearsal(ref, "fp32", 64, ("a cat " * 12,) * 32)),
    )
    assert few is not None
    assert many is not None
    assert many.images == pytest.approx(4 * few.images, rel=0.01)
    assert many.texts > 1.9 * few.texts


def test_another_process_counts_and_one_model_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    # DINOv3 keeps the positions of its patches for all models of the process: they must not be those of an outline.
    ref = parse_reference(f"hf:{make_image_tower('dinov3_vit', tmp_path / 'dinov3')}")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    settings = {"model_cfg": {"embed_dim": 4, "vision_cfg": {"layers": "many"}, "text_cfg": {}}}
    (damaged / "open_clip_config.json").write_text(json.dumps(settings), encoding="utf-8")
    rehearsals = [Rehearsal(parse_reference(f"local-dir:{damaged}"), "fp32", 16), Rehearsal(ref, "fp32", 16)]
    failed, counted = count_elsewhere(rehearsals)
    assert failed == UNCOUNTABLE
    model = load_model(ref, "cpu", "fp32")
    assert isinstance(model, TorchModel)
    crops = [model.geometry.crop(Image.new("RGB", (320, 320)))] * 16
    assert counted is not None
    assert counted.images == pytest.approx(peak_of(lambda: model.begin_outputs(crops)()), rel=0.1)


DYING = """
import os, pathlib, signal
from dataclasses import replace
from robustcheck.errors import ModelError
from robustcheck.models.fake import KIND
from robustcheck.models.kind import Outline
from robustcheck.values import ModelRef


def build(ref, precision):
    with pathlib.Path(ref.weights).open("a") as tried:
        tried.write(ref.architecture)
    if ref.architecture == "b":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ModelError("it has no outline")


def parse(reference):
    name, _, file = reference.rest.partition("@")
    return ModelRef(name, reference.text, "dying", name, file)


MADE = replace(KIND, name="dying", schemes=("dying",), parse=parse, outline=lambda ref: Outline("", build))
"""


@pytest.mark.parametrize(
    ("names", "tried", "told"),
    [("abc", "abc", [UNCOUNTABLE, None, UNCOUNTABLE]), ("bba", "bb", [None, None, None])],
)
def test_a_process_that_is_killed_is_followed_by_one_that_goes_on_after_what_killed_it(
    tmp_path: Path, install: Install, names: str, tried: str, told: list[Counted | None]
) -> None:
    install("dying-outlines", DYING, "model_kinds")
    rehearsals = [Rehearsal(parse_reference(f"dying:{name}@{tmp_path}/tried"), "fp32", 1) for name in names]
    assert count_elsewhere(rehearsals) == told
    assert (tmp_path / "tried").read_text() == tried


class Counter:
    """Counts nothing, and keeps what it was asked."""

    def __init__(self, *answers: Counted | None) -> None:
        self.answers = answers
        self.asked: list[Rehearsal] = []

    def __call__(self, rehearsals: Sequence[Rehearsal]) -> Sequence[Counted | None]:
        self.asked += rehearsals
        return self.answers[: len(rehearsals)]


def foresee(
    counter: Counter, known: Path, *names: str, texts: Sequence[str] = (), precision: Precision = "fp32"
) -> dict[ModelRef, ForeseenMemory]:
    asked = {parse_reference(name): texts for name in names}
    return foresee_memory(asked, precision, 64, known, counter)


def test_what_was_found_is_kept_and_one_architecture_is_counted_once(tmp_path: Path) -> None:
    counter = Counter(Counted(5, 3, 4, 64))
    alike = (ZOO, "zoo:vit-plain-1000")
    first = foresee(counter, tmp_path, *alike)
    assert len(counter.asked) == 1
    assert set(first.values()) == {ForeseenMemory(5, 3, 4, 64)}
    assert foresee(counter, tmp_path, *alike) == first
    assert len(counter.asked) == 1
    foresee(counter, tmp_path, ZOO, texts=["a longer text"])
    foresee(counter, tmp_path, ZOO, precision="bf16")
    assert len(counter.asked) == 3
    (tmp_path / "memory.json").write_text("{", encoding="utf-8")
    assert foresee(counter, tmp_path, *alike) == first
    assert len(counter.asked) == 4


def test_the_longest_texts_count_and_no_more_than_a_batch_of_them(tmp_path: Path) -> None:
    counter = Counter(Counted(5, 3, 4, 64))
    foresee(counter, tmp_path, ZOO, texts=["x" * length for length in range(1, 400)] * 2)
    (rehearsal,) = counter.asked
    assert list(map(len, rehearsal.texts)) == list(range(144, 400))


def test_texts_are_one_rehearsal_in_whatever_order_they_come(tmp_path: Path) -> None:
    # What a suite asks for comes as a set, whose order is another in each process.
    counter = Counter(Counted(5, 3, 4, 64))
    texts = [f"a photo of the number {number}" for number in range(10, 60)]
    foresee(counter, tmp_path, ZOO, texts=texts)
    foresee(counter, tmp_path, ZOO, texts=texts[::-1])
    assert len(counter.asked) == 1


def test_what_fails_is_left_out_and_tried_again_with_another_version_or_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(UNCOUNTABLE)
    assert foresee(counter, tmp_path, ZOO, "fake:zero-shot@a") == {}
    assert foresee(counter, tmp_path, ZOO) == {}
    assert len(counter.asked) == 1
    version = "robustcheck.models.foreseen_memory.installed_version"
    with monkeypatch.context() as other:
        other.setattr(version, lambda name: "0.0" if name == "robustcheck" else installed_version(name))
        foresee(counter, tmp_path, ZOO)
    assert len(counter.asked) == 2
    kind = model_kind(parse_reference(ZOO))
    with monkeypatch.context() as other:
        gone = replace(kind, files=lambda ref: {})
        other.setattr("robustcheck.models.foreseen_memory.model_kind", lambda ref: gone)
        foresee(counter, tmp_path, ZOO)
    assert len(counter.asked) == 3
    assert foresee(Counter(), tmp_path, ZOO) == {}


def test_what_came_to_no_end_is_left_out_and_asked_again(tmp_path: Path) -> None:
    counter = Counter(None)
    assert foresee(counter, tmp_path, ZOO, "fake:zero-shot@a") == {}
    assert foresee(counter, tmp_path, ZOO) == {}
    assert [rehearsal.ref.text for rehearsal in counter.asked] == [ZOO, ZOO]


def test_the_second_model_of_an_adapter_is_held_too(tmp_path: Path) -> None:
    other = "zoo:vit-plain-1000"
    found = foresee(Counter(Counted(5, 3, 4, 64)), tmp_path, f"{ZOO}+wise-ft@{other}:alpha=0.5")
    assert [one.weights for one in found.values()] == [5 + weights_bytes(parse_reference(other))]


def test_a_process_keeps_as_much_again_up_to_what_the_c_library_gives_back() -> None:
    assert ForeseenMemory(0, 3 * MIB, MIB).at_work == 6 * MIB
    assert ForeseenMemory(2 * MIB, 3 * MIB, MIB).at_work == 8 * MIB
    assert ForeseenMemory(900 * MIB, MIB, 300 * MIB).at_work == 428 * MIB
