"""What the demo shows of reconstruction and solution alive: a photo on a case, an offer that waits for a word, two options."""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from PIL import Image, ImageDraw

from complaints import file_kinds, moves
from complaints.models import Ticket
from tenancy.models import Member

NOTE = "到店时拍的照片和当时的对话，请看。"
TALK = "客户：昨晚开始闪，今天又闪了两次。\n门店：收到，先给您备用机。\n"


def _photo() -> bytes:
    """A screen with a fault, drawn."""
    picture = Image.new("RGB", (640, 480), "#20242c")
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((180, 30, 460, 450), 24, fill="#0e1116", outline="#8b93a1", width=4)
    for top in range(60, 430, 14):
        draw.rectangle((196, top, 444, top + (9 if top % 4 else 3)), fill="#3a6ea5" if top % 3 else "#c8d4e3")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


def add(*, organisation: int, now: datetime) -> None:
    """On cases that are open now, through the ordinary moves."""
    rows = Ticket.objects.filter(organisation_id=organisation, is_history=False, state="handling", duplicate_of=None)
    found = list(rows.select_related("owner__user").order_by("-received_at")[:6])
    clerk = Member.objects.select_related("user").get(organisation_id=organisation, user__email="frontline@demo.cxms.example")
    files = [file_kinds.clean("闪屏.jpg", _photo()), file_kinds.clean("对话.txt", TALK.encode())]
    by = (now + timedelta(days=2)).date().isoformat()
    dear = {"text": "全额退款，今天原路退回\n旧机我们上门取", "kind": "refund", "amount": "5299", "by": by}
    new = {"text": "换一台全新的\n资料由我们转好，送到您手上", "kind": "replacement", "amount": "", "by": by}
    gift = {"text": "修好原来的，延保再加一年", "kind": "gift", "amount": "299", "by": by}
    steps: tuple[tuple[str, dict[str, Any], Sequence[file_kinds.CleanFile]], ...] = (
        ("note", {"text": NOTE}, files),
        ("propose", {"options": [dear, new]}, ()),
        ("propose", {"options": [new, gift]}, ()),
    )
    for ticket, (move, fields, kept) in zip(found, steps, strict=False):
        moves.apply(
            ticket.id, move, fields, organisation=organisation, actor=f"user:{clerk.user.email}", actor_name=clerk.name, files=kept
        )
