"""Mail: raw RFC 5322 bytes → who wrote what, in answer to what, and whether a machine wrote it. Pure.

Quoted history below the answer is cut off; HTML is cleaned to text. What cannot be decoded becomes U+FFFD here, the raw
bytes stay with the row.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime

import nh3

from cxms.lib.text import clean_text

MAX_TEXT = 20_000
# before the first mail was sent
FIRST_YEAR = 1971
MACHINES = re.compile(r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounce[sd]?|notifications?)\b", re.I)
AWAY = re.compile(r"^(auto(matic|mated)?[ -]?(reply|response)|out of (the )?office|自动回复|自動回覆|退信)", re.I)
_HISTORY = (
    re.compile(r"^\s*-{2,}\s*(原始邮件|原始郵件|Original Message|转发邮件|Forwarded message).*", re.I),
    re.compile(r"^\s*(On .{5,120} wrote:|在.{5,120}(写道|寫道)[:：]|于.{5,120}写道[:：])\s*$", re.I),
    re.compile(r"^\s*(发件人|寄件者|From)\s*[:：].+", re.I),
)
_TICKET = re.compile(r"\[(C-\d{6}-\d{3,})\]")


@dataclass(frozen=True)
class Parsed:
    """A mail as we understand it. machine: why a machine wrote it, "" when a person did."""

    message_id: str
    from_email: str
    from_name: str
    subject: str
    text: str
    sent_at: datetime | None
    references: list[str] = field(default_factory=list)
    ticket: str = ""
    machine: str = ""


def parse(body: bytes) -> Parsed:
    """The mail in the bytes; never raises for what people and machines send."""
    mail = message_from_bytes(body, policy=policy.default)
    name, address = _sender(mail)
    subject = clean_text(" ".join(str(_header(mail, "Subject")).split()))[:300]
    references = re.findall(r"<[^<>\s]{3,300}>", f"{_header(mail, 'In-Reply-To')} {_header(mail, 'References')}")
    ticket = _TICKET.search(subject)
    return Parsed(
        message_id=_message_id(mail, body),
        from_email=clean_text(address)[:254].lower(),
        from_name=clean_text(name)[:120],
        subject=subject,
        text=_text(mail)[:MAX_TEXT],
        sent_at=_sent_at(mail),
        references=list(dict.fromkeys(clean_text(item)[:300] for item in references))[-20:],
        ticket=ticket.group(1) if ticket else "",
        machine=_machine(mail, address, subject),
    )


def unreadable(body: bytes) -> Parsed:
    """What is kept of a mail that cannot be taken apart: that it came. Called by its bytes, so that it is kept once."""
    return Parsed(f"<{hashlib.sha256(body).hexdigest()}@unreadable>", "", "", "", "", None, machine="unreadable")


def _header(mail: EmailMessage, name: str) -> str:
    """A header's text; "" where it is missing or so broken that the parser gives up."""
    try:
        return str(mail.get(name, "") or "")
    except Exception:  # the parser raises its own kinds for hostile headers
        return ""


def _sender(mail: EmailMessage) -> tuple[str, str]:
    found = getaddresses([_header(mail, "Reply-To") or _header(mail, "From")])
    name, address = found[0] if found else ("", "")
    return name, address if "@" in address else ""


def _message_id(mail: EmailMessage, body: bytes) -> str:
    """The sender's own, else one made of the bytes, so that the same mail is the same mail."""
    found = re.search(r"<[^<>\s]{3,290}>", _header(mail, "Message-ID"))
    if found:
        return clean_text(found.group())
    return f"<{hashlib.sha256(body).hexdigest()}@no-id>"


def _sent_at(mail: EmailMessage) -> datetime | None:
    """When it says it was sent; None for no date, and for one that no mail can bear: the last day of 9999 is past the end of time in UTC."""
    try:
        found = parsedate_to_datetime(_header(mail, "Date"))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return found if found.year >= FIRST_YEAR else None


def _machine(mail: EmailMessage, address: str, subject: str) -> str:
    """RFC 3834 and the habits of machines: nothing they send opens a case, so that two of them never talk for ever."""
    if _header(mail, "Auto-Submitted").strip().lower() not in {"", "no"}:
        return "auto_submitted"
    if _header(mail, "Precedence").strip().lower() in {"bulk", "junk", "list", "auto_reply"} or mail.get("List-Id"):
        return "bulk"
    if mail.get("X-Autoreply") or mail.get("X-Autorespond") or AWAY.match(subject):
        return "auto_reply"
    if mail.get_content_type() == "multipart/report" or _header(mail, "Return-Path").strip() == "<>":
        return "bounce"
    if MACHINES.match(address):
        return "no_reply_sender"
    return "" if address else "no_sender"


def _text(mail: EmailMessage) -> str:
    """The words of the answer itself."""
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        said = part.get_content()
    except (LookupError, ValueError, KeyError):
        payload = part.get_payload(decode=True)
        said = payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else ""
    said = str(said)
    if part.get_content_type() == "text/html":
        said = _plain(said)
    return _answer(clean_text(said))


def _plain(html: str) -> str:
    broken = re.sub(r"(?i)<(br|/p|/div|/tr|/li|/h\d)\b[^>]*>", "\n", html)
    without = re.sub(r"(?is)<blockquote\b.*?</blockquote>", "\n", broken)
    bare = nh3.clean(without, tags=set(), attributes={}, clean_content_tags={"script", "style", "title"})
    for name, sign in (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        bare = bare.replace(name, sign)
    return bare


def _answer(text: str) -> str:
    """The text above the quoted history."""
    kept: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if any(pattern.match(line) for pattern in _HISTORY) and any(part.strip() for part in kept):
            break
        if line.startswith(">"):
            continue
        if line.rstrip() in {"--", "-- "}:
            break
        kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
