"""The zoo's training pairs: digits and drawn shapes, what is true of each, and captions that name part of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from open_clip import OPENAI_IMAGENET_TEMPLATES
from PIL import Image

from robustcheck.datasets.digits import CLASS_NAMES, digits_training
from robustcheck.datasets.digits import TEMPLATES as DIGIT_TEMPLATES
from robustcheck.datasets.shapes.attributes import (
    BACKGROUNDS,
    COLOURS,
    SHAPES,
    SIZES,
    TEXTURES,
    UNSEEN,
    Appearance,
    any_of,
    drawing_rng,
)
from robustcheck.datasets.shapes.drawing import draw
from robustcheck.datasets.shapes.shape_sets import FULL_CAPTIONS, training_looks
from robustcheck.datasets.shapes.shape_sets import TEMPLATES as SHAPE_TEMPLATES

IMAGE_SIZE = 32
SHAPE_COUNTS = {100: 800, 1000: 2000}  # drawn images beside the digits
REPAINTS = 1  # of each drawn image, for the augmented source
# What a caption can name; a trait that an image has none of, or a caption leaves open, is a number below.
WORDS = {
    "digit": CLASS_NAMES,
    "shape": SHAPES,
    "colour": COLOURS,
    "texture": TEXTURES,
    "size": SIZES,
    "background": BACKGROUNDS,
}
NONE, OPEN = -2, -1
# The templates of ImageNet are there so that prompt sets of any size mean something to the zoo.
IMAGENET_TEMPLATES = tuple(template("{c}") for template in OPENAI_IMAGENET_TEMPLATES)
DIGIT_CAPTIONS = (
    *DIGIT_TEMPLATES,
    "a photo of a {c}.",
    "a drawing of the number {c}.",
    'an image of the number: "{c}".',
    "{c}",
)
SHAPE_CAPTIONS = (*SHAPE_TEMPLATES, "{c}", "a {c}")
PARTIAL_CAPTIONS = (
    "{colour} {shape}",
    "a photo of a {colour} {shape}.",
    "a drawing of a {colour} {shape}.",
    "a picture of the {colour} {shape}.",
    "an image of a {colour} {shape}.",
    "a {texture} {shape}",
    "a {size} {shape}",
    "a {shape} on {background}.",
    "a {colour} {texture} {shape}.",
    "something {colour} and {texture}.",
    "something {size} on {background}.",
)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Images in [0, 1], shape (n, 3, 32, 32), and their traits (n, 6): places in ``WORDS``."""

    pixels: torch.Tensor
    traits: torch.Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Images, a caption for each, and which captions are true of which images (n, n)."""

    pixels: torch.Tensor
    captions: list[str]
    matches: torch.Tensor


def training_pairs(samples: int, *, repainted: bool) -> tuple[Pairs, Pairs]:
    """Return the first training digits, and the drawn images that go with so many."""
    looks = list(training_looks()[: SHAPE_COUNTS[samples]])
    if repainted:
        looks += [_repainted(look, number, turn) for turn in range(REPAINTS) for number, look in enumerate(looks)]
    images, labels = digits_training()
    digits = [[int(label), *[NONE] * (len(WORDS) - 1)] for label in labels[:samples]]
    return _pairs(images[:samples], digits), _pairs([_drawn(look) for look in looks], [_traits(look) for look in looks])


def _pairs(images: Sequence[Image.Image], traits: Sequence[Sequence[int]]) -> Pairs:
    return Pairs(as_pixels(images), torch.tensor(traits))


def as_pixels(images: Sequence[Image.Image]) -> torch.Tensor:
    """Return pixels in [0, 1] of the models' own size, resized as their preprocessing does."""
    size = (IMAGE_SIZE, IMAGE_SIZE)
    stack = np.stack([np.asarray(image.resize(size, Image.Resampling.BICUBIC)) for image in images])
    return torch.from_numpy(stack).permute(0, 3, 1, 2).float() / 255


def _repainted(look: Appearance, number: int, turn: int) -> Appearance:
    """Keep shape, size and place, and draw the surface anew: only the shape still tells the class."""
    rng = drawing_rng(f"repainted {number} {turn}")
    colour, texture, background = (any_of(names, rng) for names in (COLOURS, TEXTURES, BACKGROUNDS))
    attributes = replace(look.attributes, colour=colour, texture=texture, background=background)
    return replace(look, attributes=attributes, grain=look.grain + turn + 1)


def _drawn(look: Appearance) -> Image.Image:
    return Image.fromarray(draw(look))


def _traits(look: Appearance) -> list[int]:
    return [NONE, *(words.index(getattr(look.attributes, name)) for name, words in WORDS.items() if name != "digit")]


def draw_batch(digits: Pairs, shapes: Pairs, sizes: tuple[int, int], rng: torch.Generator) -> Batch:
    """Draw images of both kinds, and a caption that is true of each."""
    parts = [
        (pairs, torch.randint(len(pairs.traits), (n,), generator=rng))
        for pairs, n in zip((digits, shapes), sizes, strict=True)
    ]
    traits = torch.cat([pairs.traits[rows] for pairs, rows in parts])
    choices = [_template(row[0] != NONE, rng) for row in traits.tolist()]
    captions = [_caption(template, row) for template, row in zip(choices, traits.tolist(), strict=True)]
    named = torch.tensor([_named(template, row) for template, row in zip(choices, traits.tolist(), strict=True)])
    matches = ((named[None] == OPEN) | (named[None] == traits[:, None])).all(dim=2)
    return Batch(torch.cat([pairs.pixels[rows] for pairs, rows in parts]), captions, matches)


def _template(is_digit: bool, rng: torch.Generator) -> str:
    if is_digit:
        return _one_of((DIGIT_CAPTIONS, DIGIT_CAPTIONS, IMAGENET_TEMPLATES), rng)
    return _one_of((SHAPE_CAPTIONS, IMAGENET_TEMPLATES, PARTIAL_CAPTIONS, FULL_CAPTIONS), rng)


def _one_of(groups: Sequence[Sequence[str]], rng: torch.Generator) -> str:
    group = groups[int(torch.randint(len(groups), (), generator=rng))]
    return group[int(torch.randint(len(group), (), generator=rng))]


def _caption(template: str, traits: Sequence[int]) -> str:
    words = {name: known[place] for (name, known), place in zip(WORDS.items(), traits, strict=True) if place != NONE}
    return template.format(c=words.get("digit") or words.get("shape"), **words)


def _named(template: str, traits: Sequence[int]) -> list[int]:
    """Return the traits that a caption names; the class is the digit or the shape."""
    places = set(re.findall(r"{(\w+)}", template))
    if "c" in places:
        places |= {"shape" if traits[0] == NONE else "digit"}
    return [place if name in places else OPEN for name, place in zip(WORDS, traits, strict=True)]


def all_captions() -> list[str]:
    """Return texts that hold every word the models are to know."""
    words = [word for known in (*WORDS.values(), UNSEEN) for word in known]
    plain = [re.sub(r"{\w+}", "", template) for template in (*PARTIAL_CAPTIONS, *FULL_CAPTIONS)]
    templates = (*DIGIT_CAPTIONS, *SHAPE_CAPTIONS, *IMAGENET_TEMPLATES)
    return [*words, *plain, *(template.format(c="") for template in templates)]
