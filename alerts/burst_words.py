"""A burst in words, in the active language: the notice, and a topic's name where only its code is kept."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from alerts.models import Notice
from feedback import topics
from metrics import term_days


def name_of(code: str, names: Mapping[str, str]) -> str:
    """“等待时间”; a term in quotes: “「蓝环章鱼」”."""
    term = term_days.term_of(code)
    return _("「%(term)s」") % {"term": term} if term else names.get(code, code)


def said(figures: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """“等待时间：今天 24 条，往常 6.1（2–11）”."""
    return _("%(topic)s：今天 %(n)d 条，往常 %(expected)s（%(low)d–%(high)d）") % {
        "topic": name_of(figures["code"], names),
        "n": figures["n"],
        "expected": f"{figures['expected']:.1f}",
        "low": int(figures["low"]),
        "high": int(figures["high"]),
    }


def notice(row: Notice) -> tuple[str, str, str, str]:
    """Subject, line, body and link."""
    names = topics.all_names(organisation=row.organisation_id)
    lines = [said(figures, names) for figures in row.data["bursts"]]
    first = row.data["bursts"][0]["code"]
    more = row.data["n_bursts"] - 1
    subject = _("【新冒头】%(topic)s") % {"topic": name_of(first, names)}
    line = _("%(line)s；另有 %(n)d 个话题或词") % {"line": lines[0], "n": more} if more else lines[0]
    link = f"{settings.SITE_URL}/feedback/bursts/"
    parts = [*lines, *([_("另有 %(n)d 个话题或词") % {"n": more + 1 - len(lines)}] if more + 1 > len(lines) else []), ""]
    parts += [_("打开：%(link)s") % {"link": link}, _("数字是发出时的样子。")]
    return subject, line, "\n".join(parts), link
