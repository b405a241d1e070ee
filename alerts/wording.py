"""The words of a notice in the reader's language, made when it is shown or sent; the row keeps only the data."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from alerts.models import Notice

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


def words(notice: Notice, *, language: str) -> Words:
    """The notice in a language; `notice.ticket` must be loaded."""
    with override(language or settings.LANGUAGE_CODE):
        ticket = notice.ticket
        subject, line = _headline(notice.purpose, notice.data, ticket)
        link = f"{settings.SITE_URL}/promises/{ticket.number}/"
        parts = [line, "", _("投诉：%(title)s") % {"title": ticket.title}]
        if ticket.unit:
            parts.append(_("门店：%(unit)s") % {"unit": ticket.unit.name})
        parts += [_("打开：%(link)s") % {"link": link}, "", _("此信由承诺引擎发出。")]
        return Words(subject=" ".join(subject.split())[:180], line=line, body="\n".join(parts))


def _headline(purpose: str, data: dict[str, Any], ticket: Any) -> tuple[str, str]:
    names = {"number": ticket.number, "title": ticket.title}
    if purpose == "executives":
        line = _("有客户投诉，按承诺直达您：%(title)s") % names
        return _("【直达高管】%(number)s %(title)s") % names, line
    if purpose == "assigned":
        return _("【交给你】%(number)s %(title)s") % names, _("这宗投诉由你负责：%(title)s") % names
    level = data.get("level", "1")
    names |= {"level": level_words(level), "clause": clause_label(data.get("kind", ""))}
    return (
        _("【%(level)s】%(number)s %(clause)s · %(title)s") % names,
        _("%(clause)s：%(level)s") % names,
    )
