"""Actions of the demo: some due already, so that the figures have judged them, some under way."""

from datetime import datetime, timedelta

from improvement import actions
from improvement.actions import Plan
from improvement.enums import Source, State
from tenancy import queries
from tenancy.models import Member, Unit

# title, metric, unit, conditions, began days ago, due in days, target
ACTIONS: tuple[tuple[str, str, str, dict[str, str], int, int, float | None], ...] = (
    ("维修到店即报配件到货日", "nps", "SOUTH", {"topic": "after_sales"}, 60, -4, 20.0),
    ("退款 3 日到账并短信告知", "ces", "HQ", {}, 56, -3, 5.9),
    ("估价差超过 5% 先打电话", "csat", "EAST", {"touchpoint": "return_refund"}, 40, -2, None),
    ("安装迟到 15 分钟自动致歉", "csi", "HQ", {}, 20, 6, 80.0),
    ("门店早会念两条原话", "nps", "HZ-XIXI", {}, 10, 20, None),
)


def load(*, organisation: int, now: datetime) -> None:
    """Writes the actions; the timer checks what is due."""
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    units = {unit.code: unit for unit in Unit.objects.filter(organisation_id=organisation)}
    root = next(unit for unit in units.values() if unit.parent_id is None)
    owners = list(Member.objects.filter(organisation_id=organisation).order_by("name")[:5])
    for i, (title, metric, code, where, began, due, target) in enumerate(ACTIONS):
        found = Plan(
            title=title,
            metric=metric,
            owner=owners[i % len(owners)],
            unit=units.get(code, root),
            start_date=today - timedelta(days=began),
            due_date=today + timedelta(days=due),
            target=target,
            where=where,
            source=Source.TOPIC if "topic" in where else Source.METRIC,
        )
        row = actions.plan(found, token=f"demo-{i}", organisation=organisation, now=now, actor="demo")
        if due > 0:
            actions.move(row.id, State.DO, version=row.version, organisation=organisation, now=now, actor="demo")
