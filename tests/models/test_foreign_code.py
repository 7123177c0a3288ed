"""Code that came with weights is never run: a payload for every loader, which would leave a file."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hf_makers import byte_tokenizer, make_family
from llava_makers import make_answering

from robustcheck.errors import ModelError, RobustcheckError
from robustcheck.models.encoders import load_model
from robustcheck.models.model_sets import resolve_models

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")
timm = pytest.importorskip("timm")

CONFIG: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 600, "width": 16, "heads": 2, "layers": 1},
}
RAN = "was-executed"


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {RAN}",)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # A person at the keyboard, or `yes |`, who says yes to everything.
    monkeypatch.setattr("builtins.input", lambda *_: "y")


def write_code(directory: Path) -> None:
    """Write modules that leave a file when they are imported, under every name that is looked for."""
    directory.mkdir(parents=True, exist_ok=True)
    text = f"open({str(Path(RAN).absolute())!r}, 'w').close()\nclass Evil:\n    def __init__(self, *_, **__): pass\n"
    for name in ("evil.py", "__init__.py", "conftest.py", "modeling.py", "tokenizer.py", "hubconf.py", "setup.py"):
        (directory / name).write_text(text)


def edit(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**content, **changes}))


def make_openclip(directory: Path, **text: Any) -> Path:
    """Write a directory in open_clip's form, with a tokenizer and with code beside it."""
    from safetensors.torch import save_file

    write_code(directory)
    state = {name: tensor.contiguous() for name, tensor in open_clip.CLIP(**CONFIG).state_dict().items()}
    save_file(state, directory / "open_clip_model.safetensors")
    byte_tokenizer().save_pretrained(directory)
    config = {**CONFIG, "text_cfg": {**CONFIG["text_cfg"], "hf_tokenizer_name": "someone/something", **text}}
    edit(directory / "open_clip_config.json", model_cfg=config, preprocess_cfg={})
    return directory


def trusted_tokenizer(directory: Path) -> str:
    make_openclip(directory, tokenizer_kwargs={"trust_remote_code": True})
    edit(directory / "tokenizer_config.json", tokenizer_class="Evil", auto_map={"AutoTokenizer": ["evil.Evil", None]})
    return f"local-dir:{directory}"


def asked_tokenizer(directory: Path) -> str:
    make_openclip(directory)
    edit(directory / "tokenizer_config.json", tokenizer_class="Evil", auto_map={"AutoTokenizer": ["evil.Evil", None]})
    return f"local-dir:{directory}"


def tokenizer_of_a_configuration(directory: Path) -> str:
    make_openclip(directory)
    (directory / "tokenizer_config.json").unlink()
    (directory / "tokenizer.json").unlink()
    edit(
        directory / "config.json", model_type="evil", auto_map={"AutoConfig": "evil.Evil", "AutoTokenizer": "evil.Evil"}
    )
    return f"local-dir:{directory}"


def text_tower(directory: Path) -> str:
    make_openclip(directory, hf_model_name=str(directory), hf_pooler_type="mean_pooler")
    edit(directory / "config.json", model_type="evil", auto_map={"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"})
    return f"local-dir:{directory}"


def pickled_directory(directory: Path) -> str:
    make_openclip(directory)
    (directory / "open_clip_model.safetensors").unlink()
    torch.save({"state_dict": {"a": torch.zeros(1)}, "evil": Evil()}, directory / "open_clip_pytorch_model.bin")
    return f"local-dir:{directory}"


def scripted_checkpoint(directory: Path) -> str:
    directory.mkdir()
    (directory / "w.pt").write_bytes(pickle.dumps(Evil()))
    return f"openclip:ViT-B-32@{directory}/w.pt"


def pickled_array(directory: Path) -> str:
    directory.mkdir()
    np.savez(directory / "w.npz", params=np.array([Evil()], dtype=object))
    return f"openclip:ViT-B-32@{directory}/w.npz"


def timm_checkpoint(directory: Path) -> str:
    directory.mkdir()
    torch.save({"state_dict": {"a": torch.zeros(1)}, "args": Evil()}, directory / "w.pth")
    return f"timm:test_vit@{directory}/w.pth"


def timm_directory(directory: Path) -> str:
    write_code(directory)
    return f"timm:local-dir:{directory.name}"


def hf_nested_classes(directory: Path) -> str:
    make_family("vision-text-dual-encoder", directory)
    write_code(directory)
    content = json.loads((directory / "config.json").read_text())
    content["text_config"] |= {"model_type": "evil", "auto_map": {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}}
    (directory / "config.json").write_text(json.dumps(content))
    return f"hf:{directory}"


def hf_nested_trust(directory: Path) -> str:
    make_family("clip", directory)
    write_code(directory)
    content = json.loads((directory / "config.json").read_text())
    content["vision_config"] |= {"trust_remote_code": True}
    (directory / "config.json").write_text(json.dumps(content))
    return f"hf:{directory}"


def hf_kernel(directory: Path) -> str:
    make_family("clip", directory)
    edit(directory / "config.json", attn_implementation="someone/kernels")
    return f"hf:{directory}"


def hf_image_processor(directory: Path) -> str:
    make_family("clip", directory)
    write_code(directory)
    for name in ("processor_config.json", "preprocessor_config.json"):
        path = directory / name
        if path.exists():
            content = json.loads(path.read_text())
            own = content.get("image_processor", content)
            own |= {"image_processor_type": "Evil", "auto_map": {"AutoImageProcessor": "evil.Evil"}}
            path.write_text(json.dumps(content))
    return f"hf:{directory}"


def hf_pickled(directory: Path) -> str:
    make_family("clip", directory)
    (directory / "model.safetensors").unlink()
    torch.save({"a": Evil()}, directory / "pytorch_model.bin")
    return f"hf:{directory}"


def llava_nested_classes(directory: Path) -> str:
    make_answering("llava", directory)
    write_code(directory)
    content = json.loads((directory / "config.json").read_text())
    content["text_config"] |= {"model_type": "evil", "auto_map": {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}}
    (directory / "config.json").write_text(json.dumps(content))
    return f"llava:{directory}"


def llava_model_class(directory: Path) -> str:
    make_answering("llava", directory)
    write_code(directory)
    edit(
        directory / "config.json",
        model_type="evil",
        auto_map={"AutoConfig": "evil.Evil", "AutoModelForImageTextToText": "evil.Evil"},
    )
    return f"llava:{directory}"


def llava_processor(directory: Path) -> str:
    make_answering("llava", directory)
    write_code(directory)
    edit(directory / "processor_config.json", processor_class="Evil", auto_map={"AutoProcessor": "evil.Evil"})
    return f"llava:{directory}"


def llava_pickled(directory: Path) -> str:
    make_answering("llava", directory)
    (directory / "model.safetensors").unlink()
    torch.save({"a": Evil()}, directory / "pytorch_model.bin")
    return f"llava:{directory}"


PAYLOADS = (
    trusted_tokenizer,
    asked_tokenizer,
    tokenizer_of_a_configuration,
    text_tower,
    pickled_directory,
    scripted_checkpoint,
    pickled_array,
    timm_checkpoint,
    timm_directory,
    hf_nested_classes,
    hf_nested_trust,
    hf_kernel,
    hf_image_processor,
    hf_pickled,
    llava_nested_classes,
    llava_model_class,
    llava_processor,
    llava_pickled,
)


def load_all(reference: str) -> None:
    for model in resolve_models([reference]):
        load_model(model, "cpu")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", PAYLOADS, ids=lambda make: make.__name__)
def test_a_payload_is_refused_and_not_run(make: Callable[[Path], str], tmp_path: Path) -> None:
    reference = make(tmp_path / "weights")
    with pytest.raises(RobustcheckError):
        load_all(reference)
    assert not Path(RAN).exists()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("make", "scheme"), [(trusted_tokenizer, "hf-hub"), (hf_nested_trust, "hf")])
def test_a_repository_of_the_hub_is_no_better(
    make: Callable[[Path], str], scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    make(tmp_path / "weights")
    repository = tmp_path / "cache" / "models--someone--evil"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    shutil.copytree(tmp_path / "weights", repository / "snapshots" / "abc")
    (model,) = resolve_models([f"{scheme}:someone/evil"])
    with pytest.raises(ModelError, match=r"trust_remote_code asks to run code that comes with the weights"):
        load_model(model, "cpu")
    assert not Path(RAN).exists()


def test_a_chat_template_runs_in_a_box(tmp_path: Path) -> None:
    """Chat templates are programs of jinja2, which may format text and nothing else."""
    directory = make_answering("llava", tmp_path / "weights")
    code = f"cycler.__init__.__globals__.os.system('touch {Path(RAN).absolute()}')"
    (directory / "chat_template.jinja").write_text("{{ " + code + " }}")
    (ref,) = resolve_models([f"llava:{directory}"])
    model = load_model(ref, "cpu")
    with pytest.raises(ModelError, match="its chat template cannot be used"):
        model.answer(np.zeros((8, 8, 3), np.uint8), "what?", 2)  # type: ignore[attr-defined]
    assert not Path(RAN).exists()


def test_settings_without_code_load_beside_code(tmp_path: Path) -> None:
    directory = make_openclip(tmp_path / "weights", tokenizer_kwargs={"trust_remote_code": False})
    (model,) = resolve_models([f"local-dir:{directory}"])
    load_model(model, "cpu")
    assert not Path(RAN).exists()


def test_the_setting_and_its_file_are_named(tmp_path: Path) -> None:
    (model,) = resolve_models([trusted_tokenizer(tmp_path / "weights")])
    with pytest.raises(ModelError) as caught:
        load_model(model, "cpu")
    assert "open_clip_config.json: model_cfg.text_cfg.tokenizer_kwargs.trust_remote_code" in str(caught.value)
