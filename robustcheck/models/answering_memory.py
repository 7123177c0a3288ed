"""The memory that a model which answers takes, from its configuration and the headers of its weights.

Weights are loaded in the precision of the run, whatever they were saved in: a model of 7 billion weights takes 28 GB in
float32 and 14 GB in bfloat16. Nothing is loaded to know that, and torch is not imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustcheck.files.json_files import read_settings

if TYPE_CHECKING:
    from robustcheck.models.encoders import Precision

_BYTES: Mapping[str, int] = {"fp32": 4, "fp16": 2, "bf16": 2}
_INTEGERS: Mapping[str, int] = {"I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1}
# A question and its four names, beside the image.
_QUESTION_TOKENS = 128
_HEADER_LENGTH, _LARGEST_HEADER = 8, 100 * 2**20


def answering_bytes(files: Mapping[str, Path], precision: Precision) -> int:
    """Return the bytes that weights and one question take; 0 where there are no weights.

    ``files`` are those of the model, by name.
    """
    weights = sum(_tensor_bytes(kind, shape, precision) for kind, shape in _tensors(files))
    return weights + question_bytes(read_settings(files["config.json"]), precision) if weights else 0


def count_weights(files: Mapping[str, Path]) -> int:
    """Return how many weights the files of a model hold."""
    return sum(prod(shape) for _, shape in _tensors(files))


def _tensors(files: Mapping[str, Path]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name, path in files.items():
        if name.endswith(".safetensors"):
            yield from tensors_of(path)


def tensors_of(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield type and shape of each tensor of a safetensors file from its header; none where it has no whole one."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_HEADER_LENGTH), "little")
        header = file.read(length) if length <= _LARGEST_HEADER else b""
    try:
        found = json.loads(header)
        yield from [(entry["dtype"], tuple(entry["shape"])) for name, entry in found.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, AttributeError):
        # Loading it says what is wrong with it.
        return


def question_bytes(configuration: Mapping[str, Any], precision: Precision) -> int:
    """Return the bytes that one question about one image takes beside the weights.

    The keys and values of all layers stay: 2 L d_kv T, for L layers, T tokens and d_kv the width of keys. Beside them
    one layer works: its queries and its two gated products, about (4 d + 3 f) T, for the widths d and f of the
    stream and of its inner layer. The last logits are in float32, one for each token of the vocabulary.
    """
    text = configuration.get("text_config") or configuration
    width, heads = _number(text, "hidden_size", 4096), _number(text, "num_attention_heads", 32)
    kept = _number(text, "num_key_value_heads", heads) * _number(text, "head_dim", width // heads)
    tokens = count_image_tokens(configuration) + _QUESTION_TOKENS
    cache = 2 * _number(text, "num_hidden_layers", 32) * kept * tokens
    work = (4 * width + 3 * _number(text, "intermediate_size", 4 * width)) * tokens
    return (cache + work) * _BYTES[precision] + 4 * _number(text, "vocab_size", 32_000)


def count_image_tokens(configuration: Mapping[str, Any]) -> int:
    """Return how many tokens the largest image becomes: (side / patch)^2 for each tile, and one tile for the whole.

    >>> count_image_tokens({"vision_config": {"image_size": 336, "patch_size": 14}})
    576
    >>> grids = [[336, 672], [672, 672]]
    >>> count_image_tokens({"vision_config": {"image_size": 336, "patch_size": 14}, "image_grid_pinpoints": grids})
    2880
    """
    vision = configuration.get("vision_config") or {}
    side = _number(vision, "image_size", 336)
    tile = (side // _number(vision, "patch_size", 14)) ** 2
    grids = configuration.get("image_grid_pinpoints") or []
    tiles = max((high * wide // side**2 for high, wide in grids), default=0)
    return tile * (1 + tiles)


def _tensor_bytes(kind: str, shape: tuple[int, ...], precision: Precision) -> int:
    return prod(shape) * _INTEGERS.get(kind, _BYTES[precision])


def _number(settings: Mapping[str, Any], name: str, otherwise: int) -> int:
    """Return a setting that is a number; some files leave out those that have the value of the model's class."""
    found = settings.get(name)
    return found if isinstance(found, int) and found > 0 else otherwise
