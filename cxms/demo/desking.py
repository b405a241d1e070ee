"""What the demo's desk shows alive: ready words, views of one's own and shared ones, who handles what, a note that names."""

import uuid
from datetime import datetime, timedelta

from complaints import assigning, drafts, reply_templates, saved_views
from complaints.models import Ticket
from complaints.reply_templates import Wanted
from tenancy.models import Member, Unit

ACTOR = "user:manager@demo.cxms.example"
SPACE = uuid.UUID("7a1f6f0e-3b0a-4a53-9a51-0d5a2c1f9b10")
TEMPLATES = (
    ("先致歉", "", "{客户称呼}您好，很抱歉给您添了麻烦。单号 {单号}，{处理人}会在 {承诺时间} 前给您答复。"),
    ("已收到，正在核实", "", "{客户称呼}您好，{门店}已收到您的反映，正在核实经过，不用您再说一遍。进度随时可看：{进度链接}"),
    ("退款进度", "refund", "{客户称呼}您好，退款已提交，原路退回。到账前我们每天告诉您一次进度。单号 {单号}。"),
    ("配送延误", "delivery_speed", "{客户称呼}您好，这次送晚了，是我们没做到。新的时间是 {承诺时间}，到时没有送到请直接回复这条消息。"),
    ("换新并道歉", "product_quality", "{客户称呼}您好，{门店}已为您备好新机，旧机由我们取回检测，不用您跑第二趟。"),
)
VIEWS = (
    ("严重未指派", "view=open&severity=high&owner=none", "all"),
    ("半小时内到期", "view=open&due=30", "store_manager"),
    ("电话来的", "view=open&channel=phone&order=newest", ""),
)
SKILLS = (("frontline@demo.cxms.example", ("after_sales", "product_quality")),)


def add(*, organisation: int, now: datetime) -> None:
    """Writes it as the manager would have, some weeks ago."""
    then = now - timedelta(days=20)
    for name, topic, text in TEMPLATES:
        key = uuid.uuid5(SPACE, f"{organisation}:{name}")
        reply_templates.add(key, Wanted(name, text, topic=topic), organisation=organisation, now=then, actor=ACTOR)
    manager = Member.objects.get(organisation_id=organisation, user__email="manager@demo.cxms.example")
    for name, query, role in VIEWS:
        key = uuid.uuid5(SPACE, f"{organisation}:view:{name}")
        wanted = saved_views.Wanted(name, query, role)
        saved_views.add(key, wanted, manager, organisation=organisation, now=then, actor=ACTOR)
    for email, topics in SKILLS:
        member = Member.objects.get(organisation_id=organisation, user__email=email)
        assigning.choose_skills(member, topics, (), organisation=organisation, now=then, actor=ACTOR)
    west = Unit.objects.filter(organisation_id=organisation, kind="region").order_by("code").last()
    if west is not None:
        assigning.choose_rule(west, "on", organisation=organisation, now=then, actor=ACTOR)
    newest = Ticket.objects.filter(organisation_id=organisation, state="handling").order_by("-received_at").first()
    if newest is not None:
        words = {"text": "您好，我已联系门店核实，稍后"}
        drafts.save(newest, manager, "say", words, organisation=organisation, now=now)
