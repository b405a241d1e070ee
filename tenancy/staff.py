"""Staff: the persons who are measured."""

import csv
import io
from datetime import datetime

from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from cxms.lib.text import CODE
from tenancy.models import Staff, Unit


class StaffError(DomainError):
    """The staff list cannot be changed as asked."""


def import_csv(text: str, *, organisation: int, now: datetime, actor: str) -> int:
    """Adds or updates staff from CSV (employee_no,unit,name). Raises StaffError naming the line."""
    units = {unit.code: unit for unit in Unit.objects.filter(organisation_id=organisation)}
    n = 0
    for number, row in enumerate(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))), start=2):
        employee_no, code = (row.get("employee_no") or "").strip(), (row.get("unit") or "").strip()
        if not CODE.match(employee_no):
            message = _("第 %(line)d 行：工号不合规") % {"line": number}
            raise StaffError(message, code="bad_code", field=f"line {number}")
        if code not in units:
            message = _("第 %(line)d 行：单元 %(unit)s 不存在") % {"line": number, "unit": code}
            raise StaffError(message, code="unknown_unit", field=f"line {number}")
        Staff.objects.update_or_create(
            organisation_id=organisation,
            employee_no=employee_no,
            defaults={"unit": units[code], "name": (row.get("name") or employee_no).strip()},
        )
        n += 1
    return n
