"""`/complaints/{number}/files`: the files of a ticket, read and added. Multipart in, the bytes out."""

import hashlib
import json
import uuid
from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.multipartparser import MultiPartParserError
from rest_framework.request import Request
from rest_framework.response import Response

from api.complaints import TAG, Desk
from api.contract import Operation, choice, listed, obj, ref, text
from api.problems import Problem, not_found
from complaints import attachments, file_kinds, moves, queries

MULTIPART = "multipart/form-data"
MOVES = ("note", "reply", "message")


class FileList(Desk):
    """`GET`, `POST /complaints/{number}/files`."""

    needs: ClassVar[dict[str, str]] = {"GET": "complaints:read", "POST": "complaints:write"}
    takes: ClassVar[tuple[str, ...]] = (MULTIPART,)
    limit_bytes: ClassVar[int] = file_kinds.MAX_FILES * file_kinds.MAX_BYTES + 1_000_000
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "List the files of a ticket", obj({"results": listed(ref("File"))})),
        "POST": Operation(
            TAG,
            "Add files to a ticket",
            ref("Ticket"),
            description="`multipart/form-data`: `files`, up to 10 of at most 10 MB; `move`, the move that carries them (`note` by default); "
            "`text`, its words. What a file is, is seen by its bytes: JPEG, PNG, WebP, GIF (redrawn, without EXIF), PDF, MP3, M4A, WAV, "
            "OGG, plain text, DOCX, XLSX. The customer sees the files of `reply` and `message`.",
            body=obj({"files": listed(text(format="binary")), "move": choice(*MOVES), "text": text()}, required=("files",)),
            body_type=MULTIPART,
            problems=(409,),
        ),
    }

    def get(self, request: Request, number: str) -> Response:
        """The files, the oldest first."""
        row = queries.by_number(number, organisation=self.organisation)
        if row is None:
            return not_found()
        rows = attachments.of_ticket(row)
        return Response({"results": [attachments.described(one) for one in rows]})

    @property
    def body(self) -> bytes:
        """What tells one form from another: its words and the fingerprints of its files. The bytes are never held twice."""
        form, files = self._form()
        prints = []
        for file in files:
            prints.append([file.name, hashlib.sha256(file.read()).hexdigest()])
            file.seek(0)
        return json.dumps([sorted(form.items()), prints], ensure_ascii=False).encode()

    def _form(self) -> tuple[dict[str, Any], list[Any]]:
        plain = self.request._request
        try:
            return plain.POST.dict(), plain.FILES.getlist("files")
        except MultiPartParserError as error:
            raise Problem(400, "malformed_form", "the form cannot be read") from error

    def post(self, request: Request, number: str) -> Response:
        """Adds them with one move: 200 with the ticket."""
        row = queries.by_number(number, organisation=self.organisation)
        if row is None:
            return not_found()
        form, uploads = self._form()
        move = form.get("move", "note")
        if move not in MOVES:
            raise Problem(422, "unknown_move", f"one of {', '.join(MOVES)}", [{"field": "move", "code": "unknown_move"}])
        if not uploads:
            raise Problem(422, "missing", "no file in `files`", [{"field": "files", "code": "missing"}])
        ticket = moves.apply(
            row.id, move, {"text": form.get("text", "")}, organisation=self.organisation, actor=self.actor,
            actor_name=self.key.name if self.key else "", files=attachments.cleaned(uploads),
        )  # fmt: skip
        return Response(self.shown(ticket))


class FileOne(Desk):
    """`GET /complaints/{number}/files/{id}`."""

    needs: ClassVar[dict[str, str]] = {"GET": "complaints:read"}
    says: ClassVar[dict[str, Operation]] = {
        "GET": Operation(TAG, "Download a file", text(format="binary"), answer_type="application/octet-stream")
    }

    def get(self, request: Request, number: str, key: uuid.UUID) -> HttpResponse | Response:
        """The bytes, as a download."""
        row = queries.by_number(number, organisation=self.organisation)
        found = attachments.one(row, key) if row else None
        if found is None:
            return not_found()
        return HttpResponse(bytes(found.body), content_type=found.kind, headers=attachments.safe_headers(found.name))
