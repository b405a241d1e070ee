"""The one intake: every door ends in `receive`. Acknowledged means committed: raw bytes, row, scores, fact together.

Set-based, one transaction for the batch (the caller's scope). Callers: the REST door, the log page, the demo, later
every other channel.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from customers import customers
from cxms.lib import failpoints, staging
from cxms.lib.ids import new_id, new_ids
from cxms.lib.staging import Json
from cxms.lib.text import normal_form
from feedback import scoring
from feedback.fingerprint import fingerprint
from feedback.models import Feedback, RawFeedback
from feedback.shapes import RawVoice, Receipt
from ledger.facts import record
from tenancy import queries
from tenancy.enums import Channel
from tenancy.queries import Codes

COLUMNS = ["id", "organisation_id", "raw_id", "raw_row", "channel", "external_id", "occurred_at", "received_at", "local_day", "customer_id", "unit_id", "staff_id", "touchpoint_id", "text", "normal", "fingerprint", "metadata", "excluded_reason"]
SCORE_COLUMNS = ["organisation_id", "feedback_id", "kind", "item", "value", "scale_min", "scale_max", "unit_id", "staff_id", "touchpoint_id", "channel", "local_day", "excluded"]


@dataclass(frozen=True)
class Source:
    """The bytes as they came, and by whom."""

    body: bytes
    content_type: str
    actor: str


def open_channels(organisation: int) -> frozenset[str]:
    """The channels the organisation has not switched off."""
    off = set(queries.organisation(organisation).channels_off)
    return frozenset(channel for channel in Channel.values if channel not in off)


def receive(
    raw: Sequence[RawVoice],
    *,
    organisation: int,
    source: Source,
    now: datetime,
    received_at: datetime | None = None,
    announce: bool = True,
    received_as_occurred: bool = False,
) -> list[Receipt]:
    """Stores a batch and says what became of each row, in order.

    A code the organisation does not know rejects its row only; a known (channel, external_id), in the table or earlier
    in the batch, is a duplicate of the first. Records one `feedback.received` for the batch. received_at: when the
    voices reached the organisation, for history brought over; announce=False leaves the fact out (the caller analyses);
    received_as_occurred: history whose every voice was received when it was spoken.
    """
    received_at = received_at or now
    codes = _codes(raw, organisation)
    receipts = [_check(voice, codes) for voice in raw]
    good = [voice for voice, receipt in zip(raw, receipts, strict=True) if receipt.status == "accepted"]
    if good:
        as_occurred = received_at if not received_as_occurred else None
        stored, first_of = _store(good, codes, organisation, source, now, as_occurred)
        outcomes = iter(_outcomes(good, stored, first_of))
        receipts = [next(outcomes) if receipt.status == "accepted" else receipt for receipt in receipts]
        kept = [receipt.id for receipt in receipts if receipt.status == "accepted"]
        if kept and announce:
            data = {"first": str(min(kept)), "last": str(max(kept)), "n": len(kept)}
            record("feedback.received", kept[0], data, organisation=organisation, now=now, actor=source.actor)
    failpoints.reach("intake.before_commit")
    return receipts


def look(raw: Sequence[RawVoice], *, organisation: int) -> list[Receipt]:
    """What `receive` would say of a batch, without receiving it: a dry run."""
    codes = _codes(raw, organisation)
    wanted = {voice.external_id for voice in raw if voice.external_id}
    rows = Feedback.objects.filter(organisation_id=organisation, external_id__in=wanted)
    taken: dict[tuple[str, str | None], uuid.UUID | None] = {
        (channel, external): key for channel, external, key in rows.values_list("channel", "external_id", "id")
    }
    receipts = []
    for voice in raw:
        receipt = _check(voice, codes)
        name = (voice.channel, voice.external_id)
        if receipt.status == "accepted" and voice.external_id:
            if name in taken:
                receipt = Receipt("duplicate", id=taken[name])
            taken.setdefault(name, None)
        receipts.append(receipt)
    return receipts


def _codes(raw: Sequence[RawVoice], organisation: int) -> Codes:
    return queries.codes(
        organisation=organisation,
        units={voice.unit for voice in raw if voice.unit},
        staff={voice.staff for voice in raw if voice.staff},
        touchpoints={voice.touchpoint for voice in raw if voice.touchpoint},
    )


def _check(voice: RawVoice, codes: Codes) -> Receipt:
    for name, known in (("unit", codes.units), ("staff", codes.staff), ("touchpoint", codes.touchpoints)):
        value = getattr(voice, name)
        if value and value not in known:
            detail = f"{name} {value!r} is not in the catalogue"
            return Receipt("rejected", code=f"unknown_{name}", field=name, detail=detail)
    return Receipt("accepted")


def _store(
    good: list[RawVoice], codes: Codes, organisation: int, source: Source, now: datetime, received_at: datetime | None
) -> tuple[dict[uuid.UUID, Any], list[uuid.UUID]]:
    """Stores raw bytes, rows and scores; gives the stored ids and the id each voice was tried under."""
    raw_id = _keep_raw(good, organisation, source, received_at or now)
    zone = queries.zone(queries.organisation(organisation).timezone)
    owners = customers.resolve([voice.customer for voice in good], organisation=organisation, now=now)
    ids = new_ids(len(good))
    days: dict[datetime, date] = {}
    rows, facts = [], {}
    for voice, owner, key in zip(good, owners, ids, strict=True):
        occurred = voice.occurred_at or received_at or now
        day = days.get(occurred)
        if day is None:
            day = days[occurred] = occurred.astimezone(zone).date()
        staff = codes.staff.get(voice.staff)
        unit = codes.units.get(voice.unit) or codes.staff_units.get(staff)
        touchpoint = codes.touchpoints.get(voice.touchpoint)
        normal = normal_form(voice.text)
        facts[key] = (voice, unit, staff, touchpoint, day)
        rows.append(
            (key, organisation, raw_id, voice.row, voice.channel, voice.external_id, occurred)
            + (received_at or occurred, day, owner)
            + (unit, staff, touchpoint, voice.text, normal, fingerprint(normal), Json(voice.metadata), "")
        )
    conflict = "on conflict (organisation_id, channel, external_id) where external_id is not null do nothing"
    stored = {
        _uuid(row[0]): row[1]
        for row in staging.insert("feedback_feedback", COLUMNS, rows, on_conflict=conflict, returning="id, raw_row")
    }
    staging.insert("feedback_score", SCORE_COLUMNS, _score_rows(organisation, facts, set(stored)))
    return stored, ids


def _uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def _keep_raw(good: list[RawVoice], organisation: int, source: Source, received_at: datetime) -> uuid.UUID:
    return RawFeedback.objects.create(
        id=new_id(),
        organisation_id=organisation,
        channel=good[0].channel,
        content_type=source.content_type[:80],
        body=source.body,
        sha256=hashlib.sha256(source.body).digest(),
        actor=source.actor[:120],
        received_at=received_at,
    ).id


def _score_rows(organisation: int, facts: dict[uuid.UUID, Any], stored: set[uuid.UUID]) -> list[tuple[Any, ...]]:
    rows = []
    for key, (voice, unit, staff, touchpoint, day) in facts.items():
        if not voice.scores or key not in stored:
            continue
        tail = (unit, staff, touchpoint, voice.channel, day, False)
        for score in voice.scores:
            rows.append(
                (organisation, key, score.kind, score.item, score.value, score.scale_min, score.scale_max, *tail)
            )
        index = scoring.csi_index(voice.scores)
        if index is not None:
            rows.append((organisation, key, "csi", "", index, *scoring.INDEX_SCALE, *tail))
    return rows


def _outcomes(good: list[RawVoice], stored: dict[uuid.UUID, Any], ids: list[uuid.UUID]) -> list[Receipt]:
    """Accepted where our id was stored; else the duplicate of whoever holds (channel, external_id)."""
    lost = [voice for voice, key in zip(good, ids, strict=True) if key not in stored]
    holders: dict[tuple[str, str | None], uuid.UUID] = {}
    if lost:
        rows = Feedback.objects.filter(external_id__in={voice.external_id for voice in lost})
        holders = {(row.channel, row.external_id): row.id for row in rows.only("id", "channel", "external_id")}
    return [
        Receipt("accepted", id=key)
        if key in stored
        else Receipt("duplicate", id=holders.get((voice.channel, voice.external_id)))
        for voice, key in zip(good, ids, strict=True)
    ]


