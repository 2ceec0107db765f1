"""Pictures for tests: honest ones, and some made to cause trouble."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image


def picture(kind: str = "JPEG", size: tuple[int, int] = (300, 200), mode: str = "RGB", **over: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, over.pop("color", 0)).save(out, kind, **over)
    return out.getvalue()


def noise(kind: str, size: tuple[int, int], **over: Any) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **over)
    return out.getvalue()


def png_of(width: int, height: int, packed: bytes, *others: tuple[bytes, bytes]) -> bytes:
    """A PNG in grey that says it has these measures, with these packed pixels after other chunks."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), *others, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def zeros_packed(count: int) -> bytes:
    """So many zero bytes, a thousandth as long."""
    packer = zlib.compressobj(9)
    piece = bytes(1_000_000)
    return b"".join(packer.compress(piece) for _ in range(count // len(piece))) + packer.flush()


def _chunk(named: tuple[bytes, bytes]) -> bytes:
    name, content = named
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
