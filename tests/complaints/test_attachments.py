"""What a file really is decides; pictures lose where they were taken; what could run is refused."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from complaints import attachments, file_kinds, moves
from complaints.file_kinds import FileError
from complaints.models import Attachment, Move
from tests.web.conftest import complain as complain


def picture(kind="JPEG", size=(60, 40), **more):
    out = io.BytesIO()
    mode = "RGB" if kind == "JPEG" else "RGBA"
    Image.new(mode, size, "red").save(out, kind, **more)
    return out.getvalue()


def archive(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return out.getvalue()


def located():
    """A photo that says where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "Make-X7Q"
    exif.get_ifd(0x8825)[2] = (30.0, 16.0, 12.5)
    exif[0x0112] = 6
    return picture(exif=exif, comment=b"secret-X7Q")


def bomb():
    """A PNG of a few bytes that says it has 30,000 by 30,000 pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")


def sound(brand, handler):
    return struct.pack(">I", 20) + b"ftyp" + brand + b"\0\0\0\0" + b"hdlr" + handler


TAKEN = [
    ("a.jpg", picture(), "image/jpeg", "a.jpg"),
    ("a.exe", picture("PNG"), "image/png", "a.png"),
    ("照片 1.HEIC", picture("WEBP"), "image/webp", "照片 1.webp"),
    ("x.gif", picture("GIF"), "image/gif", "x.gif"),
    ("../../etc/单据.pdf", b"%PDF-1.7\nx", "application/pdf", "单据.pdf"),
    ("r.mp3", b"ID3\x04" + b"\0" * 20, "audio/mpeg", "r.mp3"),
    ("r", b"\xff\xfb\x90" + b"\0" * 20, "audio/mpeg", "r.mp3"),
    ("r.m4a", sound(b"M4A ", b"soun"), "audio/mp4", "r.m4a"),
    ("r.mp4", sound(b"isom", b"soun"), "audio/mp4", "r.m4a"),
    ("r.wav", b"RIFF\0\0\0\0WAVEfmt ", "audio/wav", "r.wav"),
    ("r.ogg", b"OggS" + b"\0" * 30, "audio/ogg", "r.ogg"),
    ("聊天.txt", "客户：屏幕坏了".encode(), "text/plain", "聊天.txt"),
    ("gbk.csv", "订单,金额".encode("gb18030"), "text/plain", "gbk.csv"),
    ("单.zip", archive("[Content_Types].xml", "word/document.xml"), file_kinds.sniff(archive("[Content_Types].xml", "word/document.xml")), "单.docx"),
    ("表.xlsx", archive("[Content_Types].xml", "xl/workbook.xml"), file_kinds.sniff(archive("[Content_Types].xml", "xl/workbook.xml")), "表.xlsx"),
    ("gpj.exe\u202e.jpg", b"%PDF-1.4", "application/pdf", "gpj.exe.pdf"),
]  # fmt: skip
REFUSED = [
    ("a.png", b"", "empty_file"),
    ("a.txt", b"x" * (file_kinds.MAX_BYTES + 1), "file_too_large"),
    ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "file_kind"),
    ("a.jpg", b" \n<!DOCTYPE html><html></html>", "file_kind"),
    ("a.png", b"\xef\xbb\xbf<?xml version='1.0'?>", "file_kind"),
    ("a.txt", b"#!/bin/sh\nrm -rf /", "file_kind"),
    ("a.jpg", b"MZ\x90\0" + b"\0" * 60, "file_kind"),
    ("a.jpg", b"\x7fELF" + b"\0" * 60, "file_kind"),
    ("a.zip", archive("run.sh"), "file_kind"),
    ("a.docx", archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "file_kind"),
    ("a.mp4", sound(b"isom", b"vide"), "file_kind"),
    ("a.heic", sound(b"heic", b"pict"), "file_kind"),
    ("a.png", bomb(), "too_many_pixels"),
    ("a.jpg", picture()[:300], "damaged_file"),
    ("a.gif", b"GIF89a" + b"\xff" * 40, "damaged_file"),
]


@pytest.mark.parametrize(("name", "body", "kind", "kept"), TAKEN)
def test_the_bytes_say_what_it_is_and_how_it_is_called(name, body, kind, kept):
    found = file_kinds.clean(name, body)
    assert (found.kind, found.name) == (kind, kept)
    assert kind in file_kinds.KINDS


@pytest.mark.parametrize(("name", "body", "code"), REFUSED)
def test_what_is_not_taken_is_refused_by_name(name, body, code):
    with pytest.raises(FileError) as refused:
        file_kinds.clean(name, body)
    assert refused.value.code == code
    assert refused.value.field == "files"


def test_a_photo_forgets_where_it_was_taken_and_stands_upright():
    body = located()
    assert b"X7Q" in body and Image.open(io.BytesIO(body)).getexif().get_ifd(0x8825)
    found = file_kinds.clean("a.jpg", body)
    again = Image.open(io.BytesIO(found.body))
    assert b"X7Q" not in found.body
    assert not again.getexif()
    assert (found.width, found.height) == (40, 60) == again.size


def test_a_large_photo_is_made_smaller_and_a_moving_one_keeps_moving():
    assert max(Image.open(io.BytesIO(file_kinds.clean("a.jpg", picture(size=(6000, 100))).body)).size) == 4096
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], comment=b"X7Q")
    found = file_kinds.clean("a.gif", out.getvalue())
    assert Image.open(io.BytesIO(found.body)).n_frames == 2
    assert b"X7Q" not in found.body


def test_files_belong_to_their_move(shop, complain, now):
    ticket = complain()
    files = [file_kinds.clean("a.jpg", located()), file_kinds.clean("b.txt", b"words")]
    with shop.scope():
        noted = moves.apply(ticket.id, "note", {"text": ""}, organisation=shop.id, actor="t", files=files)
        said = moves.apply(ticket.id, "reply", {"text": "您好"}, organisation=shop.id, actor="t", files=files[:1])
        rows = attachments.of_ticket(said)
        assert [(row.seq, row.name) for row in rows] == [(noted.version, "a.jpg"), (noted.version, "b.txt"), (said.version, "a.jpg")]
        listed = Move.objects.get(ticket=ticket, seq=noted.version).data["files"]
        assert [(one["name"], one["kind"], one["size"]) for one in listed][1] == ("b.txt", "text/plain", 5)
        inner, public = attachments.one(said, rows[1].id), attachments.one(said, rows[2].id, for_customer=True)
        assert bytes(inner.body) == b"words"
        assert attachments.one(said, rows[1].id, for_customer=True) is None
        assert public.id == rows[2].id


def test_a_refused_move_keeps_no_file(shop, complain):
    ticket = complain()
    file = file_kinds.clean("b.txt", b"words")
    with shop.scope():
        for move, fields, files, code in (
            ("assign", {"assignee": "x"}, [file], "no_files_here"),
            ("note", {}, [file] * 11, "too_many_files"),
            ("reply", {"text": ""}, [file], "missing"),
            ("note", {}, [], "missing"),
            ("decline", {"reason": "x"}, [file], "move_not_allowed"),
        ):
            with pytest.raises(Exception) as refused:
                moves.apply(ticket.id, move, fields, organisation=shop.id, actor="t", files=files)
            assert refused.value.code == code
        assert not Attachment.objects.exists()
