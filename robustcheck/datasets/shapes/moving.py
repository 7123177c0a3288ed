"""Drawn sequences: videos with an anchor in the middle, and perturbations that grow from frame to frame."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from robustcheck.datasets.dataset import ImageDataset
from robustcheck.datasets.shapes.attributes import FACTORS, SHAPES, Appearance, any_of, drawing_rng, placed, varied
from robustcheck.datasets.shapes.drawing import Bytes, draw
from robustcheck.datasets.shapes.shape_sets import Painter, drawn_set

VIDEOS, REACH = 40, 10  # frames to either side of an anchor
MOTIONS, MOTION_FRAMES = 24, 16
PERTURBATIONS = ("gaussian_noise", "translate", "rotate")
NOISE = 0.08
TRANSLATION, ROTATION = 0.6, 0.05  # pixels and radians a frame


@functools.cache
def open_video() -> ImageDataset:
    """Open ``shapes-video``: objects that drift, turn and grow, judged at the anchor and around it."""
    offsets = range(-REACH, REACH + 1)
    names = [f"video-{number:02d}" for number in range(VIDEOS)]
    looks = [look for number, name in enumerate(names) for look in _moving(name, number)]
    anchor_of = np.repeat([f"shapes-video-{name}/{REACH:02d}" for name in names], len(offsets))
    is_anchor = np.tile(np.array(offsets) == 0, VIDEOS)
    groups = {
        "video": np.repeat(names, len(offsets)),
        "frame": np.tile([str(offset + REACH) for offset in offsets], VIDEOS),
        "role": np.where(is_anchor, "anchor", "frame"),
        "labels": np.array([str(SHAPES.index(look.attributes.shape)) for look in looks]),
        "anchors": np.where(is_anchor, "", anchor_of),
    }
    ids = np.array([f"shapes-video-{name}/{offset + REACH:02d}" for name in names for offset in offsets])
    return drawn_set("shapes-video", looks, None, groups, ids, task="video")


def _moving(name: str, number: int) -> list[Appearance]:
    rng = drawing_rng(f"shapes-video-{name}")
    shape = SHAPES[number % len(SHAPES)]
    start = placed(varied(shape, {any_of(FACTORS, rng), any_of(FACTORS, rng)}, rng), rng)
    spin, drift_x, drift_y, growth = (2 * rng.random(4) - 1) * (0.1, 1.2, 1.2, 0.03)
    return [
        replace(
            start,
            x=start.x + float(drift_x) * t,
            y=start.y + float(drift_y) * t,
            angle=start.angle + float(spin) * t,
            radius=start.radius * (1 + float(growth) * t),
        )
        for t in range(-REACH, REACH + 1)
    ]


@functools.cache
def open_motion(perturbation: str) -> ImageDataset:
    """Open a subset of ``shapes-motion``: the same objects under one perturbation."""
    names = [f"motion-{number:02d}" for number in range(MOTIONS)]
    starts = [_start(name, number) for number, name in enumerate(names)]
    looks = [_perturbed(start, perturbation, frame) for start in starts for frame in range(MOTION_FRAMES)]
    frames = [f"{name}/{frame:02d}" for name in names for frame in range(MOTION_FRAMES)]
    groups = {
        "video": np.repeat(names, MOTION_FRAMES),
        "frame": np.tile([str(frame) for frame in range(MOTION_FRAMES)], MOTIONS),
    }
    paint = _noisy_painter(looks, frames) if perturbation == "gaussian_noise" else None
    return drawn_set(f"shapes-motion/{perturbation}", looks, paint, groups, np.array(frames), task="sequences")


def _start(name: str, number: int) -> Appearance:
    rng = drawing_rng(f"shapes-{name}")
    return placed(varied(SHAPES[number % len(SHAPES)], {any_of(FACTORS, rng), any_of(FACTORS, rng)}, rng), rng)


def _perturbed(start: Appearance, perturbation: str, frame: int) -> Appearance:
    if perturbation == "translate":
        return replace(start, x=start.x + TRANSLATION * frame)
    return replace(start, angle=start.angle + ROTATION * frame) if perturbation == "rotate" else start


def _noisy_painter(looks: list[Appearance], frames: list[str]) -> Painter:
    """Add noise of the frame's own; the first frame is clean, as in ImageNet-P."""

    def paint(index: int) -> Bytes:
        pixels = draw(looks[index])
        if index % MOTION_FRAMES == 0:
            return pixels
        noise = drawing_rng(f"noise {frames[index]}").normal(scale=NOISE * 255, size=pixels.shape)
        return np.rint(np.clip(pixels + noise, 0, 255)).astype(np.uint8)

    return paint
