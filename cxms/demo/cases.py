"""The demo's complaints: three thousand of the past in bulk, a dozen that stand open and will break while one watches."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from complaints import casework, clocks, history, moves, sla_policies, tickets
from complaints.clocks import Moment
from complaints.history import Case, Step
from complaints.models import Ticket
from complaints.tickets import Opening
from cxms.demo.phrases import LIVE
from cxms.demo.voices import cards
from feedback import analysis, intake, nlp
from feedback.intake import Source
from feedback.models import Analysis, Feedback
from feedback.shapes import RawVoice
from tenancy import members
from tenancy.enums import Role
from tenancy.models import Member, Unit

FIVE = ("who", "when", "where", "what", "evidence")
CAUSES = ("配件批次", "渠道无人值守", "交接遗漏", "讲解不清", "系统延迟", "人手不足")
OFFERS = ("换新机，延保 6 个月", "全额退款", "免费再修并借备用机", "补偿 200 元代金券", "重新上门，免收安装费", "差价双倍退还")
REPLIES = ("您好，我们已收到，正在核实。", "非常抱歉，给您添麻烦了，我马上查。", "您好，我是店长，这件事由我负责。")


def bring_past(rng: Random, *, organisation: int, now: datetime, n: int, owners: dict[Any, list[Member]]) -> int:
    """Turns `n` complaints among the analysed voices into cases with their history. Returns how many there were."""
    called = list(
        Analysis.objects.filter(organisation_id=organisation, kind="complaint", is_current=True).order_by("feedback_id")
    )
    rng.shuffle(called)
    called = called[:n]
    voices = Feedback.objects.in_bulk([row.feedback_id for row in called])
    policy = sla_policies.in_force(organisation=organisation)[-1]
    cases = []
    for row in sorted(called, key=lambda row: voices[row.feedback_id].received_at):
        voice = voices[row.feedback_id]
        hands: list[Member | None] = [*owners.get(voice.unit_id, [])]
        owner = rng.choice(hands or [None])
        cases.append(
            Case(
                feedback=voice,
                severity=rng.choices(("low", "normal", "high", "critical"), weights=(15, 60, 20, 5))[0],
                topics=tuple(row.topic_codes),
                owner=owner,
                steps=tuple(_steps(rng, voice, now, owner)),
            )
        )
    history.bring(cases, organisation=organisation, policy=policy, now=now, actor="demo")
    return len(cases)


def _steps(rng: Random, voice: Feedback, now: datetime, owner: Member | None) -> list[Step]:
    """What was done, most of it in time."""
    start, name = voice.received_at, owner.name if owner else ""
    minutes: Callable[[float, float], float] = lambda middle, spread: max(0.5, rng.lognormvariate(0, spread) * middle)  # noqa: E731
    reply = minutes(9, 0.7)
    rebuilt = reply + minutes(26, 0.45)
    offered = rebuilt + minutes(22, 0.5)
    accepted = offered + minutes(17, 0.7)
    steps = [
        Step(start + timedelta(minutes=reply), "reply", {"text": rng.choice(REPLIES)}, name),
        Step(start + timedelta(minutes=rebuilt), "reconstruct", _five(voice), name),
        Step(start + timedelta(minutes=offered), "propose", {"text": rng.choice(OFFERS), "compensation": "", "wait": False}, name),
        Step(start + timedelta(minutes=accepted), "accept", {"consent": rng.choice(("customer", "verbal"))}, name),
    ]  # fmt: skip
    # what is older than the seven days of reflection was reflected on; of the rest most
    if now - start > timedelta(days=9) or rng.random() < 0.8:
        later = start + timedelta(minutes=accepted, days=rng.uniform(0.5, 6))
        data = {"cause": rng.choice(CAUSES), "why": "逐级追问五次，落到制度", "prevention": "写入交接单并每周抽查"}
        steps += [Step(later, "reflect", data, name), Step(later + timedelta(minutes=5), "close", {}, name)]
    return [step for step in steps if step.at < now]


def _five(voice: Feedback) -> dict[str, Any]:
    what = voice.text[:80]
    values = ("客户与当班店员", f"{voice.occurred_at:%m-%d %H:%M}（UTC）", "本店", what, "登记记录与现场照片")
    return {**dict(zip(FIVE, values, strict=True)), "signed": True}


def open_live(rng: Random, *, organisation: int, now: datetime) -> int:
    """Files the standing cases through the ordinary road, received minutes ago. Returns how many."""
    people = cards(rng, len(LIVE))
    for i, ((store, text, touch, minutes, done), card) in enumerate(zip(LIVE, people, strict=True)):
        received = now - timedelta(minutes=minutes, seconds=rng.randrange(50))
        stamp = f"{now:%y%m%d%H%M%S}"
        voice = RawVoice(
            channel=rng.choice(("store", "phone", "app", "wechat")),
            text=text,
            external_id=f"live-{stamp}-{i}",
            occurred_at=received,
            customer=card,
            unit=store,
            touchpoint=touch,
        )
        source = Source(text.encode(), "text/plain", "demo")
        (receipt,) = intake.receive(
            [voice], organisation=organisation, source=source, now=now, received_at=received, announce=False
        )
        row = Feedback.objects.get(organisation_id=organisation, id=receipt.id)
        (understood,) = nlp.understand([text])
        analysis.write([(row.id, understood)], organisation=organisation, now=now)
        severity = "critical" if understood.red_line else "high" if understood.urgency >= 2 else "normal"
        topics = tuple(dict.fromkeys(mention.code for mention in understood.topics))
        opening = Opening(row, severity=severity, topics=topics, reason="filed", has_moves=True)
        ticket = tickets.open_ticket(opening, organisation=organisation, now=now, actor="demo")
        told = received + timedelta(seconds=rng.randrange(18, 55))
        casework.meet_notify(ticket.id, told, organisation=organisation)
        moment = Moment(at=received, written_at=clocks.database_now(), actor="demo")
        clocks.catch_up(ticket, moment=moment)
        _go_on(ticket, done, row, organisation)
    return len(LIVE)


def _go_on(ticket: Ticket, done: str, voice: Feedback, organisation: int) -> None:
    """Plays what was done so far, through the ordinary moves."""
    unit = Unit.objects.get(organisation_id=organisation, id=str(voice.unit_id))
    nearest = members.holders({Role.FRONTLINE}, organisation=organisation, path=unit.path)
    nearest = nearest or members.holders({Role.STORE_MANAGER}, organisation=organisation, path=unit.path)
    assign = ("assign", {"assignee": nearest[0].user.email})
    reply = ("reply", {"text": REPLIES[2]})
    rebuilt = ("reconstruct", _five(voice))
    offer = ("propose", {"text": OFFERS[0], "compensation": "延保 6 个月", "wait": False})
    roads: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
        "untouched": (),
        "assigned": (assign,),
        "replied": (assign, reply),
        "reconstructed": (assign, reply, rebuilt),
        "proposed": (assign, rebuilt, offer),
        "held": (assign, rebuilt, ("hold", {"reason": "waiting_customer", "proof": "等客户给税号"})),
        "accepted": (assign, rebuilt, offer, ("accept", {"consent": "customer"})),
    }
    for move, fields in roads[done]:
        moves.apply(
            ticket.id, move, fields, organisation=organisation, actor="demo", actor_name=nearest[0].name
        )
