"""The one decoder: which formats, how many bits become which pixels, and what is refused."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from dataset_makers import encoded, make_imagefolder, make_webdataset, pixels
from PIL import Image, ImageFile

from robustcheck.datasets import open_dataset
from robustcheck.datasets.decoding import MOST_PIXELS, decode_image, read_header
from robustcheck.datasets.doctor import Observation, examine
from robustcheck.errors import DataError

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
RAMP = np.array([[0, 128, 256, 257], [32767, 32896, 65407, 65535]], dtype=np.uint16)


def saved(image: Image.Image, kind: str, **facts: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **facts)
    return buffer.getvalue()


def greys(content: bytes) -> np.ndarray:
    """Return the grey levels of a decoded image, whose three channels must agree."""
    image = decode_image(content, "here")
    assert image.mode == "RGB"
    values = np.asarray(image)
    assert (values == values[..., :1]).all()
    return values[..., 0]


def pgm(values: np.ndarray, most: int) -> bytes:
    height, width = values.shape
    return f"P5 {width} {height} {most}\n".encode() + values.astype(">u2").tobytes()


def tiff(values: np.ndarray, bits: int, *, photometric: int = 1, big: bool = False, sample_format: int = 1) -> bytes:
    """Write an uncompressed grey TIFF as it is specified: one strip after a directory of nine tags."""
    order, data = (">", values.tobytes()) if big else ("<", values.tobytes())
    height, width = values.shape
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 0, 277: 1, 278: height, 279: len(data),
            339: sample_format}  # fmt: skip
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    content = (b"MM\x00*" if big else b"II*\x00") + np.array([8], f"{order}u4").tobytes()
    content += np.array([len(tags)], f"{order}u2").tobytes()
    for tag, value in tags.items():
        content += np.array([tag, 4], f"{order}u2").tobytes() + np.array([1, value], f"{order}u4").tobytes()
    return content + bytes(4) + data


SIXTEEN_TO_EIGHT = [[0, 0, 1, 1], [127, 128, 255, 255]]


def test_sixteen_bits_are_scaled_to_eight() -> None:
    # 65535 = 255 x 257, so the right value is v / 257, rounded.
    assert np.round(RAMP / 257).astype(int).tolist() == [[0, 0, 1, 1], [127, 128, 255, 255]]
    assert greys(saved(Image.fromarray(RAMP), "png")).tolist() == SIXTEEN_TO_EIGHT
    assert greys(tiff(RAMP.astype("<u2"), 16)).tolist() == SIXTEEN_TO_EIGHT
    assert greys(tiff(RAMP.astype(">u2"), 16, big=True)).tolist() == SIXTEEN_TO_EIGHT
    assert greys(pgm(RAMP, 65535)).tolist() == SIXTEEN_TO_EIGHT


def test_a_range_that_the_header_tells_is_used() -> None:
    assert greys(pgm(np.array([[0, 512, 1023]]), 1023)).tolist() == [[0, 128, 255]]
    twelve = np.array([[0, 4095]]).astype("<u2")  # two samples of 12 bits in three bytes
    packed = np.array([[twelve[0, 0] >> 4, (twelve[0, 0] & 15) << 4 | twelve[0, 1] >> 8, twelve[0, 1] & 255]], np.uint8)
    content = tiff(packed, 12).replace(np.array([3, 0], "<u2").tobytes(), np.array([2, 0], "<u2").tobytes(), 1)
    assert greys(content).tolist() == [[0, 255]]


def test_white_is_zero_is_understood_at_sixteen_bits() -> None:
    assert greys(tiff(RAMP.astype("<u2"), 16, photometric=0)).tolist() == (255 - np.array(SIXTEEN_TO_EIGHT)).tolist()


def test_sixteen_bit_colours_keep_their_upper_bits() -> None:
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    data = zlib.compress(b"\0" + np.array([65535, 32896, 257], ">u2").tobytes())
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    assert np.asarray(decode_image(content, "here")).tolist() == [[[255, 128, 1]]]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (tiff(np.array([[0, 70000]], "<u4"), 32), "'I'"),
        (tiff(np.array([[0, -5]], "<i4"), 32, sample_format=2), "'I'"),
        (tiff(np.array([[0, -5]], "<i2"), 16, sample_format=2), "'I'"),
        (tiff(np.array([[0.0, 1.0]], "<f4"), 32, sample_format=3), "'F'"),
        (b"Pf\n2 1\n-1.0\n" + np.array([0.0, 1.0], "<f4").tobytes(), "'F'"),
    ],
)
def test_what_has_no_known_range_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(DataError, match=rf"of the type {kind} .* whose range is not known") as caught:
        decode_image(content, "here.tif")
    assert caught.value.where == "here.tif"
    assert "8 bits" in caught.value.fix


def test_only_named_formats_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.check_call", lambda *_: pytest.fail("Ghostscript was started"))
    icon = saved(Image.new("RGB", (16, 16)), "ico")
    for content in (EPS, icon, b"", b"nonsense", b"RIFF", saved(Image.new("RGB", (4, 4)), "tga")):
        with pytest.raises(DataError, match="cannot decode the image: its format is not known") as caught:
            decode_image(content, "x.png")
        assert "JPEG, PNG, WebP, PPM, BMP, GIF or TIFF" in caught.value.expected


def test_a_header_that_asks_for_gigabytes_is_refused() -> None:
    width = MOST_PIXELS // 100 + 1
    with pytest.raises(DataError, match=r"pixels are more than|exceeds limit"):
        decode_image(f"P6 {width} 100 255\n".encode() + bytes(100), "x.ppm")


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "ppm", "bmp", "gif", "tiff"])
def test_every_format_is_read_and_damage_is_an_error(kind: str) -> None:
    content = encoded(1, kind)
    assert decode_image(content, "here").size == (12, 12)
    with pytest.raises(DataError, match="cannot decode"):
        decode_image(content[: len(content) // 3], "here")


def test_one_decoder_for_folders_shards_and_tables(tmp_path: Path) -> None:
    content = saved(Image.fromarray(RAMP), "png")
    folder = make_imagefolder(tmp_path / "folder", ["cat/a.png"])
    (folder / "cat" / "a.png").write_bytes(content)
    shards = make_webdataset(tmp_path / "shards", [[("a.cls", b"0"), ("a.png", content)]])
    table = make_imagefolder(tmp_path / "table", ["a.png"])
    (table / "a.png").write_bytes(content)
    (table / "manifest.csv").write_text("path,label\na.png,cat\n")
    for directory in (folder, shards, table):
        image = open_dataset(str(directory), ()).image(0)
        assert np.asarray(image)[..., 0].tolist() == SIXTEEN_TO_EIGHT


def test_what_pillow_warns_of_is_no_error_in_a_strict_project() -> None:
    palette = Image.fromarray(pixels(0)).convert("P")
    content = saved(palette, "png", transparency=b"\x00" * 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = decode_image(content, "here")
        assert (np.asarray(image) == np.asarray(palette.convert("RGB"))).all()
        # A corrupt EXIF block makes Pillow warn; the picture is whole.
        read_header(
            saved(Image.new("RGB", (4, 4)), "jpeg", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff"), "here"
        )


# --- the rules of decision 10 ---------------------------------------------------------------------------


def test_orientation_is_not_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved(Image.new("RGB", (8, 4)), "jpeg", exif=exif)
    assert decode_image(content, "here").size == (8, 4)
    assert read_header(content, "here").is_turned
    assert not read_header(encoded(0, "jpeg"), "here").is_turned


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_alpha_is_dropped(kind: str) -> None:
    image = Image.new("RGBA", (4, 4), (200, 100, 50, 0))
    content = saved(image, kind, **({"lossless": True, "exact": True} if kind == "webp" else {}))
    assert np.asarray(decode_image(content, "here"))[0, 0].tolist() == [200, 100, 50]
    assert read_header(content, "here").is_transparent


def test_cmyk_is_converted_as_pillow_does() -> None:
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    content = saved(image, "jpeg", quality=100)
    assert np.asarray(decode_image(content, "here"))[0, 0].tolist() == [0, 255, 255]
    assert read_header(content, "here").mode == "CMYK"


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime")]
    content = saved(frames[0], "gif", save_all=True, append_images=frames[1:])
    assert np.asarray(decode_image(content, "here"))[0, 0].tolist() == [255, 0, 0]
    assert read_header(content, "here").is_animated


def test_the_doctor_warns_of_such_files(tmp_path: Path) -> None:
    directory = make_imagefolder(tmp_path / "d", [f"cat/{number:03}.png" for number in range(40)])
    exif = Image.Exif()
    exif[0x0112] = 3
    (directory / "cat" / "017.png").write_bytes(saved(Image.new("RGB", (4, 4)), "jpeg", exif=exif))
    (directory / "cat" / "018.png").write_bytes(saved(Image.new("RGBA", (4, 4)), "png"))
    (directory / "cat" / "019.png").write_bytes(saved(Image.new("CMYK", (4, 4)), "jpeg"))
    (directory / "cat" / "021.png").write_bytes(saved(Image.fromarray(RAMP), "png"))
    found: dict[str, Observation] = {finding.what: finding for finding in examine(str(directory), ())}
    for what in ("EXIF orientation", "transparency", "CMYK", "16 bits"):
        assert found[what].level == "warning"
        assert found[what].detail.startswith("1 of 40 images looked at: ")
    assert "several frames" not in found


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_truncated_file_is_refused_whatever_others_told_pillow(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    content = saved(Image.fromarray(noise), kind)
    with pytest.raises(DataError, match="truncated"):
        decode_image(content[: len(content) // 2], "a")
    assert decode_image(content, "a").size == (64, 64)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True
