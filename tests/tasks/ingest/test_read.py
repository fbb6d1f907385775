"""Files that once went wrong without a word: deep values, alpha of 0, colour profiles, and what is not pixels."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from tasks.ingest import colour, png
from tasks.ingest.decode import ALPHA_IGNORED, FIRST_FRAME, TransparentError, UnreadableError, decode, decoded, read

CELL = np.random.default_rng(0).integers(60, 256, (20, 30, 3)).astype(np.uint16)
GREY = np.repeat(CELL[..., :1], 3, axis=2)
OPAQUE, CLEAR = (np.full((20, 30, 1), value, np.uint16) for value in (65535, 0))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(image: Image.Image, form: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def drawn(values: np.ndarray = CELL) -> Image.Image:
    return Image.fromarray(values.astype(np.uint8))


def tiff(values: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png16(values: np.ndarray, kind: int, more: bytes = b"") -> bytes:
    height, width = values.shape[:2]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    return png.SIGNATURE + chunk(b"IHDR", head) + more + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def deep(bits: int) -> dict[str, tuple[bytes, np.ndarray]]:
    """Files of so many bits, and the 8 bits that they were made of."""
    values = CELL << (bits - 8)
    grey, white = values[..., 0], (1 << bits) - 1
    return {
        "tiff": (tiff(values, photometric="rgb"), CELL),
        "planes": (tiff(np.moveaxis(values, -1, 0), photometric="rgb", planarconfig="separate"), CELL),
        "zlib": (tiff(values, photometric="rgb", compression="zlib", predictor=True), CELL),
        "pages": (tiff(np.stack([values, values // 2]), photometric="rgb"), CELL),
        "alpha": (tiff(np.dstack([values, OPAQUE]), photometric="rgb", extrasamples=["unassalpha"]), CELL),
        "tiff32": (tiff(values.astype(np.uint32), photometric="rgb"), CELL),
        "float": (tiff(values.astype(np.float32), photometric="rgb"), CELL),
        "inverted": (tiff(white - grey, photometric="miniswhite"), GREY),
        "big-endian": (tiff(grey.astype(">u2"), byteorder=">"), GREY),
        "lzw": (encoded(Image.fromarray(grey), "TIFF", compression="tiff_lzw"), GREY),
        "mode-i": (encoded(Image.fromarray(grey.astype(np.int32)), "TIFF"), GREY),
        "mode-f": (encoded(Image.fromarray(grey.astype(np.float32)), "TIFF"), GREY),
        "png-grey": (encoded(Image.fromarray(grey)), GREY),
        "png-rgb": (png16(values, 2), CELL),
        "png-rgba": (png16(np.dstack([values, OPAQUE]), 6), CELL),
        "png-la": (png16(np.dstack([grey, OPAQUE[..., 0]]), 4), GREY),
        "png-key": (png16(values, 2, chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))), CELL),
        "png-clear": (png16(np.dstack([values, CLEAR]), 6), CELL),
    }


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_values_of_more_than_8_bits_come_out_as_the_8_that_they_were_made_of(bits: int) -> None:
    wrong = {name: read(file).notes for name, (file, cell) in deep(bits).items() if (decode(file) != cell).any()}
    assert wrong == {}


def test_the_depth_of_the_delivery_scales_a_dark_image_like_the_others() -> None:
    dark = tiff(CELL, photometric="rgb")
    assert (decode(dark, 12) == CELL >> 4).all()
    assert read(dark, 12).notes == ("depth 12",)


def test_shares_of_full_brightness() -> None:
    for kind in (np.float16, np.float32, np.float64):
        assert (decode(tiff((CELL / 255).astype(kind), photometric="rgb")) == CELL).all()


def test_the_first_of_several_frames_is_taken_and_that_is_noted() -> None:
    file = encoded(drawn(), "TIFF", save_all=True, append_images=[drawn(CELL // 2)])
    assert read(file).notes == (FIRST_FRAME,)
    assert (decode(file) == CELL).all()


def test_a_tiff_whose_palette_has_8_bits_a_colour() -> None:
    image = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16), "P")
    image.putpalette([value for index in range(256) for value in (index, 255 - index, 7)])
    written = bytearray(encoded(image, "TIFF"))
    with tifffile.TiffFile(io.BytesIO(written)) as file:
        tag = file.pages[0].tags[320]
        place, colours = tag.valueoffset, np.array(tag.value).reshape(-1)
    written[place : place + 2 * len(colours)] = (colours // 256).astype("<u2").tobytes()
    assert (decode(bytes(written)) == np.asarray(image.convert("RGB"))).all()


@pytest.mark.parametrize("alpha", [0, 1])
def test_an_alpha_of_0_everywhere_is_ignored(alpha: int) -> None:
    image = drawn()
    image.putalpha(alpha)
    assert read(encoded(image)).notes == (ALPHA_IGNORED,)
    assert (decode(encoded(image)) == CELL).all()
    premultiplied = tiff(np.dstack([CELL, CLEAR]).astype(np.uint8), photometric="rgb", extrasamples=["assocalpha"])
    assert (decode(premultiplied) == CELL).all()
    grey = drawn(CELL[..., 0])
    grey.putalpha(alpha)
    assert (decode(encoded(grey)) == GREY).all()


def test_where_nothing_is_below_the_file_is_transparent() -> None:
    with pytest.raises(TransparentError, match="transparent everywhere"):
        decode(encoded(Image.new("RGBA", (9, 9), (0, 0, 0, 0))))


def test_some_alpha_is_laid_over_white_as_ever() -> None:
    values = np.random.default_rng(1).integers(0, 256, (20, 30, 4)).astype(np.uint8)
    image = Image.fromarray(values)
    expected = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    assert (decode(encoded(image)) == np.asarray(expected)).all()


RGBA = np.random.default_rng(1).integers(0, 256, (20, 30, 4)).astype(np.uint8)


@pytest.mark.parametrize(
    ("scale", "dtype", "bits"), [(1, "u1", None), (257, "u2", 16), (1 / 255, "f4", "0..1")], ids=["8", "16", "0..1"]
)
def test_an_array_with_alpha_is_read_as_a_file_with_alpha(scale: float, dtype: str, bits) -> None:
    invisible = RGBA * np.array([1, 1, 1, 0], np.uint8)
    for values in (RGBA, invisible):
        found = decoded((values * float(scale)).astype(dtype), bits)
        assert (found.pixels == decode(encoded(Image.fromarray(values)))).all()
    assert found.notes[-1] == ALPHA_IGNORED
    with pytest.raises(TransparentError, match="transparent everywhere"):
        decoded(np.zeros((9, 9, 4), dtype), bits)


@pytest.mark.parametrize("bits", [None, "0..1", 16])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("channel", [0, 3])
def test_values_that_are_no_numbers_are_unreadable_also_where_the_depth_is_told(bits, value, channel) -> None:
    values = np.full((4, 4, 4), 0.5, np.float32)
    values[1, 2, channel] = value
    for content in (values, tiff(values, photometric="rgb", extrasamples=["unassalpha"])):
        with pytest.raises(UnreadableError, match="no numbers"):
            decoded(content, bits)


def test_signed_values_of_8_bits_are_not_taken_for_others() -> None:
    values = np.tile(np.arange(-128, 128, 4, dtype=np.int8), (9, 1))
    with pytest.raises(UnreadableError, match="their values go down to -128, expected none below 0"):
        decode(tiff(values))
    assert (decode(tiff(np.maximum(values, 0)))[..., 0] == np.maximum(values, 0)).all()


def test_complex_values_are_unreadable() -> None:
    with pytest.raises(UnreadableError, match="values of complex64, expected integers or floats"):
        decode(tiff(GREY[..., 0].astype(np.complex64)))


def gamma(space: str) -> bytes:
    """A profile of a plain gamma of 1 in the space of sRGB's colours, or of grey: its curve rewritten."""
    profile = bytearray(SRGB)
    count = struct.unpack_from(">I", profile, 128)[0]
    curve = b"curv" + bytes(4) + struct.pack(">I", 1) + struct.pack(">H", 0x0100)
    for entry in range(count):
        name, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * entry)
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            profile[offset : offset + len(curve)] = curve
    assert space == "RGB "
    return bytes(profile)


def test_colours_are_converted_from_the_embedded_profile() -> None:
    linear = np.round(255 * (CELL / 255.0) ** 2.2).astype(np.uint8)
    for form, options in (("PNG", {}), ("TIFF", {})):
        file = encoded(drawn(linear), form, icc_profile=gamma("RGB "), **options)
        assert read(file).notes == (colour.CONVERTED,)
        assert np.abs(decode(file).astype(int) - CELL).max() <= 6


def test_a_profile_that_changes_nothing_leaves_the_pixels() -> None:
    file = encoded(drawn(), icc_profile=SRGB)
    assert read(file).notes == ()
    assert (decode(file) == CELL).all()


@pytest.mark.parametrize("profile", [b"junk" * 99, SRGB[:200], b"junk" * (5 << 20)], ids=["junk", "short", "huge"])
def test_a_broken_profile_is_ignored_and_noted(profile: bytes) -> None:
    file = encoded(drawn(), icc_profile=profile)
    assert read(file).notes == (colour.BROKEN,)
    assert (decode(file) == CELL).all()


def test_a_profile_for_other_pixels_is_broken() -> None:
    image = Image.new("CMYK", (9, 9), (10, 20, 30, 40))
    assert read(encoded(image, "JPEG", icc_profile=SRGB)).notes == (colour.BROKEN,)


def text(pieces: int, length: int, packed: bool) -> bytes:
    info = PngImagePlugin.PngInfo()
    for piece in range(pieces):
        info.add_text(f"c{piece}", "x" * length, zip=packed)
    return encoded(drawn(), pnginfo=info)


@pytest.mark.parametrize(
    "file",
    [
        text(1, 8 << 20, True),
        text(100, 1 << 20, False),
        text(80, (1 << 20) - 64, True),
        encoded(drawn(), icc_profile=SRGB + bytes(3 << 20)),
        encoded(drawn()).replace(b"IDAT", b"IDAT", 1)[:33] + b"\0\0\0\3tEXta\0bXXXX" + encoded(drawn())[33:],
        encoded(drawn(), exif=b"nonsense" * 9),
        encoded(drawn(), exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01junk"),
    ],
    ids=["large-text", "much-text", "much-packed-text", "large-profile", "wrong-checksum", "no-exif", "short-exif"],
)
def test_the_pixels_are_read_whatever_is_beside_them(file: bytes) -> None:
    assert (decode(file) == CELL).all()


def test_a_jpeg_with_a_malformed_exif_is_read() -> None:
    plain = np.asarray(Image.open(io.BytesIO(encoded(drawn(), "JPEG"))))
    for exif in (b"Exif\0\0nonsense", b"Exif\0\0MM\0*\0\0\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x20"):
        assert (decode(encoded(drawn(), "JPEG", exif=exif)) == plain).all()


def test_an_ordinary_png_is_left_as_it_is() -> None:
    file = encoded(drawn())
    assert png.cleaned(file).data is file


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK"])
def test_ordinary_images_are_what_pillow_makes_of_them(form: str, mode: str) -> None:
    if mode in {"JPEG": ("P", "1"), "PNG": ("CMYK",), "BMP": ("CMYK",)}.get(form, ()):
        pytest.skip(f"no {mode} in {form}")
    file = encoded(drawn().convert(mode), form)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB")
    assert (decode(file) == np.asarray(expected)).all()
    assert read(file).notes == ()


@pytest.mark.cells
def test_real_cells_are_what_pillow_makes_of_them(cells: Path) -> None:
    for file in sorted(cells.glob("*/*1.jpg"))[:200]:
        assert (decode(file.read_bytes()) == np.asarray(Image.open(file).convert("RGB"))).all()
