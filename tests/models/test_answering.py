"""Models that answer, of each family of LLaVA, against transformers called directly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llava_makers import ANSWERING, make_answering, make_llava
from PIL import Image

from robustcheck.errors import ModelError, ModelUnavailable
from robustcheck.models.answering import HfAnswering
from robustcheck.models.answering_memory import answering_bytes, tensors_of
from robustcheck.models.digests import weights_bytes, weights_digest
from robustcheck.models.encoders import AnsweringModel, Precision, load_model
from robustcheck.models.kind import capabilities, model_kind
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.reference import parse_reference
from robustcheck.protocols.multiple_choice.questions import LETTERS, question_text
from robustcheck.values import ModelRef

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

QUESTION = question_text(("cat", "dog", "red circle", "square"))
Family = Callable[[str], Path]


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Family:
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            made[name] = make_answering(name, tmp_path_factory.mktemp("answering") / f"tiny-{name}")
        return made[name]

    return get


@pytest.fixture
def copy(family: Family, tmp_path: Path) -> Path:
    return Path(shutil.copytree(family("llava"), tmp_path / "copy"))


def load(directory: Path, precision: Precision = "fp32") -> HfAnswering:
    model = load_model(parse_reference(f"llava:{directory}"), "cpu", precision)
    assert isinstance(model, HfAnswering)
    return model


def pictures() -> list[np.ndarray]:
    """Return a wide and a high picture, which become tiles of other shapes."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, size=shape, dtype=np.uint8) for shape in ((40, 75, 3), (64, 30, 3))]


def straight(directory: Path, picture: np.ndarray, dtype: Any = torch.float32) -> tuple[np.ndarray, str]:
    """Return next-token log-probabilities and greedy text, with prompt and forward pass written out."""
    model = transformers.AutoModelForImageTextToText.from_pretrained(directory, dtype=dtype).eval()
    processor = transformers.AutoProcessor.from_pretrained(directory)
    prompt = f"user : <image> {QUESTION} assistant :"
    inputs = processor(images=Image.fromarray(picture), text=prompt, return_tensors="pt").to(dtype)
    with torch.no_grad():
        logits = model(**inputs).logits[0, -1].float()
        ids = model.generate(**inputs, do_sample=False, max_new_tokens=6)
    written = processor.tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return torch.log_softmax(logits, dim=-1).numpy(), written.strip()


@pytest.mark.parametrize("name", ANSWERING)
def test_letters_and_text_are_those_of_transformers(name: str, family: Family) -> None:
    model = load(family(name))
    assert isinstance(model, AnsweringModel)
    vocabulary = model.processor.tokenizer.get_vocab()
    for picture in pictures():
        logs, written = straight(family(name), picture)
        expected = [logs[vocabulary[letter]] for letter in LETTERS]
        np.testing.assert_allclose(model.letter_logs(picture, QUESTION, LETTERS), expected, atol=1e-5)
        assert model.answer(picture, QUESTION, 6) == written


def test_the_answer_depends_on_the_picture_and_on_the_question(family: Family) -> None:
    model = load(family("llava_next"))
    one, other = pictures()
    asked = [(one, QUESTION), (other, QUESTION), (one, question_text(("dog", "cat", "red circle", "square")))]
    logs = [model.letter_logs(picture, question, LETTERS) for picture, question in asked]
    assert np.abs(logs[0] - logs[1]).max() > 1e-3
    assert np.abs(logs[0] - logs[2]).max() > 1e-3


def test_weights_are_in_the_precision_of_the_run(family: Family) -> None:
    model = load(family("llava"), "bf16")
    assert model.model.dtype == torch.bfloat16
    picture, _ = pictures()
    logs, _ = straight(family("llava"), picture, torch.bfloat16)
    vocabulary = model.processor.tokenizer.get_vocab()
    expected = [logs[vocabulary[letter]] for letter in LETTERS]
    np.testing.assert_allclose(model.letter_logs(picture, QUESTION, LETTERS), expected, atol=1e-6)


def test_penalties_of_the_settings_that_come_with_weights_do_not_count(copy: Path) -> None:
    picture, _ = pictures()
    before = load(copy).answer(picture, QUESTION, 6)
    settings = json.loads((copy / "generation_config.json").read_text())
    again = {"repetition_penalty": 50.0, "suppress_tokens": [5], "do_sample": True}
    (copy / "generation_config.json").write_text(json.dumps({**settings, **again}))
    assert load(copy).answer(picture, QUESTION, 6) == before


def test_a_vocabulary_without_letters_is_told(family: Family) -> None:
    model = load(family("llava"))
    with pytest.raises(ModelError, match="no token for the letter Z"):
        model.letter_logs(pictures()[0], QUESTION, "AZ")


# --- what is known without loading ------------------------------------------------------------------------


def test_what_it_can_do_and_what_it_is(family: Family) -> None:
    directory = family("llava_onevision")
    ref = parse_reference(f"llava:{directory.name}", base=directory.parent)
    assert (ref.id, ref.kind, ref.architecture) == ("llava@tiny-llava_onevision", "llava", "llava_onevision")
    weights = sum(weight.numel() for weight in load(directory).model.parameters())
    assert dict(ref.facets) == {"family": "vlm", "params": str(weights), "resolution": "32"}
    assert capabilities(ref) == {"answers"}


def test_a_directory_needs_no_scheme_and_is_found_by_globs(copy: Path) -> None:
    assert parse_reference("copy", base=copy.parent).kind == "llava"
    assert [model.id for model in resolve_models(["llava:*"], base=copy.parent)] == ["llava@copy"]


@pytest.mark.parametrize(
    ("text", "settings", "found"),
    [
        ("llava:model", {"model_type": "clip", "vision_config": {}}, "is of the type 'clip'"),
        ("llava:model", {"model_type": "llama"}, "is of the type 'llama'"),
        ("llava:model", None, "has no config.json"),
        ("llava:./nowhere", None, "neither a directory nor a repository"),
    ],
)
def test_a_wrong_reference(text: str, settings: object, found: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    if settings:
        (tmp_path / "model" / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=found):
        parse_reference(text, base=tmp_path)


def test_a_repository_is_read_from_the_cache_of_the_hub(
    family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    ref = parse_reference("llava:someone/tiny")
    assert (ref.id, ref.facets) == ("someone/tiny", (("family", "vlm"),))
    assert (weights_digest(ref), weights_bytes(ref)) == (None, 0)
    with pytest.raises(ModelUnavailable, match="cannot be fetched"):
        load_model(ref, "cpu")
    repository = tmp_path / "models--someone--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    shutil.copytree(family("llava"), repository / "snapshots" / "abc")
    assert weights_digest(ref) == weights_digest(parse_reference(f"llava:{family('llava')}"))
    assert load_model(ref, "cpu").letter_logs(pictures()[0], QUESTION, "AB").shape == (2,)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", ["config.json", "chat_template.jinja", "generation_config.json", "tokenizer.json", "processor_config.json"]
)
def test_every_file_that_decides_an_answer_is_in_the_key(name: str, copy: Path) -> None:
    ref = parse_reference(f"llava:{copy}")
    before = weights_digest(ref)
    (copy / name).write_text((copy / name).read_text() + " ")
    assert weights_digest(ref) != before


def test_without_weights_or_a_chat_template_it_says_what_is_missing(copy: Path) -> None:
    ref = parse_reference(f"llava:{copy}")
    (copy / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="it has no chat template"):
        load_model(ref, "cpu")
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="no weights as safetensors"):
        load_model(ref, "cpu")


def test_weights_that_are_missing_are_not_made_up(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(copy / "model.safetensors")
    lost = next(name for name in state if "mlp" in name)
    save_file(
        {name: tensor for name, tensor in state.items() if name != lost}, copy / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(ModelError, match="missing"):
        load(copy)


# --- memory -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 5 million weights: large enough for its question to be a small part, as of real ones."""
    directory = tmp_path_factory.mktemp("wide")
    make_llava(directory, vocab_size=8192, hidden_size=192, intermediate_size=512, num_hidden_layers=4)
    return directory


def peak_of_question(model: HfAnswering) -> int:
    """Return the most bytes that were allocated at once while a question was answered, from torch's own profiler."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        model.letter_logs(pictures()[0], QUESTION, LETTERS)
    changes = [
        (event.start_ns(), event.nbytes())
        for event in profile.profiler.kineto_results.events()
        if event.name() == "[memory]"
    ]
    return int(max(np.cumsum([size for _, size in sorted(changes)])))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_memory_is_foreseen_within_fifteen_percent(precision: Precision, wide: Path) -> None:
    foreseen = weights_bytes(parse_reference(f"llava:{wide}"), precision)
    model = load(wide, precision)
    tensors = [*model.model.parameters(), *model.model.buffers()]
    measured = sum(tensor.numel() * tensor.element_size() for tensor in tensors) + peak_of_question(model)
    assert foreseen == pytest.approx(measured, rel=0.15)


def test_the_memory_of_seven_billion_weights_is_known_from_headers_alone(tmp_path: Path) -> None:
    """A file of LLaVA 1.5's shapes whose tensors are not there: 14 GB in half precision, 28 GB in float32."""
    text = {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32}
    configuration = {
        "vision_config": {"image_size": 336, "patch_size": 14},
        "text_config": {**text, "vocab_size": 32064},
    }
    (tmp_path / "config.json").write_text(json.dumps(configuration))
    layer = [[4096, 4096]] * 4 + [[11008, 4096]] * 3
    shapes = [[32064, 4096]] * 2 + layer * 32 + [[1024, 4096]] * 75
    header = {
        f"w{place}": {"dtype": "F16", "shape": shape, "data_offsets": [0, 0]} for place, shape in enumerate(shapes)
    }
    written = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(written).to_bytes(8, "little") + written)
    files = {name: tmp_path / name for name in ("config.json", "model.safetensors")}
    assert sum(np.prod(shape) for _, shape in tensors_of(files["model.safetensors"])) == pytest.approx(7.06e9, rel=0.01)
    assert answering_bytes(files, "bf16") == pytest.approx(14.6e9, rel=0.02)
    assert answering_bytes(files, "fp32") == pytest.approx(29.2e9, rel=0.02)


def test_a_damaged_header_foresees_nothing(tmp_path: Path) -> None:
    for content in (b"", b"\xff" * 8, b"\x02\0\0\0\0\0\0\0{]", b"\x02\0\0\0\0\0\0\0[]"):
        (tmp_path / "model.safetensors").write_bytes(content)
        assert list(tensors_of(tmp_path / "model.safetensors")) == []


def test_a_model_that_is_not_here_has_no_size() -> None:
    ref = ModelRef("a", "llava:a/b", "llava", "", "/nowhere/at/all")
    memory = model_kind(ref).memory
    assert memory is not None
    assert memory(ref, "fp32") == 0
