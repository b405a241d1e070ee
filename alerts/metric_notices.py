"""Who hears of a metric alert: the chosen roles over each cell's unit, one notice a person with the cells that are his.

Several cells of one rule are one notice. Who sleeps on the rule gets the bell only.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts import notices
from alerts.models import MetricAlert, MetricCell, MetricSnooze, Notice
from tenancy import members
from tenancy.models import Member

PURPOSE = "metric"
SHOWN = 3


def tell(alert: MetricAlert, cells: Sequence[MetricCell], *, organisation: int, now: datetime) -> list[Notice]:
    """Writes the notices of a fresh alert, in its transaction."""
    readers: dict[uuid.UUID, Member] = {}
    own: dict[uuid.UUID, list[MetricCell]] = {}
    over: dict[str, list[Member]] = {}
    roles = set(alert.rule.roles)
    for cell in cells:
        path = cell.unit.path
        if path not in over:
            over[path] = members.holders(roles, organisation=organisation, path=path)
        for person in over[path]:
            readers[person.id] = person
            own.setdefault(person.id, []).append(cell)
    asleep = set(MetricSnooze.objects.filter(organisation_id=organisation, rule=alert.rule, until__gt=now).values_list("member_id", flat=True))
    extra: dict[uuid.UUID, dict[str, Any]] = {
        key: {"cells": [_said(cell) for cell in mine[:SHOWN]], "n_cells": len(mine), **({"silent": True} if key in asleep else {})}
        for key, mine in own.items()
    }
    data = {
        "rule": alert.name, "metric": alert.metric, "condition": alert.condition, "by": alert.by, "grain": alert.grain,
        "from": alert.from_date.isoformat(), "to": alert.to_date.isoformat(), "path": alert.rule.unit.path, "unit": alert.rule.unit.name,
    }  # fmt: skip
    return notices.tell(
        None, list(readers.values()), PURPOSE, f"{PURPOSE}:{alert.id}", data, organisation=organisation, now=now, extra=extra, alert=alert.id
    )


def _said(cell: MetricCell) -> dict[str, Any]:
    return {"code": cell.code, "label": cell.label, "figures": cell.figures}
