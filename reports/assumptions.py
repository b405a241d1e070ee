"""What an organisation takes for granted about money where its own data do not tell: typed with a source, kept with history."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import clean_text
from reports.models import MoneyAssumption
from tenancy import audit, versions
from tenancy.models import Organisation

MOST_MINOR = 10**14
DAYS = (1, 730)
MULTIPLIERS = (Decimal(1), Decimal(1000))


class AssumptionError(DomainError):
    """The assumption cannot be kept as typed; `field` names the part."""


@dataclass(frozen=True)
class Wanted:
    """As typed: arpu in whole money ("" for none), currency, days and multiplier with their sources."""

    arpu: str = ""
    currency: str = ""
    source: str = ""
    return_days: str = "90"
    multiplier: str = "26"
    multiplier_source: str = ""


def current(*, organisation: int) -> MoneyAssumption:
    """The newest; before the first, what is published: 26 for each, ninety days, no revenue typed (version 0)."""
    found = MoneyAssumption.objects.filter(organisation_id=organisation).order_by("-version").first()
    return found or MoneyAssumption(organisation_id=organisation, version=0)


def history(*, organisation: int) -> list[MoneyAssumption]:
    """What was taken for granted before, the newest first."""
    return list(MoneyAssumption.objects.filter(organisation_id=organisation).order_by("-version")[:20])


def save(wanted: Wanted, version: int | None, *, organisation: int, now: datetime, actor: str) -> MoneyAssumption:
    """Keeps a new version; the same again writes nothing. Raises AssumptionError, Stale."""
    Organisation.objects.select_for_update().get(id=organisation)
    before = current(organisation=organisation)
    made = _checked(wanted)
    made.organisation_id, made.version, made.saved_at, made.saved_by = organisation, before.version + 1, now, actor[:120]
    changed = [name for name in ("arpu_minor", "currency", "source", "return_days", "multiplier", "multiplier_source") if getattr(made, name) != getattr(before, name)]
    if not changed:
        return before
    versions.check(before, version)
    made.save(force_insert=True)
    audit.note("money.assumed", "organisation", organisation=organisation, actor=actor, now=now, detail={"version": made.version, "fields": changed})
    return made


def _checked(wanted: Wanted) -> MoneyAssumption:
    arpu, currency = _number(wanted.arpu, "arpu") if wanted.arpu.strip() else None, wanted.currency.strip().upper()
    source = clean_text(wanted.source.strip())[:120]
    if arpu is not None and not Decimal("0.01") <= arpu <= MOST_MINOR // 100:
        raise AssumptionError(_("客均年消费要大于 0"), code="out_of_range", field="arpu")
    if arpu is not None and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise AssumptionError(_("请写三个字母的币种，如 CNY"), code="bad_currency", field="currency")
    if arpu is not None and not source:
        raise AssumptionError(_("请写这个数从哪里来"), code="source_missing", field="source")
    days, multiplier = _number(wanted.return_days, "return_days"), _number(wanted.multiplier, "multiplier")
    if not DAYS[0] <= days <= DAYS[1] or days != int(days):
        raise AssumptionError(_("天数在 1 到 730 之间"), code="out_of_range", field="return_days")
    if not MULTIPLIERS[0] <= multiplier <= MULTIPLIERS[1]:
        raise AssumptionError(_("倍数在 1 到 1000 之间"), code="out_of_range", field="multiplier")
    return MoneyAssumption(
        arpu_minor=None if arpu is None else int((arpu * 100).to_integral_value()), currency=currency if arpu is not None else "",
        source=source if arpu is not None else "", return_days=int(days), multiplier=multiplier.quantize(Decimal("0.01")),
        multiplier_source=clean_text(wanted.multiplier_source.strip())[:120],
    )  # fmt: skip


def typed_of(row: MoneyAssumption) -> Wanted:
    """What is in force as somebody would type it, to the last digit."""
    arpu = "" if row.arpu_minor is None else _plain(Decimal(row.arpu_minor) / 100)
    return Wanted(arpu, row.currency or "CNY", row.source, str(row.return_days), _plain(Decimal(row.multiplier)), row.multiplier_source)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(text: str, field: str) -> Decimal:
    try:
        value = Decimal(text.strip().replace(",", ""))
    except InvalidOperation as error:
        raise AssumptionError(_("请写一个数"), code="not_a_number", field=field) from error
    if not value.is_finite():
        raise AssumptionError(_("请写一个数"), code="not_a_number", field=field)
    return value
