"""Split a torchvision evaluation transform into its geometry and its normalisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image

from robustcheck.errors import ModelError
from robustcheck.models.geometry import Crop, Geometry, Normalisation, crop_whole, require_channels
from robustcheck.models.picture_steps import ShortSide, Steps, WholeSize, known_step, known_steps

_PROBE = (64, 48)  # any picture shows the size of the crops
# Pictures are RGB when they come here.
_CONVERSIONS = frozenset({"MaybeConvertMode", "_convert_to_rgb"})


def split_transform(transform: Any, where: str) -> tuple[Geometry, Normalisation]:
    """Return the two halves of a transform that resizes and crops, then makes a tensor, then normalises it.

    Raises ModelError for a transform of another form, of which the halves cannot be told.
    """
    steps: Sequence[Any] = getattr(transform, "transforms", ())
    if len(steps) < 2 or not _is_to_tensor(steps[-2]) or type(steps[-1]).__name__ != "Normalize":
        raise ModelError(
            f"its preprocessing cannot be split: {transform}",
            where=where,
            expected="steps that resize and crop, then ToTensor, then Normalize",
        )
    geometric = [step for step in steps[:-2] if _name(step) not in _CONVERSIONS]
    height, width, _ = _cropped(Image.new("RGB", _PROBE), geometric).shape
    # A value, so that other processes can have it, where all steps are known.
    known = known_steps(geometric)
    geometry = Geometry(
        key="; ".join(map(_described, geometric)),
        crop=known or (lambda image: _cropped(image, geometric)),
        side=min(height, width),
        of_square=Steps(WholeSize((width, height), int(_resampling(geometric)))),
        least=_least(geometric),
        by_torch=known.by_torch if known is not None and known.torch_can else None,
    )
    return geometry, require_channels(Normalisation(_floats(steps[-1].mean), _floats(steps[-1].std)))


def _least(steps: Sequence[Any]) -> int | None:
    """Return the short side that a picture is resized to first, or the longer side of a size that it takes whole."""
    step = known_step(steps[0]) if steps else None
    if isinstance(step, WholeSize):
        return max(step.size)
    return step.side if isinstance(step, ShortSide) else None


def _is_to_tensor(step: Any) -> bool:
    return any(kind.__name__ == "ToTensor" for kind in type(step).__mro__)


def _cropped(image: Image.Image, steps: Sequence[Callable[[Image.Image], Image.Image]]) -> Crop:
    for step in steps:
        image = step(image)
    return crop_whole(image)


def _resampling(steps: Sequence[Any]) -> Image.Resampling:
    """Return the interpolation of the step that resizes; bicubic where no step names one."""
    named = (getattr(getattr(step, "interpolation", None), "value", None) for step in steps)
    known = {each.name.lower(): each for each in Image.Resampling}
    return next((known[name] for name in named if name in known), Image.Resampling.BICUBIC)


def _described(step: Any) -> str:
    """Say a step with all its settings, so that equal text means equal work."""
    facts = {name: value for name, value in vars(step).items() if not name.startswith("_") and name != "training"}
    return f"{type(step).__module__}.{_name(step)} {sorted((name, _as_text(value)) for name, value in facts.items())}"


def _as_text(value: Any) -> str:
    return str(list(value) if isinstance(value, tuple) else value)


def _name(step: Any) -> str:
    return str(getattr(step, "__name__", type(step).__name__))


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
