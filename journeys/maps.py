"""Journey maps: drawn from the touchpoint catalogue, edited by writing the next version, compared in words.

A column is `{stage, touchpoint, metric, hand, lanes: {role, time, scene, expectation, pain, opportunity}}`; `touchpoint` is a
code of the catalogue, `hand` the feeling a person drew, −2 to +2 or None, `metric` a code of the register or "".
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from journeys.enums import Lane
from journeys.models import JourneyMap, MapVersion
from ledger.facts import record
from metrics.definitions.table import BY_CODE
from tenancy.models import Member, Touchpoint

MAX_COLUMNS = 50
MAX_TEXT = 200
Column = dict[str, Any]


class MapError(DomainError):
    """The map cannot be written as asked."""


class StaleMap(MapError):
    """Somebody else wrote a version since it was read."""

    code = "stale_version"


def draw(
    name: str, persona: str, *, token: str, owner: Member, organisation: int, now: datetime, actor_name: str
) -> JourneyMap:
    """A new map with a column per touchpoint of the catalogue, in its order. The same token is the same map."""
    there = JourneyMap.objects.filter(organisation_id=organisation, token=token).first()
    if there is not None:
        return there
    if not 2 <= len(name.strip()) <= 80:
        raise MapError(_("名称 2 至 80 字"), code="bad_name", field="name")
    points = Touchpoint.objects.filter(organisation_id=organisation, retired_at__isnull=True)
    columns = [blank(point) for point in points.order_by("position", "code")[:MAX_COLUMNS]]
    row = JourneyMap.objects.create(
        organisation_id=organisation, name=name.strip(), persona=persona.strip()[:80], owner=owner, created_at=now, token=token[:40]
    )
    _write(row, columns, now=now, actor_name=actor_name)
    record("journey.drawn", row.id, {"version": 1}, organisation=organisation, now=now, actor=actor_name)
    return row


def blank(point: Touchpoint) -> Column:
    """An empty column of a touchpoint, bound to NPS."""
    lanes = dict.fromkeys(Lane.values, "")
    return {"stage": point.stage, "touchpoint": point.code, "metric": "nps", "hand": None, "lanes": lanes}


def edit(
    key: uuid.UUID, columns: Sequence[Mapping[str, Any]], *, version: int, organisation: int, now: datetime, actor_name: str
) -> JourneyMap:
    """Writes the next version; nothing changed writes nothing. Raises MapError, StaleMap."""
    row = JourneyMap.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None:
        raise MapError(_("找不到这张图"), code="not_found")
    if row.version != version:
        raise StaleMap(_("这张图刚被别人改过，请看过再保存"), field="version")
    clean = checked(columns, organisation=organisation)
    if clean == at_version(row, row.version):
        return row
    row.version += 1
    row.save(update_fields=["version"])
    _write(row, clean, now=now, actor_name=actor_name)
    record("journey.edited", row.id, {"version": row.version}, organisation=organisation, now=now, actor=actor_name)
    return row


def checked(columns: Sequence[Mapping[str, Any]], *, organisation: int) -> list[Column]:
    """The columns in clean form. Raises MapError naming the column."""
    if not 1 <= len(columns) <= MAX_COLUMNS:
        raise MapError(_("应有 1 至 50 列"), code="bad_columns", field="columns")
    known = set(Touchpoint.objects.filter(organisation_id=organisation).values_list("code", flat=True))
    found = []
    for number, column in enumerate(columns, start=1):
        point, metric, hand = column.get("touchpoint"), column.get("metric") or "", column.get("hand")
        if point not in known:
            raise MapError(_("第 %(n)d 列：没有这个触点") % {"n": number}, code="unknown_touchpoint", field=f"columns[{number}]")
        if metric and (metric not in BY_CODE or "touchpoint" not in BY_CODE[metric].dimensions):
            raise MapError(_("第 %(n)d 列：没有这个指标") % {"n": number}, code="unknown_metric", field=f"columns[{number}]")
        if hand is not None and (isinstance(hand, bool) or not isinstance(hand, int | float) or not -2 <= hand <= 2):
            raise MapError(_("第 %(n)d 列：情绪 −2 至 +2") % {"n": number}, code="bad_feeling", field=f"columns[{number}]")
        lanes = column.get("lanes") or {}
        found.append(
            {
                "stage": str(column.get("stage") or "").strip()[:40], "touchpoint": point, "metric": metric, "hand": hand,
                "lanes": {lane: str(lanes.get(lane) or "").strip()[:MAX_TEXT] for lane in Lane.values},
            }  # fmt: skip
        )
    if len({column["touchpoint"] for column in found}) != len(found):
        raise MapError(_("同一个触点只能有一列"), code="touchpoint_twice", field="columns")
    return found


def _write(row: JourneyMap, columns: list[Column], *, now: datetime, actor_name: str) -> None:
    MapVersion.objects.create(
        organisation_id=row.organisation_id, map=row, number=row.version, columns=columns, created_at=now,
        created_by=actor_name[:80],
    )  # fmt: skip


def at_version(row: JourneyMap, number: int) -> list[Column]:
    """The columns of a version; MapError when there is none."""
    found = MapVersion.objects.filter(organisation_id=row.organisation_id, map=row, number=number).first()
    if found is None:
        raise MapError(_("没有这个版本"), code="not_found", field="version")
    columns: list[Column] = found.columns
    return columns


@dataclass(frozen=True)
class Difference:
    """One thing that differs between two versions: at which touchpoint, in which lane, from what to what."""

    touchpoint: str
    what: str
    before: str
    after: str


def differences(before: Sequence[Column], after: Sequence[Column]) -> list[Difference]:
    """What changed, column by column, moved ones by their place. Pure."""
    old = {column["touchpoint"]: (place, column) for place, column in enumerate(before, start=1)}
    new = {column["touchpoint"]: (place, column) for place, column in enumerate(after, start=1)}
    found = [Difference(code, "removed", "", "") for code in old if code not in new]
    shared_old = [code for code in old if code in new]
    shared_new = [code for code in new if code in old]
    for code, (place, column) in new.items():
        if code not in old:
            found.append(Difference(code, "added", "", str(place)))
            continue
        past = old[code][1]
        if shared_old.index(code) != shared_new.index(code):
            found.append(Difference(code, "moved", str(old[code][0]), str(place)))
        for name in ("stage", "metric", "hand"):
            if past[name] != column[name]:
                found.append(Difference(code, name, _said(past[name]), _said(column[name])))
        for lane in Lane.values:
            if past["lanes"].get(lane, "") != column["lanes"].get(lane, ""):
                found.append(Difference(code, lane, past["lanes"].get(lane, ""), column["lanes"].get(lane, "")))
    return found


def _said(value: object) -> str:
    return "" if value is None else str(value)
