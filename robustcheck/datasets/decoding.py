"""The one decoder: encoded images become RGB in the same way in every layout.

The rules are those of PIL's ``convert("RGB")``, which open_clip, timm and torchvision share: no EXIF rotation, alpha is
dropped, CMYK is converted without a profile, of an animation the first frame counts (docs/decisions/0010). Above them:
only the formats named here are tried, 16-bit greys are scaled to 8 bits, and what has no known range is refused.
"""

from __future__ import annotations

import io
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from robustcheck.errors import DataError
from robustcheck.files.regular import open_regular

if TYPE_CHECKING:
    from PIL import Image

SCHEMA = 2  # raise when the same file comes to give other pixels: it is part of every fingerprint of files

# The suffixes of images, in the order in which a sample of a shard is searched for one.
IMAGE_SUFFIXES = (
    *("webp", "png", "jpg", "jpeg", "ppm", "bmp", "gif", "tif", "tiff"),
    *("jpe", "jfif", "pgm", "pbm", "pnm"),
)
# What Pillow may try. Not among them: EPS, which runs Ghostscript, and other formats that no data set here uses.
FORMATS = ("JPEG", "PNG", "WEBP", "PPM", "BMP", "GIF", "TIFF")
# A header of a few bytes can ask for gigabytes. (Pillow only warns at this number of pixels.)
MOST_PIXELS = 89_478_485
MOST_BYTES = 1 << 29

_FORMAT_NAMES = "JPEG, PNG, WebP, PPM, BMP, GIF or TIFF"
_ORIENTATION, _BITS, _PHOTOMETRIC = 0x0112, 258, 262
_WHITE_IS_ZERO = 0
_EIGHT_BITS = ("RGB", "RGBA", "RGBX", "RGBa", "L", "LA", "1", "P", "PA", "CMYK", "YCbCr", "LAB")
_QUIET = threading.Lock()
_STRICT = threading.Lock()

Read = TypeVar("Read")


@dataclass(slots=True)
class _Strictness:
    """How many threads load an image now, and what others had told Pillow before the first of them."""

    holders: int = 0
    others: bool = False


_strict = _Strictness()


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of an image says that its pixels in RGB do not show."""

    mode: str
    is_turned: bool
    is_transparent: bool
    is_animated: bool


def decode_image(content: bytes, where: str, least: int | None = None, *, upright: bool = False) -> Image.Image:
    """Decode an encoded image as RGB; raise DataError naming ``where`` if that cannot be done.

    With ``least`` a JPEG is decoded at a half, a quarter or an eighth of its size, the smallest of them whose short
    side still has so many pixels. ``upright`` turns it as its EXIF says, for a protocol that does.
    """

    def decoded() -> Image.Image:
        from PIL import ImageOps

        with _opened(content) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels are more than {MOST_PIXELS:,}")
            if least is not None:
                image.draft(None, (least, least))
            with whole_files():
                image.load()
            return _as_rgb(ImageOps.exif_transpose(image) if upright else image, where)

    return _reading(decoded, where)


def read_header(content: bytes, where: str) -> Header:
    """Read the header of an encoded image; no pixel is decoded."""

    def found() -> Header:
        with _opened(content) as image:
            return Header(
                mode=image.mode,
                is_turned=image.getexif().get(_ORIENTATION, 1) not in (0, 1),
                is_transparent="transparency" in image.info or image.mode in ("RGBA", "LA", "PA"),
                is_animated=bool(getattr(image, "is_animated", False)),
            )

    return _reading(found, where)


def read_image_file(path: Path) -> bytes:
    """Return the content of an image file; a pipe, a device and a giant are refused."""
    try:
        with open_regular(path) as stream:
            # No more than the file has: room is taken for as many bytes as are asked for.
            content = stream.read(min(os.fstat(stream.fileno()).st_size, MOST_BYTES) + 1)
    except OSError as error:
        raise DataError(f"cannot read the image: {error.strerror or error}", where=str(path)) from error
    if len(content) > MOST_BYTES:
        raise DataError("too large for an image", where=str(path), expected=f"at most {MOST_BYTES >> 20} MiB")
    return content


@contextmanager
def whole_files() -> Iterator[None]:
    """Have Pillow refuse truncated files, whatever others in this process told it.

    Many programs set ``LOAD_TRUNCATED_IMAGES`` for their training; it would turn the end of an image grey in silence.
    """
    from PIL import ImageFile

    with _STRICT:
        if _strict.holders == 0:
            _strict.others = ImageFile.LOAD_TRUNCATED_IMAGES
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        _strict.holders += 1
    try:
        yield
    finally:
        with _STRICT:
            _strict.holders -= 1
            if _strict.holders == 0:
                ImageFile.LOAD_TRUNCATED_IMAGES = _strict.others


def _opened(content: bytes) -> Image.Image:
    from PIL import Image

    return Image.open(io.BytesIO(content), formats=FORMATS)


def _as_rgb(image: Image.Image, where: str) -> Image.Image:
    """Convert a loaded image; one channel of more than 8 bits is scaled where its range is known."""
    if image.mode == "RGB":
        return image  # to convert it would copy it
    if image.mode in _EIGHT_BITS:
        # Pillow warns when it drops the transparency of a palette at once; in two steps the colours are the same.
        return (image.convert("RGBA") if image.mode == "P" and "transparency" in image.info else image).convert("RGB")
    top = _largest_value(image)
    if top is None:
        raise DataError(
            f"the pixels are of the type {image.mode!r} ({image.format}), whose range is not known",
            where=where,
            expected="8 bits a channel, or greys of 12 or 16 bits",
            fix="scale the image to 8 bits and save it as PNG",
        )
    return _scaled(image, top)


def _largest_value(image: Image.Image) -> int | None:
    """Return what stands for white in a grey image of more than 8 bits; None where nobody can know."""
    if image.mode.startswith("I;16"):
        return 4095 if _tiff_tag(image, _BITS) == (12,) else 65535
    # Pillow keeps 16-bit PPM and PGM files in 32 bits and scales them to 65535; PNG has no more than 16 bits.
    return 65535 if image.mode == "I" and image.format in ("PPM", "PNG") else None


def _scaled(image: Image.Image, top: int) -> Image.Image:
    from PIL import Image

    values = np.asarray(image).astype(np.int64)
    greys = np.clip((values * 255 + top // 2) // top, 0, 255)
    if _tiff_tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        greys = 255 - greys
    return Image.fromarray(greys.astype(np.uint8)).convert("RGB")


def _tiff_tag(image: Image.Image, tag: int) -> object:
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else tags.get(tag)


def _reading(read: Callable[[], Read], where: str) -> Read:
    """Do what reads an image; whatever Pillow raises becomes a DataError, and what it warns of stays its own."""
    from PIL import Image

    try:
        try:
            return read()
        except Warning:
            # Where warnings are errors (a guest's pytest), a remark about metadata must not lose the image.
            with _quiet():
                return read()
    # Pillow reports damage by whatever its parsers meet: bad lengths, bad headers, bombs.
    except (
        OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError, AttributeError,
        RuntimeError, struct.error, zlib.error, Image.DecompressionBombError,
    ) as error:  # fmt: skip
        raise DataError(
            f"cannot decode the image: {_in_words(error)}",
            where=where,
            expected=f"an image in one of the formats {_FORMAT_NAMES}",
            fix="restore this file from its source, or convert it",
        ) from error
    except MemoryError as error:
        raise DataError(
            "memory ran out while the image was decoded", where=where, fix="decode fewer at once: --robust-workers 1"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Ignore warnings; one thread at a time, because the filters belong to the whole process."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _in_words(error: BaseException) -> str:
    from PIL import UnidentifiedImageError

    return "its format is not known" if isinstance(error, UnidentifiedImageError) else str(error) or repr(error)
