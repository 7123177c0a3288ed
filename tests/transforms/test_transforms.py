from __future__ import annotations

import ast
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import robustcheck.transforms
from robustcheck.errors import SetupError
from robustcheck.transforms import Scene, Transform, image_rng, known_transforms, parse_transform

TEXTS = [f"{name}:{variant}" for name, variants in known_transforms().items() for variant in variants]
NAMES = ("red", "green", "blue", "sea green")


def picture(size: tuple[int, int] = (48, 40), seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def parsed(text: str) -> Transform:
    transform = parse_transform(text)
    assert transform is not None
    return transform


def apply(text: str, image: Image.Image, image_id: str = "x", seed: int = 7) -> np.ndarray:
    scene = Scene(image_id, label=1, class_names=NAMES)
    return np.asarray(parsed(text).apply(image, image_rng(seed, image_id), scene), dtype=float)


def test_the_names_and_variants() -> None:
    known = known_transforms()
    severities, styles = ("1", "2", "3", "4", "5"), ("one-word", "imagenet-t", "paint")
    assert len([name for name, variants in known.items() if variants == severities]) == 19 + 1
    assert known["typographic"] == known["typographic_blank"] == styles
    assert known["near_duplicate"] == severities


def test_what_callers_get_cannot_change_the_table() -> None:
    dict(known_transforms()).clear()
    known_transforms().pop("fog")  # type: ignore[attr-defined]
    assert "fog" in known_transforms()


def test_parses_what_it_writes() -> None:
    for text in TEXTS:
        transform = parsed(text)
        assert str(transform) == text == f"{transform.name}:{transform.variant}"
        assert parse_transform(str(transform)) == transform
        assert "in memory" in transform.label
    assert parse_transform(None) is None
    assert parsed("frost:2").label == "frost, severity 2 (in memory, drawn texture)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gausian_noise:3", "did you mean 'gaussian_noise'"),
        ("gaussian_noise", "has no variant"),
        ("gaussian_noise:", "has no variant"),
        ("gaussian_noise:6", "(?s)the variant '6'.*expected: one of gaussian_noise:1, .*gaussian_noise:5"),
        ("gaussian_noise:03", "the variant '03'"),
        ("typographic:imagnet-t", "did you mean 'imagenet-t'"),
        ("typographic_blank", "(?s)has no variant.*typographic_blank:paint"),
        ("", "unknown transform ''"),
    ],
)
def test_wrong_texts_are_errors(text: str, message: str) -> None:
    with pytest.raises(SetupError, match=message):
        parse_transform(text)


@pytest.mark.parametrize("size", [(48, 40), (8, 11), (300, 33)], ids=str)
@pytest.mark.parametrize("text", TEXTS)
def test_keeps_size_and_mode_and_leaves_the_picture_alone(text: str, size: tuple[int, int]) -> None:
    image = picture(size)
    result = parsed(text).apply(image, image_rng(0, "x"), Scene("x", 1, NAMES))
    assert (result.size, result.mode) == (image.size, "RGB")
    assert image.tobytes() == picture(size).tobytes()


@pytest.mark.parametrize("text", TEXTS)
def test_only_what_reads_the_scene_depends_on_it(text: str) -> None:
    one, other = (
        parsed(text).apply(picture((96, 96)), image_rng(0, "x"), scene)
        for scene in (Scene("x", 0, ("red", "green")), Scene("x", 1, ("short", "rather long", "third")))
    )
    # Blank boxes have the size of the typed name.
    assert (one.tobytes() != other.tobytes()) is parsed(text).reads_scene


@pytest.mark.parametrize("text", TEXTS)
def test_randomness_depends_on_seed_and_id_only(text: str) -> None:
    images = {f"image-{i}": picture(seed=i) for i in range(3)}
    forward = {key: apply(text, images[key], key) for key in images}
    np.random.seed(1)
    backward = {key: apply(text, images[key], key) for key in reversed(images)}
    for key in images:
        np.testing.assert_array_equal(forward[key], backward[key])


@pytest.mark.parametrize(
    "text",
    ["gaussian_noise:2", "glass_blur:3", "snow:2", "fog:1", "spatter:1", "near_duplicate:3", "typographic:paint"],
)
def test_another_seed_or_id_gives_another_picture(text: str) -> None:
    image = picture((96, 80))
    assert (apply(text, image, seed=8) != apply(text, image)).any()
    assert (apply(text, image, "y") != apply(text, image)).any()


@pytest.mark.parametrize("text", TEXTS)
def test_the_global_generator_is_not_used(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object, **settings: object) -> None:
        raise AssertionError("the global random numbers were used")

    for name in ("normal", "uniform", "random", "randint", "choice", "poisson", "rand", "randn", "shuffle"):
        monkeypatch.setattr(np.random, name, refused)
    apply(text, picture())


@pytest.mark.parametrize(
    "path", sorted(Path(robustcheck.transforms.__file__).parent.glob("*.py")), ids=lambda p: p.stem
)
def test_no_module_makes_random_numbers_of_its_own(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "default_rng" not in used
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert "random" not in imported


def test_the_generator_is_the_documented_one() -> None:
    sequence = np.random.SeedSequence([7, zlib.crc32(b"digits-1000")])
    expected = np.random.Generator(np.random.PCG64(sequence)).normal(size=4)
    np.testing.assert_array_equal(image_rng(7, "digits-1000").normal(size=4), expected)


@pytest.mark.parametrize("strength", [1, 2, 3, 4])
def test_stronger_duplicates_differ_more(strength: int) -> None:
    grey = Image.new("RGB", (64, 64), (90, 140, 60))
    grey.paste((200, 30, 30), (20, 10, 50, 40))

    def change(level: int) -> float:
        made = [apply(f"near_duplicate:{level}", grey, f"i{i}") for i in range(10)]
        return float(np.mean([np.abs(one - np.asarray(grey)).mean() for one in made]))

    assert 0 < change(strength) < change(strength + 1)


def test_importing_needs_neither_pillow_nor_scipy_nor_torch() -> None:
    code = (
        "import sys; import robustcheck.transforms as t; t.parse_transform('contrast:1');"
        "print(sorted({'torch', 'PIL', 'scipy'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
