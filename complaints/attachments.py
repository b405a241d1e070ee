"""Files on a ticket: each belongs to one move and is seen by whoever sees that move. Kept in PostgreSQL, so a backup has them."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from complaints import file_kinds
from complaints.file_kinds import CleanFile, FileError
from complaints.models import Attachment, Move, Ticket
from cxms.lib.ids import new_id

TAKING = frozenset({"note", "reply", "message", "reconstruct", "correct", "propose", "decline", "hold"})
# moves whose files the customer sees, because he sees the move
CUSTOMER_SEES = frozenset({"reply", "message", "propose", "decline"})
# with a file these may be without words
WORDLESS = frozenset({"note", "message"})


def cleaned(uploads: Sequence[Any]) -> list[CleanFile]:
    """The files of a form, checked and redrawn; the same file twice counts once. Raises FileError."""
    file_kinds.check_number(len(uploads))
    for upload in uploads:
        file_kinds.check_size(upload.name or "", upload.size or 0)
    found = {file.sha256: file for file in (file_kinds.clean(one.name or "", one.read()) for one in uploads)}
    return list(found.values())


def check_move(move: str, files: Sequence[CleanFile]) -> None:
    """Refuses files on a move that takes none. Raises FileError."""
    if files and move not in TAKING:
        raise FileError(_("这一步不能带文件"), code="no_files_here")
    file_kinds.check_number(len(files))


def keep(ticket: Ticket, files: Sequence[CleanFile], *, now: datetime) -> list[dict[str, Any]]:
    """Writes the files of the move at the ticket's version; returns what the move says of them."""
    rows = [
        Attachment(
            id=new_id(), organisation_id=ticket.organisation_id, ticket=ticket, seq=ticket.version, position=i, name=file.name,
            kind=file.kind, size=len(file.body), sha256=file.sha256, body=file.body, width=file.width, height=file.height,
            created_at=now,
        )
        for i, file in enumerate(files)
    ]  # fmt: skip
    Attachment.objects.bulk_create(rows)
    return [{"id": str(row.id), "name": row.name, "kind": row.kind, "size": row.size} for row in rows]


def of_ticket(ticket: Ticket) -> list[Attachment]:
    """Every file of the ticket in order, without its bytes."""
    rows = Attachment.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket)
    return list(rows.defer("body").order_by("seq", "position"))


def one(ticket: Ticket, key: uuid.UUID, *, for_customer: bool = False) -> Attachment | None:
    """A file of this ticket with its bytes; for_customer: only when he sees its move."""
    row = Attachment.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, id=key).first()
    if row is None or not for_customer:
        return row
    move = Move.objects.filter(organisation_id=ticket.organisation_id, ticket=ticket, seq=row.seq).first()
    return row if move is not None and move.kind in CUSTOMER_SEES else None


def described(row: Attachment) -> dict[str, Any]:
    """A file in words: what a list says of it."""
    return {
        "id": str(row.id), "seq": row.seq, "name": row.name, "kind": row.kind, "size": row.size,
        "sha256": bytes(row.sha256).hex(), "created_at": row.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }  # fmt: skip


def safe_headers(name: str, *, is_shown: bool = False) -> dict[str, str]:
    """With these no browser runs or guesses anything: a download, or a picture inside a page of ours."""
    return {
        "Content-Disposition": f"{'inline' if is_shown else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=3600",
    }
