"""The digest of a model's weights: the sha256 of their content, without importing torch.

A file is hashed once: its digest is kept beside its path, size, inode and times of change. A file
changed in the last seconds is not kept, because a second change might leave the same times.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from robustcheck.models.openclip_tables import pretrained_source
from robustcheck.models.prediction_files import prediction_files
from robustcheck.values import ModelRef

_SMALL = 16 * 2**20
_SETTLED_SECONDS = 5.0
_DIRECTORY_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*.bin", "*.pth", "*.npz", "*.npy")
_HUB_FILES = (
    "open_clip_config.json",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
_OPEN_CLIP_SAFE, _OPEN_CLIP_BIN = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"


def weights_digest(ref: ModelRef, cache: Path | None = None) -> str | None:
    """Return the sha256 of everything a reference's weights consist of, or None if not on this machine.

    ``cache`` is the directory that keeps the digests of large files.
    """
    if ref.kind == "fake":
        return hashlib.sha256(f"fake {ref.architecture} {ref.weights}".encode()).hexdigest()
    if ref.kind == "phash":
        return hashlib.sha256(f"perceptual hash {version('imagehash')}".encode()).hexdigest()
    files = weight_files(ref)
    return files_digest(files, cache or _default_cache()) if files else None


def weight_files(ref: ModelRef) -> dict[str, Path]:
    """Return the files, by name, that a reference's model is made of; empty when they are not local."""
    match ref.kind, ref.weights:
        case (("openclip-file" | "timm-file"), str(path)):
            return {"weights": Path(path)} if Path(path).is_file() else {}
        case (("local-dir" | "zoo"), str(path)):
            return _directory_files(Path(path))
        case "predictions", str(path):
            return prediction_files(Path(path))
        case "openclip", str(tag):
            return _tag_files(ref.architecture, tag)
        case "hf-hub", str(repository):
            weights = _hub_file(repository, _OPEN_CLIP_SAFE, _OPEN_CLIP_BIN)
            return {"weights": weights, **_hub_files(repository, _HUB_FILES)} if weights else {}
        case "timm", _:
            repository = f"timm/{ref.architecture}"
            weights = _hub_file(repository, "model.safetensors", "pytorch_model.bin")
            return {"weights": weights, **_hub_files(repository, ("config.json",))} if weights else {}
    return {}


def weights_bytes(ref: ModelRef) -> int:
    """Return the size of a reference's local files: what the model will take in memory in float32."""
    return sum(path.stat().st_size for path in weight_files(ref).values())


def files_digest(files: dict[str, Path], cache: Path) -> str:
    """Return one digest of several named files."""
    lines = [f"{name} {file_digest(path, cache)}" for name, path in sorted(files.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_digest(path: Path, cache: Path) -> str:
    """Return the sha256 of a file; of a large one, from the cache when it has not changed."""
    status = os.stat(path)
    if status.st_size < _SMALL:
        return _sha256(path)
    real = os.path.realpath(path)
    entry = cache / hashlib.sha256(real.encode()).hexdigest()
    stamp = [real, status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]
    kept = _read_entry(entry)
    if kept is not None and kept[:-1] == stamp:
        return str(kept[-1])
    digest = _sha256(path)
    if time.time() - max(status.st_mtime, status.st_ctime) > _SETTLED_SECONDS:
        _write_entry(entry, [*stamp, digest])
    return digest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_entry(entry: Path) -> list[object] | None:
    try:
        kept = json.loads(entry.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, list) and len(kept) == 6 else None


def _write_entry(entry: Path, values: list[object]) -> None:
    temporary = entry.with_name(f".{entry.name}.{os.getpid()}")
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(values), encoding="utf-8")
        os.replace(temporary, entry)
    except OSError:  # a cache that cannot be written only costs time
        temporary.unlink(missing_ok=True)


def _default_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "robustcheck" / "digests"


def _directory_files(directory: Path) -> dict[str, Path]:
    found = sorted({path for pattern in _DIRECTORY_FILES for path in directory.glob(pattern)})
    has_weights = any(path.suffix in (".safetensors", ".bin", ".pth") for path in found)
    return {path.name: path for path in found} if has_weights else {}


def _tag_files(architecture: str, tag: str) -> dict[str, Path]:
    source = pretrained_source(architecture, tag)
    if source is None:
        return {}
    weights = _hub_tag_file(source.hub) if source.hub else _downloaded(source.url)
    return {"weights": weights} if weights else {}


def _hub_tag_file(hub: str) -> Path | None:
    repository, _, filename = hub.rpartition("/")
    wanted = filename or _OPEN_CLIP_BIN
    stem, _, suffix = wanted.rpartition(".")
    if wanted == _OPEN_CLIP_BIN:
        return _hub_file(repository, _OPEN_CLIP_SAFE, f"{stem}.safetensors", wanted)
    return _hub_file(repository, *([f"{stem}.safetensors"] if suffix in ("bin", "pth") else []), wanted)


def _downloaded(url: str) -> Path | None:
    path = Path.home() / ".cache" / "clip" / url.rpartition("/")[2]
    return path if url and path.is_file() else None


def _hub_file(repository: str, *names: str) -> Path | None:
    found = _hub_files(repository, names)
    return next((found[name] for name in names if name in found), None)


def _hub_files(repository: str, names: Iterable[str]) -> dict[str, Path]:
    from huggingface_hub import try_to_load_from_cache

    places = {name: try_to_load_from_cache(repository, name) for name in names}
    return {name: Path(place) for name, place in places.items() if isinstance(place, str)}
