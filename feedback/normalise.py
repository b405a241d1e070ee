"""Checking one payload against the contract of `POST /feedback`. Pure; every refusal names its field."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from customers.cards import Card
from cxms.lib.text import CODE, clean_text, is_storable
from feedback.shapes import SCALES, RawScore, RawVoice, ShapeError

MAX_TEXT = 20_000
MAX_SCORES = 60
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def voice(payload: Any, *, channels: frozenset[str], now: datetime, row: int = 0) -> RawVoice:
    """The voice in a payload, or ShapeError. Unknown fields are left in the raw bytes and ignored here."""
    if not isinstance(payload, dict):
        raise ShapeError("an object is expected", code="wrong_type", field="")
    channel = payload.get("channel")
    if not isinstance(channel, str) or channel not in channels:
        raise ShapeError("unknown or switched-off channel", code="unknown_channel", field="channel")
    text = optional_text(payload, "text", MAX_TEXT)
    scores = _scores(payload.get("scores"))
    if not text.strip() and not scores:
        raise ShapeError("neither text nor scores", code="empty", field="text")
    return RawVoice(
        channel=channel,
        text=clean_text(text),
        external_id=identifier(payload, "external_id", 120) or None,
        occurred_at=instant(payload, "occurred_at", now=now),
        customer=card(payload.get("customer")),
        unit=code(payload, "unit"),
        staff=code(payload, "staff"),
        touchpoint=code(payload, "touchpoint"),
        scores=scores,
        metadata=metadata(payload.get("metadata")),
        row=row,
    )


def optional_text(payload: dict[str, Any], name: str, most: int) -> str:
    """A text field, "" when absent or null."""
    value = payload.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ShapeError("a text is expected", code="wrong_type", field=name)
    if len(value) > most:
        raise ShapeError(f"longer than {most} characters", code="too_long", field=name)
    return value


def identifier(payload: dict[str, Any], name: str, most: int) -> str:
    """An id of the source's own: any storable text, "" when absent."""
    value = optional_text(payload, name, most)
    if not is_storable(value):
        raise ShapeError("holds NUL or a lone surrogate", code="bad_characters", field=name)
    if value and not value.strip():
        raise ShapeError("is blank", code="blank", field=name)
    return value


def code(payload: dict[str, Any], name: str) -> str:
    """A code of the organisation's catalogues, "" when absent."""
    value = identifier(payload, name, 64)
    if value and not CODE.match(value):
        raise ShapeError("not a code", code="bad_code", field=name)
    return value


def instant(payload: dict[str, Any], name: str, *, now: datetime, required: bool = False) -> datetime | None:
    """An ISO 8601 instant with offset, not before 2000 nor more than a day ahead."""
    value = payload.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str):
        raise ShapeError("an ISO 8601 instant with offset is expected", code="wrong_type", field=name)
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is None:
            raise ShapeError("the offset is missing", code="no_offset", field=name)
        parsed = parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ShapeError("not an ISO 8601 instant", code="bad_instant", field=name) from error
    if not EARLIEST <= parsed <= now + timedelta(days=1):
        raise ShapeError("before 2000 or in the future", code="out_of_range", field=name)
    return parsed


def card(value: Any) -> Card | None:
    """The customer part of a payload."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ShapeError("an object is expected", code="wrong_type", field="customer")
    try:
        found = Card(
            external_id=identifier(value, "external_id", 120),
            name=clean_text(optional_text(value, "name", 120)),
            phone=identifier(value, "phone", 40),
            email=identifier(value, "email", 254),
            tier=identifier(value, "tier", 24),
            union_id=identifier(value, "union_id", 64),
        )
    except ShapeError as error:
        raise ShapeError(error.message, code=error.code, field=f"customer.{error.field}") from error
    if found.phone and sum(c.isdigit() for c in found.phone) < 5:
        raise ShapeError("not a phone number", code="bad_phone", field="customer.phone")
    if found.email and "@" not in found.email:
        raise ShapeError("not an e-mail address", code="bad_email", field="customer.email")
    return found


def _scores(value: Any) -> tuple[RawScore, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ShapeError("a list is expected", code="wrong_type", field="scores")
    if len(value) > MAX_SCORES:
        raise ShapeError(f"more than {MAX_SCORES} scores", code="too_many", field="scores")
    found = tuple(_score(item, f"scores[{i}]") for i, item in enumerate(value))
    if len({(score.kind, score.item) for score in found}) != len(found):
        raise ShapeError("the same kind and item twice", code="duplicate_score", field="scores")
    return found


def _score(value: Any, where: str) -> RawScore:
    if not isinstance(value, dict):
        raise ShapeError("an object is expected", code="wrong_type", field=where)
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in SCALES:
        raise ShapeError("unknown score kind", code="unknown_kind", field=f"{where}.kind")
    low, high = _scale(value.get("scale"), kind, f"{where}.scale")
    number = value.get("value")
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ShapeError("a number is expected", code="wrong_type", field=f"{where}.value")
    if not low <= number <= high:
        raise ShapeError(f"outside {low} to {high}", code="out_of_range", field=f"{where}.value")
    if kind != "csi" and number != int(number):
        raise ShapeError("a whole number is expected", code="not_whole", field=f"{where}.value")
    try:
        item = code(value, "item")
    except ShapeError as error:
        raise ShapeError(error.message, code=error.code, field=f"{where}.item") from error
    if kind == "csi" and not item:
        raise ShapeError("a CSI score names its item", code="item_missing", field=f"{where}.item")
    return RawScore(kind=kind, value=round(Decimal(str(number)), 4), scale_min=low, scale_max=high, item=item)


def _scale(value: Any, kind: str, where: str) -> tuple[int, int]:
    if value is None:
        return SCALES[kind]
    whole = isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value)
    if not whole or not -100 <= value[0] < value[1] <= 100:
        raise ShapeError("[min, max] of whole numbers is expected", code="bad_scale", field=where)
    if kind == "nps" and tuple(value) != (0, 10):
        raise ShapeError("NPS is asked from 0 to 10", code="bad_scale", field=where)
    if kind in {"csat", "stars", "ces"} and not (value[0] in {0, 1} and value[1] <= 10):
        raise ShapeError("this kind is asked from 0 or 1 to at most 10", code="bad_scale", field=where)
    return value[0], value[1]


def metadata(value: Any) -> dict[str, Any]:
    """The free part of a payload, cleaned of what PostgreSQL cannot hold."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ShapeError("an object is expected", code="wrong_type", field="metadata")
    cleaned: dict[str, Any] = _clean(value)
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
