"""What the demo's manager put together to see clearly: two dashboards for everybody, what happened on which day, the model tree, a watch on the figures, whose lists points come to."""

import uuid
from datetime import datetime, timedelta

from alerts import metric_check, metric_rules
from feedback import points
from metrics import model_versions, targets
from metrics.model_tree import Node
from metrics.targets import Wanted
from reports import annotations, saved_dashboards
from tenancy import members, queries
from tenancy.models import Unit, User

MANAGER = "manager@demo.cxms.example"
EVENTS = (("HQ", 11, "双十一大促"), ("EAST", 26, "华东配件仓搬家"), ("HQ", 47, "十一长假"))
# (metric, value, from how many days ago, more of it)
TARGETS: tuple[tuple[str, str, int, dict[str, str]], ...] = (
    ("nps", "20", 400, {"note": "去年的目标"}),
    ("nps", "25", 60, {"note": "四季度"}),
    ("nps", "31", 120, {"competitor": "对手甲", "basis": "competitor", "source": "对手甲年度服务报告，第 12 页"}),
    ("promise_attainment", "95", 200, {"basis": "contract", "source": "总部与门店服务协议 3.2", "dimension": "clause", "code": "solution"}),
    ("waiting_time", "8", 60, {}),
)
# where the chain means to win, where it keeps up
STANCES = {"people": "compete", "recovery": "compete", "value": "parity", "place": "parity"}
# topics whose points come to the manager's list; "" are the needs
LISTS = ("", "price", "product_quality", "waiting_time", "staff_attitude")
WATCH = {"name": "大区 NPS 真实下降", "metric": "nps", "kind": "change", "side": "below", "grain": "week", "by": "unit", "roles": ["cx_manager", "executive"]}


def load(*, organisation: int, now: datetime) -> None:
    """Made by the manager, in the organisation's language."""
    user = User.objects.filter(email=MANAGER).first()
    seat = members.seat_of(user, organisation=organisation) if user else None
    if seat is None:
        return
    actor = f"user:{MANAGER}"
    for name, (title, rows) in saved_dashboards.presets().items():
        key = uuid.uuid5(uuid.UUID(int=organisation), name)
        row = saved_dashboards.add(key, title, rows, seat, organisation=organisation, now=now, actor=actor)
        if row.version == 1:
            saved_dashboards.describe(row, title, [saved_dashboards.EVERYBODY], version=1, now=now, actor=actor)
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    units = {unit.code: unit for unit in Unit.objects.filter(organisation_id=organisation)}
    root = next(unit for unit in units.values() if unit.parent_id is None)
    for code, ago, text in EVENTS:
        key = uuid.uuid5(uuid.UUID(int=organisation), text)
        annotations.add(
            key, units.get(code, root), today - timedelta(days=ago), text, seat.member, organisation=organisation, now=now, actor=actor
        )
    nodes = [Node(**{**node.kept(), "flag": STANCES.get(node.id, "")}) for node in model_versions.universal(organisation=organisation)]
    if model_versions.latest(organisation=organisation) is None:
        note = "从通用的树开始，人与售后要赢"
        model_versions.save(nodes, on=0, note=note, organisation=organisation, now=now, actor=actor, actor_name=seat.member.name)
    for at, (metric, value, ago, more) in enumerate(TARGETS):
        aim = Wanted(metric, value, (today - timedelta(days=ago)).isoformat(), **more)
        targets.put(uuid.uuid5(uuid.UUID(int=organisation), f"target-{at}"), aim, organisation=organisation, now=now, actor=actor)
    wanted = metric_check.check(WATCH, organisation=organisation)
    metric_rules.put(uuid.uuid5(uuid.UUID(int=organisation), "watch"), wanted, version=None, organisation=organisation, now=now, actor=actor)
    for topic, route in points.routes(organisation=organisation).items():
        if topic in LISTS and not route.version:
            points.send(topic, route.side, str(seat.member.id), organisation=organisation, version=0, now=now, actor=actor)
