"""Tiny random models that answer, one of each family of LLaVA, saved as their authors would save them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SIDE, PATCH = 32, 8
_SENTENCE = "what is the main object in this image ? choose from following list : please answer question using choice ."
_NAMES = "cat dog red green blue circle square zero one two three four five six seven eight nine"
WORDS = f"{_SENTENCE} {_NAMES} user assistant A B C D".split()
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>", "<image>", "<video>")
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }} : {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }} {% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}assistant :{% endif %}"
)
_TEXT = {
    "vocab_size": 128, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 1024, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
_VISION = {
    "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": SIDE,
    "patch_size": PATCH,
}  # fmt: skip
_GRIDS = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE]]


def make_llava(directory: Path, **text: Any) -> None:
    """LLaVA 1.5: CLIP's image tower and Llama."""
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**_VISION, projection_dim=16),
        text_config=LlamaConfig(**{**_TEXT, **text}),
        image_token_index=SPECIAL.index("<image>"),
        image_seq_length=(SIDE // PATCH) ** 2,
        vision_feature_layer=-1,
    )
    _save(LlavaForConditionalGeneration(config), directory)
    sizes = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    LlavaProcessor(
        CLIPImageProcessor(**sizes),
        tokenizer(),
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    ).save_pretrained(directory)


def make_llava_next(directory: Path) -> None:
    """LLaVA-NeXT: tiles of the image beside the whole of it."""
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextImageProcessor,
        LlavaNextProcessor,
    )

    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**_VISION, projection_dim=16),
        text_config=LlamaConfig(**_TEXT),
        image_token_index=SPECIAL.index("<image>"),
        image_grid_pinpoints=_GRIDS,
        vision_feature_layer=-1,
    )
    _save(LlavaNextForConditionalGeneration(config), directory)
    sizes = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    LlavaNextProcessor(
        LlavaNextImageProcessor(**sizes, image_grid_pinpoints=_GRIDS),
        tokenizer(),
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    ).save_pretrained(directory)


def make_llava_onevision(directory: Path) -> None:
    """LLaVA-OneVision: SigLIP's image tower and Qwen2."""
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
        Qwen2Config,
        SiglipVisionConfig,
    )

    config = LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(**_VISION),
        text_config=Qwen2Config(**_TEXT),
        image_token_index=SPECIAL.index("<image>"),
        video_token_index=SPECIAL.index("<video>"),
        image_grid_pinpoints=_GRIDS,
        vision_feature_layer=-1,
    )
    _save(LlavaOnevisionForConditionalGeneration(config), directory)
    sizes = {"size": {"height": SIDE, "width": SIDE}}
    LlavaOnevisionProcessor(
        LlavaOnevisionImageProcessor(**sizes, image_grid_pinpoints=_GRIDS),
        tokenizer(),
        LlavaOnevisionVideoProcessor(**sizes),
        num_image_tokens=(SIDE // PATCH) ** 2,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
    ).save_pretrained(directory)


ANSWERING: Mapping[str, Callable[[Path], None]] = {
    "llava": make_llava,
    "llava_next": make_llava_next,
    "llava_onevision": make_llava_onevision,
}


def make_answering(name: str, directory: Path) -> Path:
    """Save a tiny random model that answers, always the same, and return its directory."""
    import torch

    directory.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    ANSWERING[name](directory)
    return directory


def tokenizer() -> Any:
    """Return a tokenizer of whole words and single letters, with the tokens of images."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokens = list(dict.fromkeys((*SPECIAL, *WORDS)))
    backend = Tokenizer(models.WordLevel({token: place for place, token in enumerate(tokens)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(behavior="isolated")]
    )
    backend.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        extra_special_tokens={"image_token": "<image>", "video_token": "<video>"},
    )


def _save(model: Any, directory: Path) -> None:
    import torch
    from transformers.utils import logging

    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.2)
    logging.disable_progress_bar()
    model.save_pretrained(directory)
    logging.enable_progress_bar()
