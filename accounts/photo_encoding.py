"""A person's photo, made anew out of a picture that anybody may have made. Run as a process of its own.

It reads one line of JSON and then the picture on stdin, and writes one line of JSON and then two WebP
pictures on stdout. What it may use of the processor and of memory is bounded, so that a picture made to cost
as much as it can ends this process and nothing else. Format and measures are read from the first bytes, by
this file alone, and no decoder sees a picture that is refused for them. Of what was uploaded only the colours
of its pixels come out again: no EXIF, no place, no colour profile, no comment.
"""

import io
import json
import resource
import struct
import sys
import zlib
from collections.abc import Callable

from PIL import Image, ImageCms

MOST_PIXELS = 40_000_000
LEAST_SIDE = 96
LARGE, SMALL = 640, 96  # pixels a side
QUALITY = 82
ORIENTATION = 0x0112
# How to turn what a camera held otherwise (EXIF 2.3, table 6).
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# JPEG's starts of frame; C4, C8 and CC are something else (ITU T.81, table B.1).
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
MOVES = "This picture moves. Choose one that stands still."
NO_PICTURE = "This file is not a JPEG, PNG or WebP picture, whatever its name says."
BROKEN = "This picture is damaged and cannot be read. Save it anew, or choose another."
CUT_OFF = "This picture breaks off before its end. Upload it anew, or choose another."
GOES_ON = (
    "After the picture, this file goes on with something else. Save the picture anew, or choose another."
)
HOLDS_MORE = "This picture holds more than its measures say. Save it anew, or choose another."
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by PNG's type of colour
PIECE = 1_000_000
OTHERS = (
    (b"GIF8", "This is a GIF. Choose a JPEG, PNG or WebP picture."),
    (b"BM", "This is a BMP picture. Save it as JPEG, PNG or WebP first."),
    (b"II*\0", "This is a TIFF picture. Save it as JPEG, PNG or WebP first."),
    (b"MM\0*", "This is a TIFF picture. Save it as JPEG, PNG or WebP first."),
    (b"%PDF", "This is a PDF. Choose a JPEG, PNG or WebP picture."),
    (b"MZ", "This is a program, not a picture, whatever its name says."),
    (b"\x7fELF", "This is a program, not a picture, whatever its name says."),
)
HEIF = "This picture is in HEIC or AVIF format. Save it as JPEG, PNG or WebP first."
SVG = "This is a drawing (SVG). Choose a JPEG, PNG or WebP picture."


class PictureError(Exception):
    """The picture is refused; the text is fit to show."""


def encode(body: bytes) -> tuple[bytes, bytes]:
    """A square of at most LARGE pixels a side, and one of SMALL, both WebP."""
    kind, measure = kind_of(body)
    width, height = measure(body)
    if width * height > MOST_PIXELS:
        raise PictureError(
            f"This picture measures {width:,} × {height:,} pixels, more than 40 megapixels."
            " Make it smaller first."
        )
    if min(width, height) < LEAST_SIDE:
        raise PictureError(f"This picture is too small: it needs at least {LEAST_SIDE} pixels each way.")
    square = _square(_opened(body, kind))
    small = square.resize((SMALL, SMALL), Image.Resampling.LANCZOS)
    return _webp(square), _webp(small)


def kind_of(body: bytes) -> tuple[str, Callable[[bytes], tuple[int, int]]]:
    """Pillow's name of the format, and what reads the measures of it."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG", _png
    if body.startswith(b"\xff\xd8\xff"):
        return "JPEG", _jpeg
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return "WEBP", _webp_measures
    for magic, words in OTHERS:
        if body.startswith(magic):
            raise PictureError(words)
    if body[4:8] == b"ftyp" and body[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif", b"avis"):
        raise PictureError(HEIF)
    head = body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in body[:100_000].lower():
        raise PictureError(SVG)
    raise PictureError(NO_PICTURE)


def _png(body: bytes) -> tuple[int, int]:
    if body[12:16] != b"IHDR" or len(body) < 33:
        raise PictureError(BROKEN)
    at, moves, packed = 8, False, []
    while at + 12 <= len(body):
        length, name = struct.unpack_from(">I4s", body, at)
        moves = moves or name == b"acTL"
        if name == b"IDAT":
            packed.append(memoryview(body)[at + 8 : at + 8 + length])
        at += 12 + length
        if name == b"IEND":
            break
    else:
        raise PictureError(CUT_OFF)
    if moves:
        raise PictureError(MOVES)
    if at < len(body):
        raise PictureError(GOES_ON)
    width, height, depth, colour = struct.unpack_from(">IIBB", body, 16)
    if width * height <= MOST_PIXELS:
        _check_length(packed, height * (width * depth * SAMPLES.get(colour, 4) // 8 + 2))
    return width, height


def _check_length(packed: list[memoryview], usual: int) -> None:
    """Refuse pixels that unpack to more than the measures say; interlaced ones take a little more."""
    unpacking, left = zlib.decompressobj(), usual * 5 // 4
    for part in packed:
        piece: bytes | memoryview = part
        while piece:
            try:
                left -= len(unpacking.decompress(piece, PIECE))
            except zlib.error as error:
                raise PictureError(BROKEN) from error
            piece = unpacking.unconsumed_tail
            if left < 0:
                raise PictureError(HOLDS_MORE)


def _jpeg(body: bytes) -> tuple[int, int]:
    """What follows a JPEG's end is left alone: phones put films there, and none of it comes out."""
    at = 2
    while at + 9 <= len(body):
        if body[at] != 0xFF:
            raise PictureError(BROKEN)
        marker = body[at + 1]
        if marker == 0xFF or marker in BARE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", body, at + 5)
            return width, height
        if marker in (0xD9, 0xDA):  # the end, or the pixels, before any measures
            raise PictureError(BROKEN)
        at += 2 + int.from_bytes(body[at + 2 : at + 4], "big")
    raise PictureError(CUT_OFF)


def _webp_measures(body: bytes) -> tuple[int, int]:
    ends = 8 + int.from_bytes(body[4:8], "little")
    if ends > len(body) or len(body) < 30:
        raise PictureError(CUT_OFF)
    if ends + ends % 2 < len(body):
        raise PictureError(GOES_ON)
    chunk = body[12:16]
    if chunk == b"VP8X":
        if body[20] & 0x02:
            raise PictureError(MOVES)
        return 1 + int.from_bytes(body[24:27], "little"), 1 + int.from_bytes(body[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(body[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise PictureError(BROKEN)


def _opened(body: bytes, kind: str) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    image = Image.open(io.BytesIO(body), formats=(kind,))
    if image.width * image.height > MOST_PIXELS:
        raise PictureError(BROKEN)  # the decoder reads other measures than we do
    if kind == "JPEG":
        image.draft(None, (LARGE, LARGE))  # decoded at a half, a quarter or an eighth where that is enough
    try:
        image.load()
    except OSError as error:
        raise PictureError(CUT_OFF if "truncated" in str(error) else BROKEN) from error
    return image


def _square(image: Image.Image) -> Image.Image:
    """The middle of the picture, upright, in sRGB, and with nothing but its pixels."""
    turn, profile = TURNS.get(_orientation(image)), image.info.get("icc_profile")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = _plain(image).resize(
        (min(side, LARGE),) * 2,
        Image.Resampling.LANCZOS,
        box=(left, top, left + side, top + side),
        reducing_gap=3.0,
    )
    square = _in_srgb(square, profile)
    square = square if turn is None else square.transpose(turn)
    bare = Image.new("RGB", square.size)
    bare.paste(square)
    return bare


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error):
        return 1  # EXIF that means nothing turns nothing


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be made smaller well."""
    if image.mode == "P" or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode.startswith("I"):
        return image.point(lambda value: value / 256).convert("L")  # sixteen bits of grey
    return image.convert("L") if image.mode == "1" else image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode in ("RGBA", "LA"):
        clear = image.getchannel("A")
        opaque = Image.new("RGB", image.size, "white")
        opaque.paste(image.convert("RGB"), mask=clear)
        image = opaque
    if profile and image.mode in ("RGB", "L", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            made = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            return image.convert("RGB")  # a profile of something else, or of nothing
        assert made is not None
        return made
    return image.convert("RGB")


def _webp(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()


def _limit(cpu_seconds: int, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    asked = json.loads(sys.stdin.buffer.readline())
    _limit(asked["cpu_seconds"], asked["memory_bytes"])
    try:
        large, small = encode(sys.stdin.buffer.read())
    except PictureError as error:
        sys.stdout.buffer.write(json.dumps({"error": str(error)}).encode() + b"\n")
        return
    sys.stdout.buffer.write(json.dumps({"large": len(large), "small": len(small)}).encode() + b"\n")
    sys.stdout.buffer.write(large + small)


if __name__ == "__main__":
    main()
