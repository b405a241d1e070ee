"""The words of a notice in the reader's language, made when it is shown or sent; the row keeps only the data.

What colleagues wrote (why a case is handed over, why an offer is refused) goes out by mail, chat and SMS: numbers and
addresses of persons in it are written over here, for every road at once.
"""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from alerts import acks, appeals, burst_words, metric_words, point_digest
from alerts.models import Notice
from complaints import approvals
from feedback import masking
from tenancy import calendars

_LINK = re.compile(r"(https?://\S+)")

CLAUSES = {
    "notify": lambda: _("直达高管"),
    "first_response": lambda: _("首次回应"),
    "reconstruction": lambda: _("事件还原"),
    "solution": lambda: _("满意方案"),
    "resolution": lambda: _("解决"),
    "reflection": lambda: _("反思"),
    "visit": lambda: _("上门"),
}


@dataclass(frozen=True)
class Words:
    """Subject, one line, and the whole body of a mail."""

    subject: str
    line: str
    body: str
    link: str = ""


def clause_label(kind: str) -> str:
    """The clause's name in the active language."""
    return CLAUSES[kind]() if kind in CLAUSES else kind


def level_words(level: str) -> str:
    """What a level means, in the active language."""
    if level == "1":
        return _("已失约")
    if level.startswith("+"):
        return _("失约已 %(minutes)s 分钟") % {"minutes": f"{int(level[1:]) / 60:g}"}
    return _("时限已用 %(share)s%%") % {"share": f"{float(level) * 100:g}"}


def words(notice: Notice, *, language: str, is_room: bool = False) -> Words:
    """The notice in a language, personal data but names written over; `notice.ticket` must be loaded.

    is_room: a group reads it, so nobody's own link is in it.
    """
    with override(language or settings.LANGUAGE_CODE):
        said = _words(notice, is_room)
        return Words(_covered(said.subject), _covered(said.line), _covered(said.body), said.link)


def _covered(said: str) -> str:
    """Links stay whole: their tokens are nobody's number."""
    return "".join(part if place % 2 else masking.hidden(part, names=False) for place, part in enumerate(_LINK.split(said)))


def _words(notice: Notice, is_room: bool) -> Words:
    ticket = notice.ticket
    if notice.alert_id is not None:
        return Words(*metric_words.notice(notice.data, notice.alert_id))
    if ticket is None:
        if notice.purpose == "appeal":
            return Words(*appeals.notice(notice))
        if notice.purpose == "burst":
            return Words(*burst_words.notice(notice))
        if notice.purpose == "points":
            return Words(*point_digest.words(notice))
        return _unfilled(notice.data) if notice.purpose == "holidays" else _praise(notice)
    subject, line = _headline(notice.purpose, notice.data, ticket)
    link = f"{settings.SITE_URL}/promises/{ticket.number}/"
    if notice.data.get("stands_for"):
        line = _("%(line)s（代%(name)s）") % {"line": line, "name": notice.data["stands_for"]}
    parts = [line, "", _("投诉：%(title)s") % {"title": ticket.title}]
    if ticket.unit:
        parts.append(_("门店：%(unit)s") % {"unit": ticket.unit.name})
    parts.append(_("打开：%(link)s") % {"link": link})
    if notice.purpose in acks.LADDER and not is_room:
        tap = f"{settings.SITE_URL}/a/{acks.token_for(notice)}/"
        parts.append(_("知道了，我在跟进（点一下，不用登录）：%(link)s") % {"link": tap})
    if notice.purpose == "approval" and not is_room:
        parts.append(_("看方案，批或不批（不用登录）：%(link)s") % {"link": _approve_link(notice)})
    parts += ["", _("此信由承诺引擎发出。")]
    return Words(subject=" ".join(subject.split())[:180], line=line, body="\n".join(parts), link=link)


def _approve_link(notice: Notice) -> str:
    token = approvals.token_for(uuid.UUID(notice.data["approval"]), notice.recipient_id, organisation=notice.organisation_id)
    return f"{settings.SITE_URL}/a/approve/{token}/"


def _approval(purpose: str, data: dict[str, Any], names: dict[str, Any]) -> tuple[str, str]:
    names = {**names, "amount": f"{data['currency']} {data['amount']}", "asked": data.get("asked", ""), "who": data.get("who", "")}
    if purpose == "approval" and data.get("again"):
        names |= {"minutes": data["minutes"], "n": data["again"] + 1}
        subject = _("【等你批，第 %(n)d 次】%(number)s 补偿 %(amount)s") % names
        return subject, _("%(asked)s 提的补偿 %(amount)s 等了 %(minutes)d 分钟没有人批，转请你批：%(title)s") % names
    if purpose == "approval":
        return _("【等你批】%(number)s 补偿 %(amount)s") % names, _("%(asked)s 提的补偿 %(amount)s 超过授权，十分钟内请批：%(title)s") % names
    if data.get("state") == "approved":
        return _("【已批准】%(number)s 补偿 %(amount)s") % names, _("%(who)s 批准了，方案已给客户：%(title)s") % names
    names["reason"] = data.get("reason", "")
    return _("【不批】%(number)s 补偿 %(amount)s") % names, _("%(who)s 不批：%(reason)s") % names


def _headline(purpose: str, data: dict[str, Any], ticket: Any) -> tuple[str, str]:
    names = {"number": ticket.number, "title": ticket.title}
    if purpose == "executives" and data.get("passed"):
        line = _("高管十分钟没有看，转到你这里：%(title)s") % names
        return _("【直达高管，无人看】%(number)s %(title)s") % names, line
    if purpose == "executives":
        line = _("有客户投诉，按承诺直达你：%(title)s") % names
        return _("【直达高管】%(number)s %(title)s") % names, line
    if purpose in {"approval", "approval_decided"}:
        return _approval(purpose, data, names)
    if purpose == "assigned":
        return _("【交给你】%(number)s %(title)s") % names, _("这宗投诉由你负责：%(title)s") % names
    if purpose == "mentioned":
        return _("【提到你】%(number)s %(title)s") % names, _("同事在内部备注里提到你：%(title)s") % names
    if purpose == "handover":
        return handed_over(data, names)
    if purpose == "contact":
        return _("【再联系客户】%(number)s %(title)s") % names, _("说好再联系客户的时间到了：%(title)s") % names
    if purpose == "recurrence":
        names |= {"cause": data.get("cause", ""), "earlier": data.get("earlier", "")}
        line = _("原因“%(cause)s”又出现了，%(earlier)s 的预防行动已重开：%(title)s") % names
        return _("【原因又出现】%(number)s %(title)s") % names, line
    level = data.get("level", "1")
    names |= {"level": level_words(level), "clause": clause_label(data.get("kind", ""))}
    if data.get("again"):
        names |= {"n": data["again"] + 1}
        return (
            _("【%(level)s，第 %(n)d 次】%(number)s %(clause)s · %(title)s") % names,
            _("%(clause)s：%(level)s，第 %(n)d 次提醒，还没有人说在跟进") % names,
        )
    return (
        _("【%(level)s】%(number)s %(clause)s · %(title)s") % names,
        _("%(clause)s：%(level)s") % names,
    )


HANDED = {
    "asked": lambda: (_("【待接收】%(number)s %(title)s"), _("“%(giver)s”把这宗投诉转交给“%(unit)s”，等你们接收：%(needed)s")),
    "accepted": lambda: (_("【已接手】%(number)s %(title)s"), _("“%(unit)s”的 %(who)s 已接手")),
    "refused": lambda: (_("【被退回】%(number)s %(title)s"), _("“%(unit)s”的 %(who)s 没有接：%(answer)s")),
    "overdue": lambda: (_("【过时未接】%(number)s %(title)s"), _("“%(unit)s”过了时限还没有接：%(needed)s")),
}


def handed_over(data: dict[str, Any], names: dict[str, Any]) -> tuple[str, str]:
    """Subject and line of a hand-over's notice."""
    subject, line = HANDED[data["what"]]()
    said = {name: data.get(name, "") for name in ("giver", "unit", "needed", "who", "answer")}
    return subject % names, line % said


def _praise(notice: Notice) -> Words:
    data = notice.data
    names = {"staff": data.get("staff", ""), "unit": data.get("unit", ""), "quote": data.get("quote", "")}
    line = _("有客户表扬你：“%(quote)s”") % names if data.get("mine") else _("有客户表扬%(staff)s：“%(quote)s”") % names
    subject = _("【表扬】有客户表扬你") if data.get("mine") else _("【表扬】有客户表扬%(staff)s") % names
    link = f"{settings.SITE_URL}/feedback/{notice.feedback_id}/"
    parts = [line, ""] + ([_("门店：%(unit)s") % names] if names["unit"] else []) + [_("打开：%(link)s") % {"link": link}]
    return Words(subject=subject, line=line, body="\n".join(parts), link=link)


def _unfilled(data: dict[str, Any]) -> Words:
    names = {"name": calendars.label(data["code"]), "year": data["year"]}
    subject = _("【缺节假日】“%(name)s”没有 %(year)d 年的节假日") % names
    line = _("日历“%(name)s”还没有 %(year)d 年的节假日和调休；补上以前，那一年按每周的时间算。") % names
    link = f"{settings.SITE_URL}/settings/calendars/{data['code']}/"
    return Words(subject=subject, line=line, body="\n".join([line, "", _("打开：%(link)s") % {"link": link}]), link=link)
