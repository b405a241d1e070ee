"""Departments of the demo, complaints on their way to them, and causes that were reflected on and came back."""

from datetime import datetime, timedelta

from complaints import handovers, moves, reflections
from complaints.lifecycle import UNSOLVED
from complaints.models import Reflection, Ticket
from tenancy import members, units
from tenancy.enums import Role, UnitKind
from tenancy.models import Unit, User

DEPARTMENTS = (("AFTER", "售后部", "魏涛"), ("LOGIS", "物流部", "罗敏"), ("QUALITY", "品控部", "沈岚"))
WORDS = (
    ("AFTER", "要拆机检测，门店没有设备", "今天给检测结论，客户在等"),
    ("LOGIS", "包裹停在中转仓两天", "查到在哪里，给一个送达时间"),
    ("AFTER", "同一台第二次送修", "定下换新还是再修"),
)


def add(*, organisation: int, now: datetime) -> None:
    """Three departments with somebody in each; three open complaints of this week handed to them."""
    root = Unit.objects.get(organisation_id=organisation, parent__isnull=True)
    people = {}
    for code, name, person in DEPARTMENTS:
        unit = units.add(
            organisation=organisation, code=code, kind=UnitKind.DEPARTMENT, name=name, parent=root, now=now, actor="demo"
        )
        user = User.objects.filter(email=f"{code.lower()}@demo.cxms.example").first()
        user = user or User.objects.create_user(f"{code.lower()}@demo.cxms.example", None, name=person)
        people[code] = members.add(
            organisation=organisation, user=user, name=person, roles=[(Role.STORE_MANAGER, unit)], now=now, actor="demo"
        )
    quality = Unit.objects.get(organisation_id=organisation, code="QUALITY")
    handovers.choose_target(quality, "60", organisation=organisation, now=now, actor="demo")
    live = Ticket.objects.filter(organisation_id=organisation, state__in=UNSOLVED, is_history=False)
    for ticket, (to, reason, needed) in zip(live.order_by("-received_at")[:3], WORDS, strict=False):
        giver = "user:manager@demo.cxms.example"
        fields = {"to": to, "reason": reason, "needed": needed}
        moves.apply(ticket.id, "hand_over", fields, organisation=organisation, actor=giver, actor_name=ticket.owner.name if ticket.owner else "")
        if to == "LOGIS":
            actor = f"user:{people[to].user.email}"
            moves.apply(ticket.id, "accept_handover", {}, organisation=organisation, actor=actor, actor_name=people[to].name)


LEARNED = (
    ("process.handover", "换班时没有人接着跟", "写入交接单，班前会逐条念"),
    ("product.inspection", "质检表没有低温这一项", "质检表补上低温测试"),
    ("promise.too_much", "先答应了再问仓库", "答应以前先看库存"),
)


def learn(*, organisation: int, now: datetime) -> None:
    """A dozen solved complaints reflected down to a cause; some preventions were done long ago, some lately."""
    rows = Ticket.objects.filter(organisation_id=organisation, state="closed", is_history=True, unit__isnull=False)
    chosen = list(rows.order_by("unit", "-received_at")[:240:20])
    for i, ticket in enumerate(chosen):
        code, why, prevention = LEARNED[i % len(LEARNED)]
        fields = {
            "whys": [why, "没有人写下来该谁做"], "cause_code": code, "prevention": prevention,
            "owner": "manager@demo.cxms.example", "due": (now + timedelta(days=14)).date().isoformat(),
        }  # fmt: skip
        moves.apply(ticket.id, "reflect", fields, organisation=organisation, actor="user:manager@demo.cxms.example")
        row = Reflection.objects.get(organisation_id=organisation, ticket=ticket)
        if i % 4 < 3:
            done_at = ticket.received_at + timedelta(days=5)
            reflections.action_done(row.id, min(done_at, now), organisation=organisation)
