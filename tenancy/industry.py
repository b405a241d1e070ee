"""Industry templates: the touchpoints, exposure, hours and first question a kind of business starts with.

One TOML a business in `industries/`, found by its name; a new one needs no code.
"""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from tenancy import audit
from tenancy.models import Organisation, Touchpoint

FOLDER = Path(__file__).parent / "industries"
ORDER = ("retail", "restaurant", "ecommerce", "food_delivery", "hotel", "airline", "ride_hailing", "bank", "telecom", "hospital")


class IndustryError(DomainError):
    """There is no such template."""


@dataclass(frozen=True)
class Industry:
    """A template. `names`, and the names inside `touchpoints`, by language."""

    code: str
    names: dict[str, str]
    exposure: str
    calendar: str
    survey: str
    touchpoints: tuple[dict[str, Any], ...]

    @property
    def label(self) -> str:
        """Its name in the active language."""
        return said(self.names, get_language() or "")

    @property
    def stages(self) -> list[tuple[str, list[str]]]:
        """The stages in order with their touchpoints, in the active language."""
        language = get_language() or ""
        found: dict[str, list[str]] = {}
        for row in self.touchpoints:
            found.setdefault(said(row["stage"], language), []).append(said(row["name"], language))
        return list(found.items())


def said(names: dict[str, str], language: str) -> str:
    """The name in a language, else in 简体中文."""
    return names.get(language, names["zh-hans"])


@cache
def every() -> dict[str, Industry]:
    """All templates by code, the common ones first."""
    paths = sorted(FOLDER.glob("*.toml"), key=lambda p: (ORDER.index(p.stem) if p.stem in ORDER else len(ORDER), p.stem))
    found = {}
    for path in paths:
        spec = tomllib.loads(path.read_text(encoding="utf-8"))
        found[path.stem] = Industry(
            path.stem, spec["name"], spec["exposure"], spec["calendar"], spec["survey"], tuple(spec["touchpoints"])
        )
    return found


def adopt(code: str, *, organisation: int, now: datetime, actor: str) -> Industry:
    """Makes the template's touchpoints the catalogue, in the organisation's language; others are retired, never deleted.

    Also sets what complaint rates are counted per. Adopting the same again puts its catalogue back.
    """
    template = every().get(code)
    if template is None:
        raise IndustryError(_("没有这个行业模板"), code="unknown_industry", field="industry")
    place = Organisation.objects.select_for_update().get(id=organisation)
    rows = {row.code: row for row in Touchpoint.objects.select_for_update().filter(organisation_id=organisation)}
    for row in rows.values():
        if row.retired_at is None and row.code not in {spec["code"] for spec in template.touchpoints}:
            row.retired_at, row.version = now, row.version + 1
            row.save(update_fields=["retired_at", "version"])
    for i, spec in enumerate(template.touchpoints):
        row = rows.get(spec["code"]) or Touchpoint(organisation_id=organisation, code=spec["code"], version=0)
        row.name, row.stage = said(spec["name"], place.language), said(spec["stage"], place.language)
        row.position, row.retired_at, row.version = i, None, row.version + 1
        row.save()
    place.industry, place.complaint_exposure, place.version = code, template.exposure, place.version + 1
    place.save(update_fields=["industry", "complaint_exposure", "version"])
    audit.note("industry.adopted", code, organisation=organisation, actor=actor, now=now)
    return template
