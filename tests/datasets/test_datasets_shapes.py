from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from robustcheck.datasets import expand, known_datasets, open_dataset
from robustcheck.datasets.shapes import DRAWN_SETS, open_shapes, shapes_view_pairs
from robustcheck.datasets.shapes.attributes import (
    BACKGROUNDS,
    COLOURS,
    FACTORS,
    LIGHTINGS,
    SHAPES,
    SIDE,
    SIZES,
    TEXTURES,
    TYPICAL_COLOUR,
    TYPICAL_TEXTURE,
    UNSEEN,
    Appearance,
    Attributes,
    compatible,
    drawing_rng,
    placed,
)
from robustcheck.datasets.shapes.drawing import draw, pixel_centres, signed_distance
from robustcheck.datasets.shapes.outlines import outline, polygon
from robustcheck.datasets.shapes.shape_sets import training_looks, varied_looks
from robustcheck.datasets.shapes.view_pairs import apply_homography
from robustcheck.datasets.video_sets import pm_sets
from robustcheck.errors import DataError

COUNTS = {
    "shapes": 800,
    "shapes-train": 2000,
    "shapes-sketch": 400,
    "shapes-captions": 200,
    "shapes-cue-conflict": 320,
    "shapes-ood": 200,
    "shapes-video": 840,
    "shapes-motion/gaussian_noise": 384,
    "shapes-motion/translate": 384,
    "shapes-motion/rotate": 384,
    "shapes-c/contrast/3": 160,
    "shapes-c-clean": 160,
    "shapes-overlap": 300,
}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_a_set_opens_and_is_sound(name: str, count: int) -> None:
    dataset = open_dataset(name, ())
    assert dataset.name == name
    assert len(dataset) == count == len(np.unique(dataset.ids))
    assert all(column.shape == (count,) for column in dataset.groups.values())
    assert 0 <= dataset.labels.min() <= dataset.labels.max() < len(dataset.class_names)
    assert dataset.class_names == (UNSEEN if name == "shapes-ood" else SHAPES)
    for index in (0, count // 2, count - 1):
        image = dataset.image(index)
        assert (image.mode, image.size) == ("RGB", (SIDE, SIDE))
        assert image.tobytes() == dataset.image(index).tobytes()


def test_every_set_has_a_fingerprint_of_its_own() -> None:
    assert len({open_shapes(name).fingerprint for name in COUNTS}) == len(COUNTS)


def test_drawings_are_the_same_in_another_process() -> None:
    code = (
        "import hashlib; from robustcheck.datasets.shapes import open_shapes; d = open_shapes('shapes');"
        "print(d.fingerprint, hashlib.sha256(b''.join(d.image(i).tobytes() for i in range(0, 800, 40))).hexdigest())"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stdout.split()[0] == open_shapes("shapes").fingerprint


def test_opening_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(look: Appearance) -> None:
        raise AssertionError("an image was drawn")

    monkeypatch.setattr("robustcheck.datasets.shapes.shape_sets.draw", refuse)
    assert len(open_shapes("shapes")) == 800


@pytest.mark.parametrize("name", ["shape", "shapes-c/fog/1", "shapes-c/contrast", "shapes-motion/zoom"])
def test_an_unknown_set_is_an_error(name: str) -> None:
    with pytest.raises(DataError, match="unknown drawn set"):
        open_shapes(name)


def test_the_catalogue_knows_every_set_and_subset() -> None:
    for name in ("shapes-c", "shapes-motion"):
        subsets, _ = expand(name, (("corruption", "all"), ("severity", "all")) if name == "shapes-c" else ())
        assert {known for known in DRAWN_SETS if known.startswith(f"{name}/")} == set(subsets)
    assert {known for known in DRAWN_SETS if "/" not in known} < set(known_datasets())
    for name, entry in known_datasets().items():
        if name.startswith("shapes") and not entry.subsets:
            opened = open_shapes(name)
            assert (entry.count, entry.classes) == (len(opened), len(opened.class_names))
            assert (entry.task, entry.id_dataset) == (opened.task, opened.id_dataset)
            assert set(entry.groups) <= set(opened.groups)


class TestFactors:
    def test_words_follow_the_factors_exactly(self) -> None:
        for look, factors in varied_looks():
            found = look.attributes
            assert (found.colour != TYPICAL_COLOUR[found.shape]) == ("color" in factors)
            assert (found.texture != TYPICAL_TEXTURE[found.shape]) == ("texture" in factors)
            assert (found.background != "paper") == ("background" in factors)
            assert found.pose == ("turned" if "pose" in factors else "upright")
            assert found.view == ("partial" if "partial_view" in factors else "whole")
            assert (found.size == "small", found.size == "large") == ("smaller" in factors, "larger" in factors)
            assert (found.lighting == "dark", found.lighting == "bright") == (
                "darker" in factors,
                "brighter" in factors,
            )

    def test_each_class_has_each_main_factor_equally_often(self) -> None:
        dataset = open_shapes("shapes")
        counts = Counter(zip(dataset.labels.tolist(), dataset.groups["factor"].tolist(), strict=True))
        assert set(counts.values()) == {10}
        assert {factor for _, factor in counts} == {*FACTORS, ""}

    def test_the_main_factor_is_the_first_of_all(self) -> None:
        dataset = open_shapes("shapes")
        for main, joined in zip(dataset.groups["factor"], dataset.groups["factors"], strict=True):
            assert joined.split(";")[0] == main
        assert {joined.count(";") for joined in dataset.groups["factors"].tolist()} == {0, 1}

    def test_opposite_factors_never_meet(self) -> None:
        assert not compatible("darker", "brighter")
        assert not compatible("pose", "pose")
        assert all(len(set(factors)) < 2 or compatible(*factors) for _, factors in varied_looks())

    def test_a_partial_view_is_cut_by_the_border_and_no_other(self) -> None:
        x, y = pixel_centres()
        for look in [look for look, _ in varied_looks()] + list(training_looks()[:300]):
            inside = signed_distance(look, x, y) < 0
            border = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
            assert border.any() == (look.attributes.view == "partial"), look

    def test_lighting_moves_the_brightness(self) -> None:
        look = placed(Attributes("star", "green", "dotted"), drawing_rng("light"))
        dark, normal, bright = (
            draw(replace(look, attributes=replace(look.attributes, lighting=name))).mean()
            for name in ("dark", "normal", "bright")
        )
        assert dark < 0.5 * normal < normal < bright


class TestDrawing:
    @pytest.mark.parametrize("shape", SHAPES + UNSEEN)
    def test_an_outline_lies_in_the_unit_disc_and_is_not_empty(self, shape: str) -> None:
        x, y = np.meshgrid(np.linspace(-1.5, 1.5, 301), np.linspace(-1.5, 1.5, 301))
        inside = outline(shape, x, y) < 0
        assert np.hypot(x, y)[inside].max() < 1.03
        assert 0.15 < inside.mean() * 9 < np.pi

    @pytest.mark.parametrize("shape", [*SHAPES, *UNSEEN])
    def test_a_distance_never_grows_faster_than_the_way(self, shape: str) -> None:
        x, y = np.meshgrid(np.linspace(-1.5, 1.5, 301), np.linspace(-1.5, 1.5, 301))
        steps = np.abs(np.diff(outline(shape, x, y), axis=1))
        assert steps.max() <= 0.01 + 1e-12

    def test_a_polygon_against_a_naive_distance(self) -> None:
        points = ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0))
        x, y = np.array([1.0, 3.0, 1.0, -3.0]), np.array([0.5, 0.5, -2.0, -4.0])
        np.testing.assert_allclose(polygon(points, x, y), [-0.5, 1.0, 2.0, 5.0], atol=1e-15)

    def test_every_word_changes_the_picture(self) -> None:
        look = placed(Attributes("circle", "red", "plain"), drawing_rng("words"))
        kinds = {"shape": SHAPES, "colour": COLOURS, "texture": TEXTURES, "background": BACKGROUNDS}
        for name, words in (kinds | {"lighting": LIGHTINGS}).items():
            drawn = {
                draw(replace(look, attributes=replace(look.attributes, **{name: word}))).tobytes() for word in words
            }
            assert len(drawn) == len(words), name

    def test_a_sketch_has_no_colour(self) -> None:
        pixels = np.asarray(open_shapes("shapes-sketch").image(3))
        assert (pixels == pixels[..., :1]).all()
        assert pixels.min() < 60 < 240 < pixels.max()


class TestOtherTasks:
    def test_captions_tell_every_image_apart(self) -> None:
        captions = open_shapes("shapes-captions").captions
        assert captions is not None
        assert len(set(captions.texts)) == len(captions.texts) == 500
        assert sorted(Counter(captions.owners.tolist()).values()) == [2] * 100 + [3] * 100

    def test_a_caption_says_what_the_columns_say(self) -> None:
        dataset = open_shapes("shapes-captions")
        captions = dataset.captions
        assert captions is not None
        for text, owner in zip(captions.texts, captions.owners, strict=True):
            for column in ("colour", "texture", "size", "background"):
                assert dataset.groups[column][owner] in text
            assert dataset.class_names[dataset.labels[owner]] in text

    def test_cue_conflict_pairs_every_shape_with_every_texture(self) -> None:
        dataset = open_shapes("shapes-cue-conflict")
        shapes = np.array(SHAPES)[dataset.labels]
        pairs = Counter(zip(shapes.tolist(), dataset.groups["texture"].tolist(), strict=True))
        assert set(pairs.values()) == {5}
        assert len(pairs) == 64
        np.testing.assert_array_equal(dataset.groups["conflict"] == "yes", shapes != dataset.groups["texture"])
        typical = [TYPICAL_TEXTURE[other] for other in dataset.groups["texture"].tolist()]
        assert dataset.groups["pattern"].tolist() == typical
        assert dataset.task == "cue-conflict"

    def test_the_vocabulary_names_every_class_in_every_colour(self) -> None:
        vocabulary = open_shapes("shapes-cue-conflict").vocabulary
        assert vocabulary is not None
        assert vocabulary.merge == "mean_probability"
        for shape, members in zip(SHAPES, vocabulary.members, strict=True):
            assert {vocabulary.names[place] for place in members} == {f"{colour} {shape}" for colour in COLOURS}

    def test_unseen_shapes_are_none_of_the_known(self) -> None:
        dataset = open_shapes("shapes-ood")
        assert (dataset.task, dataset.id_dataset) == ("ood", "shapes")
        assert not set(UNSEEN) & set(SHAPES)
        assert set(np.bincount(dataset.labels)) == {40}

    def test_a_video_has_its_anchor_in_the_middle(self) -> None:
        dataset = open_shapes("shapes-video")
        sets, near = pm_sets(dataset), pm_sets(dataset, 3)
        assert (len(sets.anchors), len(sets.frames), len(near.frames)) == (40, 800, 240)
        assert (sets.accepted.sum(axis=1) == 1).all()
        np.testing.assert_array_equal(sets.accepted.argmax(axis=1), dataset.labels[sets.anchors])
        np.testing.assert_array_equal(
            dataset.groups["video"][sets.frames], dataset.groups["video"][sets.anchors[sets.owners]]
        )

    def test_noise_frames_differ_from_a_clean_first_one(self) -> None:
        noisy, still = open_shapes("shapes-motion/gaussian_noise"), open_shapes("shapes-motion/rotate")
        assert noisy.image(16).tobytes() == still.image(16).tobytes()
        first, second, third = (np.asarray(noisy.image(16 + frame), dtype=float) for frame in range(3))
        for other in (second, third):
            assert 10 < (other - first).std() < 25
        assert (second != third).mean() > 0.8

    def test_all_perturbations_start_from_the_same_videos(self) -> None:
        subsets = [open_shapes(f"shapes-motion/{name}") for name in ("translate", "rotate", "gaussian_noise")]
        for subset in subsets:
            np.testing.assert_array_equal(subset.ids, subsets[0].ids)
            assert subset.image(32).tobytes() == subsets[0].image(32).tobytes()

    def test_corrupted_subsets_have_the_clean_images_ids(self) -> None:
        clean, subset, worse = (
            open_shapes(name) for name in ("shapes-c-clean", "shapes-c/contrast/1", "shapes-c/contrast/5")
        )
        np.testing.assert_array_equal(subset.ids, clean.ids)
        assert clean.base is not None
        assert clean.rows is not None
        assert clean.image(9).tobytes() == clean.base.image(int(clean.rows[9])).tobytes()
        spreads = [np.asarray(dataset.image(9), dtype=float).std() for dataset in (clean, subset, worse)]
        assert spreads[0] > spreads[1] > spreads[2]

    def test_duplicates_are_near_their_sources_and_others_are_not(self) -> None:
        overlap, training = open_shapes("shapes-overlap"), open_shapes("shapes-train")
        place = {name: row for row, name in enumerate(training.ids.tolist())}
        duplicate = overlap.groups["duplicate"] == "yes"
        assert duplicate.sum() == 90
        assert set(Counter(overlap.groups["edit"][duplicate].tolist())) == {"crop", "shift", "brightness", "blocks"}
        for row in np.flatnonzero(duplicate)[:20]:
            source = place[overlap.groups["source"][row]]
            assert overlap.labels[row] == training.labels[source]
            image, original = (np.asarray(found, dtype=float) for found in (overlap.image(row), training.image(source)))
            assert 0 < np.abs(image - original).mean() < 45
        assert set(overlap.groups["source"][~duplicate]) == {""}


class TestViewPairs:
    def test_a_homography_carries_one_view_into_the_other(self) -> None:
        pairs = shapes_view_pairs()
        assert len({pair.id for pair in pairs}) == len(pairs) == 72
        for pair in pairs[:24]:
            first, second = (np.asarray(image, dtype=float) for image in (pair.first, pair.second))
            x, y = np.meshgrid(np.arange(128) + 0.5, np.arange(128) + 0.5)
            u, v = apply_homography(pair.homography, x, y)
            seen = (u > 0) & (u < 128) & (v > 0) & (v < 128)
            there = second[v[seen].astype(int), u[seen].astype(int)]
            assert seen.mean() > 0.6
            assert np.median(np.abs(there - first[seen])) < 12
            assert np.corrcoef(there.ravel(), first[seen].ravel())[0, 1] > 0.75

    def test_the_first_view_is_not_turned_against_itself(self) -> None:
        pair = shapes_view_pairs()[1]
        turned = np.degrees(
            np.arctan2(pair.homography[1, 0] - pair.homography[0, 1], np.trace(pair.homography[:2, :2]))
        )
        assert abs(turned - pair.angle) < 6

    def test_view_pairs_repeat(self) -> None:
        first, again = (shapes_view_pairs()[5] for _ in range(2))
        assert first.second.tobytes() == again.second.tobytes()


def test_sizes_are_in_their_order() -> None:
    rng = drawing_rng("sizes")
    radii = [placed(Attributes("star", "red", "plain", size=size), rng).radius for size in SIZES]
    assert radii == sorted(radii)
