"""Tiny random dual encoders of transformers, saved as their authors would save them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

VOCABULARY = 600
WORDS = ("a", "photo", "of", "cat", "dog", "red", "green", "blue", "circle", "the", "at", "sea")
_TOWER = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4}
_TEXT = {**_TOWER, "vocab_size": VOCABULARY}
_VISION = {**_TOWER, "image_size": 32, "patch_size": 8}


def make_clip(directory: Path) -> None:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    text = {**_TEXT, "max_position_embeddings": 16, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    save(CLIPModel(CLIPConfig(text_config=text, vision_config=_VISION, projection_dim=24)), directory)
    images = CLIPImageProcessor(**_sizes())
    CLIPProcessor(image_processor=images, tokenizer=byte_tokenizer()).save_pretrained(directory)


def make_siglip(directory: Path) -> None:
    """SigLIP, and SigLIP 2 at a fixed resolution, which is of the same type with another tokenizer."""
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

    save(SiglipModel(SiglipConfig(text_config=_siglip_text(), vision_config=_VISION)), directory)
    SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(directory)
    word_tokenizer().save_pretrained(directory)


def make_siglip2(directory: Path) -> None:
    """SigLIP 2 at native aspect ratios, of at most 16 patches."""
    from transformers import Siglip2Config, Siglip2ImageProcessor, Siglip2Model, Siglip2Tokenizer

    vision = {**_TOWER, "patch_size": 8, "num_patches": 16}
    save(Siglip2Model(Siglip2Config(text_config=_siglip_text(), vision_config=vision)), directory)
    Siglip2ImageProcessor(patch_size=8, max_num_patches=16).save_pretrained(directory)
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *"abcdefghijklmnopqrstuvwxyz"]
    Siglip2Tokenizer(vocab={token: place for place, token in enumerate(tokens)}).save_pretrained(directory)


def make_align(directory: Path) -> None:
    from transformers import AlignConfig, AlignModel, EfficientNetImageProcessor

    vision = {
        "image_size": 32, "width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 16, "depth_divisor": 8,
        "kernel_sizes": [3, 3], "in_channels": [32, 8], "out_channels": [8, 16], "strides": [1, 2],
        "num_block_repeats": [1, 1], "expand_ratios": [1, 2],
    }  # fmt: skip
    model = AlignModel(
        AlignConfig(text_config=_TEXT, vision_config=vision, projection_dim=16, temperature_init_value=0.05)
    )
    save(model, directory)
    sizes = {"size": {"height": 36, "width": 36}, "crop_size": {"height": 32, "width": 32}, "do_center_crop": True}
    scale = {"rescale_factor": 1 / 127.5, "rescale_offset": True, "do_normalize": False, "include_top": False}
    EfficientNetImageProcessor(**sizes, **scale).save_pretrained(directory)
    bert_tokenizer().save_pretrained(directory)


def make_chinese_clip(directory: Path) -> None:
    from transformers import ChineseCLIPConfig, ChineseCLIPImageProcessor, ChineseCLIPModel

    model = ChineseCLIPModel(ChineseCLIPConfig(text_config=_TEXT, vision_config=_VISION, projection_dim=24))
    save(model, directory)
    sizes = {"size": {"height": 32, "width": 32}, "do_center_crop": False}
    ChineseCLIPImageProcessor(**sizes).save_pretrained(directory)
    bert_tokenizer().save_pretrained(directory)


def make_metaclip2(directory: Path) -> None:
    from transformers import CLIPImageProcessor, MetaClip2Config, MetaClip2Model

    text = {**_TEXT, "max_position_embeddings": 16, "eos_token_id": 3, "pad_token_id": 0}
    save(MetaClip2Model(MetaClip2Config(text_config=text, vision_config=_VISION, projection_dim=24)), directory)
    CLIPImageProcessor(**_sizes()).save_pretrained(directory)
    bert_tokenizer().save_pretrained(directory)


def make_altclip(directory: Path) -> None:
    from transformers import AltCLIPConfig, AltCLIPModel, CLIPImageProcessor

    text = {**_TEXT, "max_position_embeddings": 40, "project_dim": 32, "pad_token_id": 0}
    save(AltCLIPModel(AltCLIPConfig(text_config=text, vision_config=_VISION, projection_dim=24)), directory)
    CLIPImageProcessor(**_sizes()).save_pretrained(directory)
    bert_tokenizer().save_pretrained(directory)


def make_two_towers(directory: Path) -> None:
    from transformers import (
        BertConfig,
        CLIPImageProcessor,
        CLIPVisionConfig,
        VisionTextDualEncoderConfig,
        VisionTextDualEncoderModel,
    )

    towers = CLIPVisionConfig(**_VISION), BertConfig(**_TEXT)
    config = VisionTextDualEncoderConfig.from_vision_text_configs(*towers, projection_dim=24)
    save(VisionTextDualEncoderModel(config), directory)
    CLIPImageProcessor(**_sizes()).save_pretrained(directory)
    bert_tokenizer().save_pretrained(directory)


FAMILIES: Mapping[str, Callable[[Path], None]] = {
    "clip": make_clip,
    "siglip": make_siglip,
    "siglip2": make_siglip2,
    "align": make_align,
    "chinese_clip": make_chinese_clip,
    "metaclip_2": make_metaclip2,
    "altclip": make_altclip,
    "vision-text-dual-encoder": make_two_towers,
}


def make_image_tower(name: str, directory: Path) -> Path:
    """Save a tiny random image tower without a text tower, always the same, and return its directory."""
    import torch
    import transformers

    sizes = {"hidden_sizes": [16, 32], "depths": [1, 2]}
    towers: Mapping[str, tuple[str, str, dict[str, Any]]] = {
        "dinov2": ("Dinov2Config", "Dinov2Model", _VISION),
        "dinov2_with_registers": ("Dinov2WithRegistersConfig", "Dinov2WithRegistersModel", _VISION),
        "dinov3_vit": ("DINOv3ViTConfig", "DINOv3ViTModel", {**_VISION, "num_register_tokens": 2}),
        "vit": ("ViTConfig", "ViTModel", _VISION),
        "vit_msn": ("ViTMSNConfig", "ViTMSNModel", _VISION),
        "clip_vision_model": ("CLIPVisionConfig", "CLIPVisionModel", _VISION),
        "siglip_vision_model": ("SiglipVisionConfig", "SiglipVisionModel", _VISION),
        "convnext": ("ConvNextConfig", "ConvNextModel", {**sizes, "num_stages": 2}),
        "convnextv2": ("ConvNextV2Config", "ConvNextV2Model", {**sizes, "num_stages": 2}),
        "resnet": ("ResNetConfig", "ResNetModel", {**sizes, "embedding_size": 8, "layer_type": "basic"}),
    }
    config, model, settings = towers[name]
    directory.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    save(getattr(transformers, model)(getattr(transformers, config)(**settings)), directory)
    transformers.CLIPImageProcessor(**_sizes()).save_pretrained(directory)
    return directory


def make_family(name: str, directory: Path) -> Path:
    """Save a tiny random model of a family, always the same, and return its directory."""
    import torch

    directory.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    FAMILIES[name](directory)
    return directory


def save(model: Any, directory: Path) -> None:
    """Save a model with scale and bias that are not those of a fresh one, and towers large enough to differ."""
    import torch
    from transformers.utils import logging

    for name, weight in model.named_parameters():
        if name == "logit_scale":
            torch.nn.init.constant_(weight, 3.0)
        elif name == "logit_bias":
            torch.nn.init.constant_(weight, -7.0)
        elif weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.2)
    logging.disable_progress_bar()
    model.save_pretrained(directory)
    logging.enable_progress_bar()


def byte_tokenizer() -> Any:
    """Return CLIP's tokenizer over single bytes."""
    from transformers import CLIPTokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    bytes_ = list(bytes_to_unicode().values())
    tokens = ["<|startoftext|>", "<|endoftext|>", *bytes_, *(f"{byte}</w>" for byte in bytes_)]
    return CLIPTokenizer(vocab={token: place for place, token in enumerate(tokens)}, merges=[])


def bert_tokenizer() -> Any:
    """Return BERT's tokenizer over a few words."""
    from transformers import BertTokenizer

    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    return BertTokenizer(vocab={token: place for place, token in enumerate(tokens)})


def word_tokenizer() -> Any:
    """Return a tokenizer of whole words that minds the case, ends with </s> and pads with it, as SigLIP's do."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokens = ["<pad>", "</s>", "<unk>", *WORDS]
    backend = Tokenizer(models.WordLevel({token: place for place, token in enumerate(tokens)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
    )


def _siglip_text() -> dict[str, Any]:
    return {**_TEXT, "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}


def _sizes() -> dict[str, Any]:
    return {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
