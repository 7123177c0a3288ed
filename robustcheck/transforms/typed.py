"""The styles of typographic attacks and the class that each one types (PROTOCOLS section 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from robustcheck.errors import DataError, SetupError, did_you_mean
from robustcheck.transforms.transform import Scene, image_rng


@dataclass(frozen=True, slots=True)
class Style:
    """How text is written: copies, font sizes (of a 224-pixel side), stroke, lines and colours.

    ``one_word`` types only classes whose name is one word; ``coloured`` draws fill and stroke.
    """

    copies: int
    sizes: tuple[int, int]
    stroke: bool
    lines: int
    one_word: bool
    coloured: bool


STYLES: Mapping[str, Style] = {
    "one-word": Style(1, (32, 32), stroke=True, lines=1, one_word=False, coloured=False),
    "imagenet-t": Style(8, (14, 14), stroke=False, lines=1, one_word=True, coloured=False),
    "paint": Style(1, (20, 40), stroke=True, lines=2, one_word=False, coloured=True),
}

# What stands in the boxes: the attack, and its three controls.
CONTENTS: Mapping[str, str] = {
    "typographic": "the name of another class",
    "typographic_right": "the right name",
    "typographic_neutral": "a word that is not a class name",
    "typographic_blank": "blank boxes",
}

# fmt: off
_NEUTRAL = (
    "about", "again", "almost", "also", "always", "because", "before", "besides", "between", "during", "either",
    "enough", "ever", "however", "indeed", "maybe", "meanwhile", "moreover", "neither", "never", "often", "otherwise",
    "perhaps", "quite", "rather", "seldom", "sometimes", "somehow", "soon", "still", "therefore", "though",
    "together", "towards", "until", "usually", "whenever", "whether", "while", "yesterday",
)
# fmt: on


def typed_label(seed: int, image_id: str, label: int, class_names: tuple[str, ...], style: str) -> int:
    """Return the class that ``typographic:STYLE`` types on an image, without drawing it."""
    return draw_typed(image_rng(seed, image_id), Scene(image_id, label, class_names), style_named(style))


def draw_typed(rng: np.random.Generator, scene: Scene, style: Style) -> int:
    """Draw a wrong class uniformly; it must be the first use of an image's random numbers."""
    wrong = _wrong_classes(scene.class_names, scene.label, style.one_word)
    if not wrong:
        raise DataError(
            f"no class can be typed on this image in place of class {scene.label}",
            where=scene.image_id,
            expected="another class whose name is one word" if style.one_word else "another class",
            fix="use the style one-word or paint" if style.one_word else "use a data set of two classes or more",
        )
    return wrong[int(rng.integers(len(wrong)))]


def draw_neutral(rng: np.random.Generator, scene: Scene) -> str:
    """Draw a word that is in no class name."""
    words = _neutral_words(scene.class_names)
    if not words:
        raise DataError("every neutral word is in some class name", where=scene.image_id)
    return words[int(rng.integers(len(words)))]


def style_named(name: str) -> Style:
    """Return a style, or raise SetupError naming the nearest known one."""
    if name not in STYLES:
        raise SetupError(
            f"unknown typographic style {name!r}", expected=", ".join(STYLES), fix=did_you_mean(name, STYLES)
        )
    return STYLES[name]


@lru_cache(maxsize=4096)
def _wrong_classes(class_names: tuple[str, ...], label: int, one_word: bool) -> tuple[int, ...]:
    # Two ImageNet classes may share a name: to type it would be to write the right one.
    right = class_names[label] if 0 <= label < len(class_names) else None
    return tuple(
        index
        for index, name in enumerate(class_names)
        if name != right and name.strip() and not (one_word and ("," in name or len(name.split()) > 1))
    )


@lru_cache(maxsize=64)
def _neutral_words(class_names: tuple[str, ...]) -> tuple[str, ...]:
    used = {word.strip(",.").casefold() for name in class_names for word in name.split()}
    return tuple(word for word in _NEUTRAL if word not in used)
