"""A promise policy as a form: clauses with targets in minutes, hours or days, and back to the specification stored.

Used by the policy page and by the wizard. What a clause is stays with `complaints.clock_specs`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import override

from complaints.clock_specs import SPECS
from complaints.enums import Severity
from complaints.policies_check import MATCH_KEYS, PolicyError
from web import clock_face, words
from web.clock_face import Face

FIELDS = ("code", "kind", "amount", "unit", "calendar", "warn", "after", "promise", "basis", "extend", "close")
UNITS = {"m": words.MINUTE, "h": words.HOUR, "d": words.DAY}


@dataclass(frozen=True)
class ClauseRow:
    """One clause as the form shows it; `face` is its clock at the start, as customers will see it."""

    i: int
    code: str
    kind: str
    amount: str
    unit: str
    calendar: str
    warn: str
    after: str
    promise: str = ""
    basis: str = "same"
    extend: str = ""
    close: str = ""
    face: Face | None = None
    is_on: bool = True

    @property
    def label(self) -> str:
        """What kind of promise it is."""
        return clause_words(self.kind)


    @property
    def spoken(self) -> str:
        """What customers read when nothing is written here."""
        try:
            return words.promise(self.kind, _seconds(self.amount, self.unit, self))
        except PolicyError:
            return self.label


def clause_words(kind: str) -> str:
    """What a kind of clause asks for, without its target."""
    said = {
        "notify": _("告诉高管"),
        "first_response": _("首次回应"),
        "reconstruction": _("还原事件"),
        "solution": _("客户接受方案"),
        "resolution": _("解决"),
        "reflection": _("反思原因"),
        "visit": _("上门"),
    }
    return said.get(kind, kind)


def split(seconds: int) -> tuple[str, str]:
    """A span as amount and the largest unit that divides it: (“2”, “h”)."""
    for unit in ("d", "h", "m"):
        if seconds % UNITS[unit] == 0 and seconds >= UNITS[unit]:
            return str(seconds // UNITS[unit]), unit
    return f"{seconds / words.MINUTE:g}", "m"


def rows_of(clauses: Sequence[Mapping[str, Any]]) -> list[ClauseRow]:
    """The rows of stored clauses."""
    return [_row(i, clause) for i, clause in enumerate(clauses)]


def _row(i: int, clause: Mapping[str, Any]) -> ClauseRow:
    amount, unit = split(clause["target_seconds"])
    spec = SPECS[clause["kind"]]
    warn = ", ".join(f"{share * 100:g}%" for share in clause.get("warn_shares", spec.warn_shares))
    after = ", ".join(f"{seconds / words.MINUTE:g}" for seconds in clause.get("after_seconds", spec.after_seconds))
    said = clause.get("promise", "")
    days = clause.get("extend_seconds", 0) / words.DAY
    face = clock_face.standing(clause["kind"], clause["target_seconds"], promise=said)
    return ClauseRow(
        i, clause["code"], clause["kind"], amount, unit, clause["calendar"], warn, after, said,
        clause.get("after_calendar", "same"), f"{days:g}" if days else "", closes(clause), face,
    )  # fmt: skip


def closes(clause: Mapping[str, Any]) -> str:
    """From which severity on a ticket cannot be closed without its reflection; "" where the clause knows no such thing."""
    return str(clause.get("close_from") or Severity.HIGH.value) if clause["kind"] == "reflection" else ""


def typed(request: HttpRequest) -> list[ClauseRow]:
    """The rows of the form, the added one among them when it has a kind."""
    columns = [[value.replace("\x00", "").strip()[:200] for value in request.POST.getlist(f"c_{name}")] for name in FIELDS]
    gone = set(request.POST.getlist("c_gone"))
    rows: list[ClauseRow] = []
    # a form that shows fewer fields than there are, as the wizard's, leaves the rest empty
    for i, values in enumerate(zip_longest(*columns, fillvalue="")):
        code, kind = values[0], values[1]
        if kind:
            taken = {row.code for row in rows}
            fresh = kind if kind not in taken else f"{kind}-{i}"
            is_on = not code or code not in gone
            rows.append(_typed_row(i, (code or fresh, *values[1:]), is_on))
    return rows


def _typed_row(i: int, values: tuple[str, ...], is_on: bool) -> ClauseRow:
    code, kind, amount, unit, calendar, warn, after, promise, basis, extend, close = values
    return ClauseRow(i, code, kind, amount, unit, calendar, warn, after, promise, basis, extend, close, is_on=is_on)


def clauses_of(rows: Sequence[ClauseRow], before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The clauses of the rows that stay; what the form does not show is kept from `before`. Raises PolicyError."""
    known = {clause["code"]: clause for clause in before}
    found = []
    for row in rows:
        if not row.is_on:
            continue
        clause = {
            "code": row.code,
            "kind": row.kind,
            "target_seconds": _seconds(row.amount, row.unit, row),
            "calendar": row.calendar or "always",
            "warn_shares": [share / 100 for share in _numbers(row.warn, row, _("提醒"))],
            "after_seconds": [round(minutes * words.MINUTE) for minutes in _numbers(row.after, row, _("升级"))],
        }
        clause |= {"promise": row.promise, "after_calendar": row.basis or "same", "extend_seconds": _days(row)}
        if row.code in known and known[row.code]["kind"] == row.kind:
            clause["pausable_by"] = known[row.code].get("pausable_by")
            clause["close_from"] = row.close or known[row.code].get("close_from")
        found.append(clause)
    return found


def _seconds(amount: str, unit: str, row: ClauseRow) -> int:
    try:
        return round(float(amount) * UNITS[unit])
    except (ValueError, KeyError, OverflowError) as error:
        message = _("“%(clause)s”的时限写成一个数") % {"clause": row.label}
        raise PolicyError(message, code="bad_target", field="clauses") from error


def _days(row: ClauseRow) -> int:
    try:
        return round(float(row.extend or 0) * words.DAY)
    except (ValueError, OverflowError) as error:
        message = _("“%(clause)s”可以延长几天，写成一个数") % {"clause": row.label}
        raise PolicyError(message, code="bad_extension", field="clauses") from error


def _numbers(text: str, row: ClauseRow, what: str) -> list[float]:
    try:
        return [float(part.rstrip("%")) for part in re.split(r"[,，、;；\s]+", text) if part]
    except ValueError as error:
        message = _("“%(clause)s”的%(what)s写成几个数，用逗号隔开") % {"clause": row.label, "what": what}
        raise PolicyError(message, code="bad_numbers", field="clauses") from error


def match_of(request: HttpRequest) -> dict[str, list[str]]:
    """The conditions of the form: several values of one key are “or”, keys are “and”."""
    found = {}
    for key in MATCH_KEYS:
        values = [value.strip()[:64] for part in request.POST.getlist(f"m_{key}") for value in re.split(r"[,，、]", part)]
        if any(values):
            found[key] = [value for value in dict.fromkeys(values) if value]
    return found


def name_of(clauses: Sequence[Mapping[str, Any]], language: str) -> str:
    """A policy's name by what it promises, in a language: 直达高管 · 1 小时还原 · 2 小时方案."""
    with override(language):
        said = [words.promise(c["kind"], c["target_seconds"]) for c in clauses if c["kind"] != "reflection"]
    name = " · ".join(said)[:120]
    return name[:1].upper() + name[1:]
