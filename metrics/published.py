"""公开指数: what somebody published, with year, publisher and source. Kept apart: it enters no series and no export unmarked.

Shipped ones are TOML files in `indices/`, read-only, found by their name; an organisation adds its own beside them.
"""

import tomllib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from metrics.definitions.table import BY_CODE
from metrics.models import PublishedValue
from metrics.targets import value_of
from tenancy import audit

FOLDER = Path(__file__).parent / "indices"
LONGEST = {"name": 60, "publisher": 80, "source": 300}


class PublishedError(DomainError):
    """The value cannot be kept as asked."""


@dataclass(frozen=True)
class Value:
    """What was published for a year. key: the row of an organisation's own addition, None for a shipped one."""

    year: int
    value: float
    source: str
    key: uuid.UUID | None = None


@dataclass(frozen=True)
class Index:
    """A published index. metric: the one it may be drawn beside, on the same scale; scopes: what it covers, by language."""

    code: str
    name: str
    publisher: str
    metric: str
    values: tuple[Value, ...]
    scopes: Mapping[str, str] = field(default_factory=dict)
    is_shipped: bool = True

    @property
    def label(self) -> str:
        """Name and scope in the active language."""
        said = self.scopes.get(get_language() or "", self.scopes.get("en", ""))
        return f"{self.name} {said}".strip()

    def until(self, year: int) -> Value | None:
        """The newest value of a year or before it."""
        return max((one for one in self.values if one.year <= year), key=lambda one: one.year, default=None)


@cache
def shipped() -> tuple[Index, ...]:
    """The ones in `indices/`."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        spec = tomllib.loads(path.read_text(encoding="utf-8"))
        values = tuple(Value(int(row["year"]), float(row["value"]), row["source"]) for row in spec["values"])
        found.append(Index(path.stem.replace("_", "-"), spec["name"], spec["publisher"], spec["metric"], values, spec["scope"]))
    return tuple(found)


def indices(*, organisation: int, metric: str = "") -> list[Index]:
    """The shipped ones, then the organisation's own by name; of one metric when it is named."""
    rows = PublishedValue.objects.filter(organisation_id=organisation, withdrawn_at__isnull=True).order_by("name", "year")
    own: dict[tuple[str, str], list[PublishedValue]] = {}
    for row in rows:
        own.setdefault((row.metric, row.name), []).append(row)
    made = [
        Index(f"own-{name}", name, values[-1].publisher, code, tuple(Value(v.year, float(v.value), v.source, v.id) for v in values), {}, False)
        for (code, name), values in own.items()
    ]
    return [one for one in [*shipped(), *made] if metric in {"", one.metric}]


def line(index: Index, years: Sequence[int]) -> list[float | None]:
    """The newest value until each year, as a trend draws it."""
    found = [index.until(year) for year in years]
    return [None if one is None else one.value for one in found]


def add(key: uuid.UUID, given: Mapping[str, str], *, organisation: int, now: datetime, actor: str) -> PublishedValue:
    """Adds a value: name, publisher, metric, year, value, source as texts; the same key again gives the first. PublishedError."""
    there = PublishedValue.objects.filter(organisation_id=organisation, id=key).first()
    if there is not None:
        return there
    texts = {name: " ".join(given.get(name, "").split()) for name in LONGEST}
    for name, most in LONGEST.items():
        if not texts[name]:
            raise PublishedError(_("这一项要写"), code="missing", field=name)
        if len(texts[name]) > most:
            raise PublishedError(_("最多 %(most)d 字") % {"most": most}, code="too_long", field=name)
    definition, year = BY_CODE.get(given.get("metric", "")), given.get("year", "")
    if definition is None:
        raise PublishedError(_("没有这个指标"), code="unknown_metric", field="metric")
    if not year.isascii() or not year.isdigit() or not 1990 <= int(year) <= now.year:
        raise PublishedError(_("写发布的年份，1990 年到今年"), code="bad_year", field="year")
    value: Decimal = value_of(given.get("value", ""), definition)
    try:
        with transaction.atomic():
            row = PublishedValue.objects.create(
                id=key, organisation_id=organisation, metric=definition.code, year=int(year), value=value, added_at=now, added_by=actor[:120], **texts
            )
    except IntegrityError as error:
        raise PublishedError(_("这一年已经有了；写错的先撤回"), code="there_already", field="year") from error
    audit.note("published.added", row.id, organisation=organisation, actor=actor, now=now, detail={"name": row.name, "year": row.year, "value": str(value)})
    return row


def withdraw(key: uuid.UUID, *, organisation: int, now: datetime, actor: str) -> PublishedValue | None:
    """Takes an own addition out; again is a no-op. None if there is none."""
    row = PublishedValue.objects.select_for_update().filter(organisation_id=organisation, id=key).first()
    if row is None or row.withdrawn_at is not None:
        return row
    row.withdrawn_at = now
    row.save(update_fields=["withdrawn_at"])
    audit.note("published.withdrawn", row.id, organisation=organisation, actor=actor, now=now, detail={"name": row.name, "year": row.year})
    return row
