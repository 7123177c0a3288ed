"""Typographic attacks (PROTOCOLS section 11): the renderer, its controls and the metrics."""

from __future__ import annotations

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageDraw, __version__, features

from robustcheck.errors import DataError, SetupError
from robustcheck.protocols.typographic.outcomes import accuracy_drop, attack_success
from robustcheck.transforms import Placement, Scene, image_rng, parse_transform, placements, typed_label
from robustcheck.transforms.lettering import ink_box, write
from robustcheck.transforms.placement import LEGIBLE
from robustcheck.transforms.typed import CONTENTS, STYLES, draw_neutral

NAMES = ("tench", "great white shark", "goldfish", "pick-up truck, pickup", "ostrich", "hen")
SHAPES = ("circle", "square", "triangle", "pentagon", "star")
IDS = [f"val-{i}" for i in range(30)]
CASES = [(style, size) for style in STYLES for size in ((224, 224), (500, 333), (64, 64))]


def plan(name: str, style: str, size: tuple[int, int] = (224, 224), image_id: str = "a", names=NAMES, label: int = 1):
    return placements(name, style, size, image_rng(3, image_id), Scene(image_id, label, names))


def apply(text: str, image: Image.Image, image_id: str = "a", label: int = 1) -> np.ndarray:
    transform = parse_transform(text)
    assert transform is not None
    return np.asarray(transform.apply(image, image_rng(3, image_id), Scene(image_id, label, NAMES)))


def overlap(one: Placement, other: Placement) -> bool:
    left, top, right, bottom = one.box
    return left < other.box[2] and other.box[0] < right and top < other.box[3] and other.box[1] < bottom


# --- the renderer ------------------------------------------------------------------------------


def test_protocols_11_pixels_of_the_pinned_font() -> None:
    if (__version__, features.version("freetype2")) != ("13.0.0", "2.14.3"):
        pytest.skip("the vector is of Pillow 13.0.0 with FreeType 2.14.3")
    image = Image.new("RGB", (224, 224), (120, 90, 60))
    assert ink_box("iPod", 32, 1) == (-1, 6, 66, 33)
    write(ImageDraw.Draw(image), "iPod", (0, 0, 224, 224), 32, (255, 255, 255), (0, 0, 0), 1)
    assert hashlib.sha256(image.tobytes()).hexdigest().startswith("a0fa05a2")


@pytest.mark.parametrize(("style", "size"), CASES)
def test_boxes_lie_inside_the_image_and_apart(style: str, size: tuple[int, int]) -> None:
    for image_id in IDS:
        copies = plan("typographic", style, size, image_id, SHAPES)
        assert all(0 <= c.box[0] < c.box[2] <= size[0] and 0 <= c.box[1] < c.box[3] <= size[1] for c in copies)
        assert not any(overlap(a, b) for i, a in enumerate(copies) for b in copies[:i])
        assert min(copy.size for copy in copies) >= LEGIBLE


@pytest.mark.parametrize(("style", "count"), [("one-word", 1), ("imagenet-t", 8), ("paint", 1)])
def test_protocols_11_copies(style: str, count: int) -> None:
    assert {len(plan("typographic", style, image_id=image_id)) for image_id in IDS} == {count}


def test_small_images_have_fewer_copies_rather_than_illegible_ones() -> None:
    counts = {len(plan("typographic", "imagenet-t", (64, 64), image_id, ("pentagon", "star"))) for image_id in IDS}
    assert max(counts) == 8 or counts <= set(range(2, 9))
    assert {c.size for i in IDS for c in plan("typographic", "imagenet-t", (64, 64), i, SHAPES)} == {LEGIBLE}


def test_a_text_too_long_for_the_image_shrinks_and_then_is_cut_off() -> None:
    (shrunk,) = plan("typographic", "one-word", (64, 64), names=("an absurdly long name", "b"), label=1)
    assert 4 <= shrunk.size < LEGIBLE
    assert shrunk.box[2] <= 64
    (cut,) = plan("typographic", "one-word", (20, 20), names=("an absurdly long name", "b"), label=1)
    assert cut.box[:2] == (0, 0)
    assert cut.size == 4


def test_sizes_follow_the_short_side() -> None:
    (small,), (large,) = (plan("typographic", "one-word", (n, n), names=("hen", "b")) for n in (224, 448))
    assert (small.size, large.size) == (32, 64)


def test_protocols_11_paint_draws_size_colours_and_two_lines() -> None:
    copies = [plan("typographic", "paint", (900, 900), f"i{i}", ("sea green", "b"))[0] for i in range(300)]
    assert {round(copy.size * 224 / 900) for copy in copies} == set(range(20, 41))
    assert all(copy.fill != copy.stroke for copy in copies)
    assert len({copy.fill for copy in copies}) == len({copy.stroke for copy in copies}) == 8
    assert {copy.text for copy in copies} == {"sea\ngreen"}


def test_text_is_drawn_in_its_boxes_only() -> None:
    grey = Image.new("RGB", (224, 224), (90, 90, 90))
    for style in STYLES:
        for name in CONTENTS:
            changed = (apply(f"{name}:{style}", grey) != 90).any(axis=2)
            copies = plan(name, style)
            for left, top, right, bottom in (copy.box for copy in copies):
                assert changed[top:bottom, left:right].any()
                changed[top:bottom, left:right] = False
            assert not changed.any()


# --- the controls ------------------------------------------------------------------------------


@pytest.mark.parametrize(("style", "size"), CASES)
def test_protocols_11_controls_share_the_boxes(style: str, size: tuple[int, int]) -> None:
    for image_id in IDS[:10]:
        attack, *controls = (plan(name, style, size, image_id) for name in CONTENTS)
        for control in controls:
            assert [copy.box for copy in control] == [copy.box for copy in attack]
            assert [copy.fill for copy in control] == [copy.fill for copy in attack]
            assert {copy.typed for copy in control} == {attack[0].typed}
            assert all(new.size <= old.size for new, old in zip(control, attack, strict=True))


def test_what_the_controls_write() -> None:
    assert {copy.text for copy in plan("typographic_right", "imagenet-t")} == {"great white shark"}
    assert {copy.text for copy in plan("typographic_right", "paint")} == {"great white\nshark"}
    assert {copy.text for copy in plan("typographic_blank", "imagenet-t")} == {""}
    words = {plan("typographic_neutral", "one-word", image_id=image_id)[0].text for image_id in IDS}
    assert len(words) > 10
    assert not words & set(NAMES)


def test_blank_boxes_are_full() -> None:
    result = apply("typographic_blank:one-word", Image.new("RGB", (224, 224), (90, 90, 90)))
    left, top, right, bottom = plan("typographic_blank", "one-word")[0].box
    assert (result[top:bottom, left:right] == 255).all()
    assert (result == 255).all(axis=2).sum() == (right - left) * (bottom - top)


def test_neutral_words_are_in_no_class_name() -> None:
    scene = Scene("a", 0, ("about face", "Quite", "hen"))
    drawn = {draw_neutral(image_rng(0, str(i)), scene) for i in range(500)}
    assert {"about", "quite"}.isdisjoint(drawn)
    assert len(drawn) > 30


def test_the_right_name_needs_a_label() -> None:
    with pytest.raises(DataError, match="no label"):
        plan("typographic_right", "one-word", label=-1)


# --- the typed class ---------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("label", range(len(NAMES)))
def test_typed_label_is_what_is_written(style: str, label: int) -> None:
    for image_id in IDS:
        typed = typed_label(3, image_id, label, NAMES, style)
        copies = plan("typographic", style, image_id=image_id, label=label)
        assert typed != label
        assert {copy.typed for copy in copies} == {typed}
        assert {copy.text.replace("\n", " ") for copy in copies} == {NAMES[typed]}


def test_protocols_11_imagenet_t_types_one_word_names_uniformly() -> None:
    counts = Counter(typed_label(0, str(i), 0, NAMES, "imagenet-t") for i in range(3000))
    assert set(counts) == {2, 4, 5}
    assert max(abs(count - 1000) for count in counts.values()) < 120
    assert set(Counter(typed_label(0, str(i), 0, NAMES, "paint") for i in range(500))) == {1, 2, 3, 4, 5}


def test_a_class_of_the_same_name_is_not_wrong() -> None:
    assert {typed_label(0, str(i), 0, ("maillot", "maillot", "hen"), "one-word") for i in range(50)} == {2}


def test_order_and_workers_do_not_matter() -> None:
    image = Image.new("RGB", (96, 80), (20, 120, 90))
    serial = [apply("typographic:imagenet-t", image, image_id).tobytes() for image_id in IDS]
    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(lambda i: apply("typographic:imagenet-t", image, i).tobytes(), reversed(IDS)))
    assert serial == parallel[::-1]


@pytest.mark.parametrize(
    ("names", "style", "message"),
    [
        (("only",), "one-word", "(?s)no class can be typed.*two classes"),
        (("great shark", "sea green"), "imagenet-t", "(?s)one word.*paint"),
    ],
)
def test_nothing_to_type_is_an_error(names: tuple[str, ...], style: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        typed_label(0, "a", 0, names, style)


def test_unknown_styles_are_errors() -> None:
    with pytest.raises(SetupError, match="did you mean 'paint'"):
        typed_label(0, "a", 0, NAMES, "pant")


# --- the metrics -------------------------------------------------------------------------------


def test_protocols_11_attack_success_and_drop_on_the_same_images() -> None:
    labels, typed = np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0])
    clean, attacked = np.array([0, 1, 2, 2]), np.array([1, 1, 0, 3])
    assert attack_success(attacked, typed).tolist() == [1, 0, 0, 0]
    hits = [(answers == labels).astype(np.float64) for answers in (clean, attacked)]
    assert accuracy_drop(*hits).tolist() == [1, 0, 1, -1]
    assert accuracy_drop(*hits).mean() == (clean == labels).mean() - (attacked == labels).mean()


@pytest.mark.parametrize("arrays", [([], []), ([1, 2], [1]), ([[1]], [[1]])])
def test_metrics_need_the_same_images(arrays: tuple[list[int], list[int]]) -> None:
    one, other = (np.array(array, dtype=np.int64) for array in arrays)
    with pytest.raises(DataError, match="same images"):
        attack_success(one, other)
    with pytest.raises(DataError, match="same images"):
        accuracy_drop(one.astype(np.float64), other[:0].astype(np.float64))
