"""What a file really is, by its first bytes and its inside; never by its name or by what a browser says. Pure.

Pictures are drawn anew: where a photo was taken, and whatever else hides in it, stays behind.
"""

import hashlib
import io
import re
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from cxms.lib.errors import DomainError

MAX_BYTES = 10 * 1024 * 1024
MAX_FILES = 10
MAX_PIXELS = 50_000_000
LONGEST_SIDE = 4096
MAX_STEM = 80

# kind → the extensions it may bear, the first is given to a name that bears another
KINDS: dict[str, tuple[str, ...]] = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    "application/pdf": ("pdf",),
    "audio/mpeg": ("mp3",),
    "audio/mp4": ("m4a",),
    "audio/wav": ("wav",),
    "audio/ogg": ("ogg", "oga", "opus"),
    "text/plain": ("txt", "log", "csv", "md"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
}
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
ACCEPT = ",".join([*KINDS, ".docx", ".xlsx", ".m4a"])
M4A = {b"M4A ", b"M4B "}
MP4 = {b"isom", b"iso2", b"mp41", b"mp42", b"3gp4", b"3gp5"}


class FileError(DomainError):
    """A file that is not taken; `field` is "files"."""

    def __init__(self, message: object, *, code: str) -> None:
        super().__init__(message, code=code, field="files")


@dataclass(frozen=True)
class CleanFile:
    """A file as it is kept."""

    name: str
    kind: str
    body: bytes
    width: int = 0
    height: int = 0

    @property
    def sha256(self) -> bytes:
        """Its fingerprint."""
        return hashlib.sha256(self.body).digest()


def check_size(name: str, size: int) -> None:
    """Refuses what is empty or too large, before it is read. Raises FileError."""
    if size <= 0:
        raise FileError(_("“%(name)s”是空的") % {"name": shown(name)}, code="empty_file")
    if size > MAX_BYTES:
        raise FileError(_("“%(name)s”超过 10 MB") % {"name": shown(name)}, code="file_too_large")


def check_number(n: int) -> None:
    """Refuses more files than one move takes. Raises FileError."""
    if n > MAX_FILES:
        raise FileError(_("一次最多 %(most)d 个文件") % {"most": MAX_FILES}, code="too_many_files")


def clean(name: str, body: bytes) -> CleanFile:
    """The file under a name that fits what it is, pictures redrawn. Raises FileError."""
    check_size(name, len(body))
    kind = sniff(body)
    if not kind:
        said = _("“%(name)s”这种文件不收。可以传图片、PDF、录音、文本、Word（docx）和 Excel（xlsx）")
        raise FileError(said % {"name": shown(name)}, code="file_kind")
    if kind in FORMATS:
        return _redrawn(name, kind, body)
    return CleanFile(fitting(name, kind), kind, body)


def shown(name: str) -> str:
    """A name as it may stand in a sentence."""
    return _stem(name)[:40] or "?"


def sniff(body: bytes) -> str:
    """The kind, or "" for anything we do not take: SVG, HTML, programs, archives, video."""
    head = body[:16]
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] in {b"WEBP", b"WAVE"}:
        return "image/webp" if head[8:12] == b"WEBP" else "audio/wav"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"OggS"):
        return "" if b"theora" in body[:4096] else "audio/ogg"
    if head.startswith(b"ID3") or (len(body) > 4 and body[0] == 0xFF and body[1] in {0xFB, 0xFA, 0xF3, 0xF2}):
        return "audio/mpeg"
    if head[4:8] == b"ftyp":
        sounds = head[8:12] in M4A or (head[8:12] in MP4 and b"soun" in body and b"vide" not in body)
        return "audio/mp4" if sounds else ""
    if head.startswith(b"PK\x03\x04"):
        return _office(body)
    return "text/plain" if _is_text(body) else ""


def _office(body: bytes) -> str:
    """Word or Excel without macros. Only the archive's table of contents is read."""
    try:
        names = set(zipfile.ZipFile(io.BytesIO(body)).namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return ""
    if "[Content_Types].xml" not in names or any(name.lower().endswith("vbaproject.bin") for name in names):
        return ""
    if "word/document.xml" in names:
        return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" if "xl/workbook.xml" in names else ""


def _is_text(body: bytes) -> bool:
    """Words and nothing that a browser or a shell would run."""
    if any(byte < 32 and byte not in b"\t\n\r\f" for byte in set(body)) or 127 in set(body):
        return False
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:2]
    if start.startswith((b"<", b"#!")) or start == b"MZ":
        return False
    return any(_reads_as(body, encoding) for encoding in ("utf-8", "gb18030", "big5"))


def _reads_as(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def fitting(name: str, kind: str) -> str:
    """The name with the extension of its kind; an extension of another kind is not believed."""
    stem = _stem(name)
    head, dot, tail = stem.rpartition(".")
    if dot and tail.lower() in KINDS[kind]:
        return f"{head[:MAX_STEM] or 'file'}.{tail.lower()}"
    head = head if dot and re.fullmatch(r"[A-Za-z0-9]{1,5}", tail) else stem
    return f"{head[:MAX_STEM] or 'file'}.{KINDS[kind][0]}"


def _stem(name: str) -> str:
    """Without directories, and without marks that turn or hide what is read."""
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(one for one in last if unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    return re.sub(r'[<>:"|?*\s]+', " ", seen).strip(" .")


def _redrawn(name: str, kind: str, body: bytes) -> CleanFile:
    damaged = FileError(_("“%(name)s”打不开，可能没有传完整") % {"name": shown(name)}, code="damaged_file")
    try:
        picture = Image.open(io.BytesIO(body), formats=[FORMATS[kind]])
        # a phone's JPEG may carry a second picture for depth: only the first is meant
        n_frames = 1 if kind == "image/jpeg" else getattr(picture, "n_frames", 1)
        if picture.width * picture.height * n_frames > MAX_PIXELS:
            raise FileError(_("“%(name)s”的像素太多") % {"name": shown(name)}, code="too_many_pixels")
        if n_frames > 1:
            return _moving(name, kind, picture)
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        still = _plain(ImageOps.exif_transpose(picture), kind)
        still.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        out = io.BytesIO()
        still.save(out, FORMATS[kind], **({"quality": 88} if kind != "image/png" else {}))
    except Image.DecompressionBombError as error:
        raise FileError(_("“%(name)s”的像素太多") % {"name": shown(name)}, code="too_many_pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, IndexError) as error:
        raise damaged from error
    return CleanFile(fitting(name, kind), kind, out.getvalue(), still.width, still.height)


def _plain(picture: Image.Image, kind: str) -> Image.Image:
    """Only the pixels, in a mode its format can keep."""
    if kind == "image/jpeg":
        found = picture if picture.mode in {"L", "RGB"} else picture.convert("RGB")
    elif picture.mode in {"P", "PA", "LA", "RGBA"} or "transparency" in picture.info:
        found = picture.convert("RGBA")
    else:
        found = picture.convert("RGB")
    found = found.copy()
    found.info.clear()
    return found


def _moving(name: str, kind: str, picture: Image.Image) -> CleanFile:
    """A picture that moves keeps its frames and their time."""
    steps, frames = [], []
    for frame in ImageSequence.Iterator(picture):
        steps.append(int(frame.info.get("duration", 100) or 100))
        frames.append(_plain(frame, "image/webp"))
    out = io.BytesIO()
    frames[0].save(out, FORMATS[kind], save_all=True, append_images=frames[1:], duration=steps, loop=0)
    return CleanFile(fitting(name, kind), kind, out.getvalue(), frames[0].width, frames[0].height)
