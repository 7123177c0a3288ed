"""The files of a model of transformers: where they lie, whether they are all there, and the parts made from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robustcheck.errors import ModelError, ModelUnavailable
from robustcheck.files.json_files import read_settings
from robustcheck.models.hf_kind import (
    CONFIGURATION,
    MODEL_TYPES,
    SETTINGS_FILES,
    SHARDS,
    SHARDS_INDEX,
    WHOLE_WEIGHTS,
    declared_class,
    model_files,
)
from robustcheck.models.model_errors import reason_of
from robustcheck.models.model_files import require_regular
from robustcheck.values import ModelRef

_PEFT = "adapter_config.json"


def hf_directory(ref: ModelRef) -> Path:
    """Return where the files of a model of a known type lie, fetched from the hub where they are not here yet."""
    directory = find_model_directory(ref, SETTINGS_FILES)
    model_type = read_settings(directory / CONFIGURATION).get("model_type")
    if model_type not in MODEL_TYPES:
        raise ModelError(
            f"a model of the type {model_type!r} is neither a dual encoder nor an image tower",
            where=ref.text,
            expected=", ".join(MODEL_TYPES),
        )
    return directory


def find_model_directory(ref: ModelRef, settings: Sequence[str]) -> Path:
    """Return where the files of a model lie, all its weights as safetensors; fetched where they are not here yet.

    ``settings`` are the files that decide outputs beside the weights.
    """
    directory = Path(ref.weights or "")
    if not directory.is_absolute():
        return _fetched(ref, str(ref.weights), settings)
    if not directory.is_dir():
        raise ModelUnavailable(f"{directory} is not there", where=ref.text, fix="check the path")
    return _whole(ref, directory)


def _fetched(ref: ModelRef, repository: str, settings: Sequence[str]) -> Path:
    from huggingface_hub import constants, snapshot_download

    wanted = [*settings, WHOLE_WEIGHTS, SHARDS_INDEX, SHARDS]
    try:
        place = snapshot_download(repository, allow_patterns=wanted, local_files_only=constants.HF_HUB_OFFLINE)
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            "its weights are not on this machine and cannot be fetched",
            where=ref.text,
            fix=f"where there is a network: hf download {repository}",
        ) from error
    return _whole(ref, Path(place))


def _whole(ref: ModelRef, directory: Path) -> Path:
    """Return a directory whose weights are there, all of them as safetensors, and nothing that would change them."""
    require_regular(directory.iterdir())
    if not model_files(directory):
        raise ModelError(
            "it has no weights as safetensors, or not all of their files",
            where=ref.text,
            expected=f"{WHOLE_WEIGHTS}, or {SHARDS_INDEX} and the files it names; pickled weights are never read",
            fix="save it again with model.save_pretrained(DIRECTORY)",
        )
    if (directory / _PEFT).is_file():
        raise ModelError(f"it has a {_PEFT}, which would change the model", where=ref.text, fix="merge the adapter")
    return directory


def load_part(ref: ModelRef, directory: Path, class_name: str) -> Any:
    """Return a part of a directory, such as its image processor, as transformers itself would choose it."""
    import transformers

    part = class_name.removeprefix("Auto")
    require_known_class(ref, directory, part)
    try:
        return getattr(transformers, class_name).from_pretrained(
            directory, trust_remote_code=False, local_files_only=True
        )
    except ImportError as error:
        raise ModelUnavailable(
            f"its {part} needs a package that is not installed ({reason_of(error)})",
            where=ref.text,
            fix="pip install 'robustcheck[siglip]' brings sentencepiece"
            if "entencePiece" in str(error)
            else "install it",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"its {part} cannot be loaded ({reason_of(error)})",
            where=ref.text,
            expected="the files that transformers' save_pretrained writes for model, tokenizer and image processor",
        ) from error


def require_known_class(ref: ModelRef, directory: Path, part: str) -> None:
    """Raise ModelError where the files name a class for a part that transformers does not have."""
    import transformers

    declared = declared_class(directory, part)
    if declared and not hasattr(transformers, declared.removesuffix("Fast")):
        raise ModelError(
            f"its {part} is of the class {declared}, which transformers does not have",
            where=ref.text,
            expected="a class of transformers: code beside the weights is never run",
        )


@contextmanager
def without_progress_bars() -> Iterator[None]:
    """Keep transformers' progress bars out of a run's output."""
    import transformers

    logging: Any = transformers.utils.logging
    was_enabled: bool = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_enabled:
            logging.enable_progress_bar()
