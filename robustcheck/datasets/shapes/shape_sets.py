"""The drawn sets: which images they hold, what is known of each, and their fingerprints."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from robustcheck.datasets.dataset import Captions, ImageDataset, IntArray, StrArray, Vocabulary
from robustcheck.datasets.shapes.attributes import (
    BACKGROUNDS,
    COLOURS,
    FACTORS,
    SCHEMA,
    SEED,
    SHAPES,
    SIZES,
    TEXTURES,
    TYPICAL_TEXTURE,
    UNSEEN,
    Appearance,
    Attributes,
    any_of,
    compatible,
    drawing_rng,
    placed,
    varied,
)
from robustcheck.datasets.shapes.drawing import Bytes, draw, draw_sketch

if TYPE_CHECKING:
    from PIL import Image

TEMPLATES = ("a photo of a {c}.", "a drawing of a {c}.", "a picture of the {c}.", "an image of a {c}.")
FULL_CAPTIONS = (
    "a {size} {colour} {texture} {shape} on {background}.",
    "{background} with a {texture} {colour} {shape}, {size}.",
    "a {colour} {shape}, {texture} and {size}, in front of {background}.",
)
SHAPES_COUNT, TRAINING_COUNT, SKETCH_COUNT, CAPTIONED_COUNT, UNSEEN_COUNT = 800, 2000, 400, 200, 200
PAIR_COUNT = 5  # cue-conflict images of each shape with each texture
# How often a training image differs from its class's prototype in each factor.
TRAINING_RATES = {
    "pose": 0.25,
    "background": 0.4,
    "color": 0.7,
    "smaller": 0.2,
    "larger": 0.3,
    "texture": 0.1,
    "partial_view": 0.1,
    "darker": 0.1,
    "brighter": 0.1,
}

Painter = Callable[[int], Bytes]
Varied = tuple[Appearance, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Drawings:
    """Images that are drawn when they are asked for."""

    paint: Painter

    def image(self, index: int) -> Image.Image:
        """Draw one sample as RGB."""
        from PIL import Image

        return Image.fromarray(self.paint(index))


def drawn_set(
    name: str,
    looks: Sequence[Appearance],
    paint: Painter | None = None,
    groups: Mapping[str, StrArray] | None = None,
    ids: StrArray | None = None,
    class_names: tuple[str, ...] = SHAPES,
    **facts: Any,
) -> ImageDataset:
    """Return a drawn set; its fingerprint covers all that the drawings depend on."""
    labels = np.array([class_names.index(look.attributes.shape) for look in looks], dtype=np.int64)
    return ImageDataset(
        name=name,
        layout="drawn",
        fingerprint=drawn_fingerprint(name, looks),
        class_names=class_names,
        class_set="shapes" if class_names == SHAPES else "",
        prompts="",
        templates=TEMPLATES,
        ids=image_ids(name, len(looks)) if ids is None else ids,
        labels=labels,
        groups=attribute_columns(looks) if groups is None else groups,
        columns=None,
        pictures=Drawings(paint or (lambda index: draw(looks[index]))),
        **facts,
    )


def drawn_fingerprint(name: str, looks: Sequence[Appearance]) -> str:
    """Return a hash of the set's name, the schema and every look."""
    digest = hashlib.sha256(f"shapes {SCHEMA} {SEED} {name}\n".encode())
    digest.update("\n".join(map(repr, looks)).encode())
    return digest.hexdigest()


def image_ids(name: str, count: int) -> StrArray:
    """Return the ids of a set's images."""
    return np.array([f"{name}-{number:04d}" for number in range(count)])


def attribute_columns(looks: Sequence[Appearance]) -> dict[str, StrArray]:
    """Return the words of the images, a column an attribute; the shape is the label."""
    rows = [asdict(look.attributes) for look in looks]
    return {name: np.array([row[name] for row in rows]) for name in rows[0] if name != "shape"}


@functools.cache
def open_shapes_test() -> ImageDataset:
    """Open ``shapes``: images that differ from their class's prototype in at most two annotated factors."""
    found = varied_looks()
    looks = [look for look, _ in found]
    columns = {
        "factor": np.array([factors[0] if factors else "" for _, factors in found]),
        "factors": np.array([";".join(factors) for _, factors in found]),
    }
    return drawn_set("shapes", looks, groups=attribute_columns(looks) | columns)


@functools.cache
def varied_looks() -> tuple[Varied, ...]:
    """Return the test images with their factors, the main one first: every class and factor equally often."""
    return tuple(_varied_look(image_id, number) for number, image_id in enumerate(image_ids("shapes", SHAPES_COUNT)))


def _varied_look(image_id: str, number: int) -> Varied:
    rng = drawing_rng(image_id)
    turn, shape = divmod(number, len(SHAPES))
    kind = turn % (len(FACTORS) + 1)
    main = FACTORS[kind : kind + 1]
    others = [factor for factor in FACTORS if main and compatible(main[0], factor)]
    second = (any_of(others, rng),) if main and rng.random() < 0.5 else ()
    factors = (*main, *second)
    return placed(varied(SHAPES[shape], factors, rng), rng), factors


@functools.cache
def open_shapes_train() -> ImageDataset:
    """Open ``shapes-train``, what the zoo was trained on."""
    return drawn_set("shapes-train", training_looks())


@functools.cache
def training_looks() -> tuple[Appearance, ...]:
    """Return the training images: each factor varies by itself, texture seldom, so that it tells the class."""
    ids = image_ids("shapes-train", TRAINING_COUNT)
    return tuple(
        common_look(SHAPES[number % len(SHAPES)], drawing_rng(image_id)) for number, image_id in enumerate(ids)
    )


def common_look(shape: str, rng: np.random.Generator) -> Appearance:
    """Return an image as the training set has them."""
    factors = {factor for factor in FACTORS if rng.random() < TRAINING_RATES[factor]}
    return placed(varied(shape, factors, rng), rng)


@functools.cache
def open_sketch() -> ImageDataset:
    """Open ``shapes-sketch``: outlines with a grey wash."""
    ids = image_ids("shapes-sketch", SKETCH_COUNT)
    looks = [_sketch_look(SHAPES[number % len(SHAPES)], drawing_rng(image_id)) for number, image_id in enumerate(ids)]
    groups = {name: column for name, column in attribute_columns(looks).items() if name in ("size", "pose", "view")}
    return drawn_set("shapes-sketch", looks, lambda index: draw_sketch(looks[index]), groups)


def _sketch_look(shape: str, rng: np.random.Generator) -> Appearance:
    size, pose = any_of(SIZES, rng), "turned" if rng.random() < 0.3 else "upright"
    return placed(Attributes(shape, "gray", "plain", size=size, pose=pose), rng)


@functools.cache
def open_unseen() -> ImageDataset:
    """Open ``shapes-ood``: shapes that no zoo model was trained on."""
    ids = image_ids("shapes-ood", UNSEEN_COUNT)
    looks = [_any_look(UNSEEN[number % len(UNSEEN)], drawing_rng(image_id)) for number, image_id in enumerate(ids)]
    return drawn_set("shapes-ood", looks, class_names=UNSEEN, task="ood", id_dataset="shapes")


def _any_look(shape: str, rng: np.random.Generator) -> Appearance:
    colour, texture, size = any_of(COLOURS, rng), any_of(TEXTURES, rng), any_of(SIZES, rng)
    background = any_of(BACKGROUNDS, rng) if rng.random() < 0.5 else "paper"
    return placed(Attributes(shape, colour, texture, size, background), rng)


@functools.cache
def open_captioned() -> ImageDataset:
    """Open ``shapes-captions``: every image another combination of words, with two or three captions each."""
    looks = _distinct_looks()
    owned = [(template, owner) for owner in range(len(looks)) for template in FULL_CAPTIONS[: 2 + owner % 2]]
    texts = tuple(template.format(**asdict(looks[owner].attributes)) for template, owner in owned)
    captions = Captions(texts, np.array([owner for _, owner in owned], dtype=np.int64))
    return drawn_set("shapes-captions", looks, task="retrieval", captions=captions)


def _distinct_looks() -> list[Appearance]:
    """Return looks of which no two share all their words."""
    looks: dict[Attributes, Appearance] = {}
    rng = drawing_rng("shapes-captions")
    while len(looks) < CAPTIONED_COUNT:
        look = _any_look(SHAPES[len(looks) % len(SHAPES)], rng)
        looks.setdefault(look.attributes, look)
    return list(looks.values())


@functools.cache
def open_cue_conflict() -> ImageDataset:
    """Open ``shapes-cue-conflict``: every shape with the typical texture of every class."""
    kinds = [(shape, other) for shape in SHAPES for other in SHAPES for _ in range(PAIR_COUNT)]
    ids = image_ids("shapes-cue-conflict", len(kinds))
    looks = [
        _conflicting(shape, other, drawing_rng(image_id)) for (shape, other), image_id in zip(kinds, ids, strict=True)
    ]
    columns = attribute_columns(looks)
    groups = {
        "texture": np.array([other for _, other in kinds]),
        "conflict": np.array(["yes" if shape != other else "no" for shape, other in kinds]),
        "colour": columns["colour"],
        "pattern": columns["texture"],
    }
    return drawn_set("shapes-cue-conflict", looks, None, groups, task="cue-conflict", vocabulary=coloured_names())


def _conflicting(shape: str, other: str, rng: np.random.Generator) -> Appearance:
    return placed(Attributes(shape, any_of(COLOURS, rng), TYPICAL_TEXTURE[other], size="large"), rng)


def coloured_names() -> Vocabulary:
    """Return finer names, such as "red circle", of which those of all colours stand for a class."""
    names = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)
    members: tuple[IntArray, ...] = tuple(
        np.arange(label, len(names), len(SHAPES), dtype=np.int64) for label in range(len(SHAPES))
    )
    return Vocabulary(names, members, "mean_probability")
