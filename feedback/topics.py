"""Topics as an organisation calls and knows them: names, own keywords, where they belong, which it offers for choosing.

Called by the analysis of new voices and by every page that names a topic. The codes are the taxonomy's and never change.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cxms.lib.errors import DomainError
from cxms.lib.text import is_storable, normal_form
from feedback import keywords
from feedback.models import Feedback, Taxonomy, TopicSetting
from tenancy import audit, versions
from tenancy.models import Touchpoint

LABELS: dict[str, Any] = {
    "product_quality": gettext_lazy("产品质量"),
    "product_function": gettext_lazy("产品功能"),
    "price": gettext_lazy("价格"),
    "promotion": gettext_lazy("促销活动"),
    "stock": gettext_lazy("库存与缺货"),
    "delivery_speed": gettext_lazy("配送速度"),
    "delivery_damage": gettext_lazy("配送破损"),
    "staff_attitude": gettext_lazy("服务态度"),
    "staff_skill": gettext_lazy("专业能力"),
    "waiting_time": gettext_lazy("等待时间"),
    "environment": gettext_lazy("环境设施"),
    "hygiene": gettext_lazy("卫生清洁"),
    "safety": gettext_lazy("安全"),
    "refund": gettext_lazy("退款退货"),
    "after_sales": gettext_lazy("售后服务"),
    "billing": gettext_lazy("账单与收费"),
    "app_usability": gettext_lazy("应用易用性"),
    "information": gettext_lazy("信息与告知"),
    "privacy": gettext_lazy("隐私"),
    "reservation": gettext_lazy("预约预订"),
    "loyalty": gettext_lazy("会员与积分"),
    "other": gettext_lazy("其他"),
}
MAX_KEYWORDS = 60
LOOK_BACK = timedelta(days=30)


class TopicError(DomainError):
    """The topic cannot be changed as asked."""


def settings_of(*, organisation: int) -> dict[str, TopicSetting]:
    """What the organisation changed, by code."""
    rows = TopicSetting.objects.filter(organisation_id=organisation).select_related("touchpoint")
    return {row.code: row for row in rows}


def names(*, organisation: int) -> dict[str, str]:
    """Every topic's name: the organisation's own, else the taxonomy's in the active language."""
    own = settings_of(organisation=organisation)
    return {code: (own[code].label if code in own else "") or str(label) for code, label in LABELS.items()}


def all_names(*, organisation: int) -> dict[str, str]:
    """As `names`, with the nodes of the organisation's taxonomy below their topics: “等待时间 › 配件”."""
    found = names(organisation=organisation)
    row = Taxonomy.objects.filter(organisation_id=organisation).order_by("-version").first()
    for node in sorted(row.nodes if row else (), key=lambda node: str(node["code"])):
        above = found.get(node["code"].rpartition("/")[0], "")
        found[node["code"]] = f"{above} › {node['name']}"
    return dict(sorted(found.items(), key=lambda item: (list(LABELS).index(item[0].partition("/")[0]), item[0]))) if row else found


def choices(*, organisation: int) -> dict[str, str]:
    """As `names`, without those the organisation does not offer for choosing."""
    own = settings_of(organisation=organisation)
    retired = {code for code, row in own.items() if row.retired_at is not None}
    return {code: (own[code].label if code in own else "") or str(label) for code, label in LABELS.items() if code not in retired}


def own_labels(*, organisation: int) -> dict[str, str]:
    """Only the names the organisation gave itself."""
    return {code: row.label for code, row in settings_of(organisation=organisation).items() if row.label}


def place_of(code: str, *, organisation: int) -> str:
    """The code of the touchpoint a topic was tied to, or ""."""
    row = settings_of(organisation=organisation).get(code)
    return row.touchpoint.code if row and row.touchpoint and row.touchpoint.retired_at is None else ""


def words(*, organisation: int) -> dict[str, tuple[str, ...]]:
    """The organisation's own words by topic."""
    rows = TopicSetting.objects.filter(organisation_id=organisation).exclude(keywords=[])
    return {row.code: tuple(row.keywords) for row in rows}


def clean_keywords(given: Iterable[str]) -> list[str]:
    """Words once each, as they are compared. Raises TopicError for too many, too long or too short ones."""
    found = list(dict.fromkeys(keywords.folded(word.strip()) for word in given if word.strip()))
    if len(found) > MAX_KEYWORDS:
        raise TopicError(_("最多 %(most)d 个关键词") % {"most": MAX_KEYWORDS}, code="too_many", field="keywords")
    for word in found:
        if not 2 <= len(word) <= 40 or not is_storable(word):
            raise TopicError(_("关键词应为 2 至 40 字：%(word)s") % {"word": word[:40]}, code="bad_keyword", field="keywords")
    return found


def n_saying(said_words: Sequence[str], *, organisation: int, now: datetime) -> tuple[int, int]:
    """(voices of the last 30 days that say one of the words, all with a text): what a change would touch from now on."""
    rows = Feedback.objects.filter(organisation_id=organisation, occurred_at__gte=now - LOOK_BACK, deleted_at=None).exclude(text="")
    if not said_words:
        return 0, rows.count()
    said = reduce(or_, (Q(normal__icontains=normal_form(form)) for word in said_words for form in keywords.spellings(word)))
    return rows.filter(said).count(), rows.count()


def change(
    code: str,
    *,
    organisation: int,
    version: int | None,
    label: str,
    own_words: Iterable[str],
    touchpoint: str,
    is_offered: bool,
    now: datetime,
    actor: str,
) -> TopicSetting:
    """Names a topic, gives it words, ties it to a touchpoint, offers it or not; voices to come are heard by it."""
    if code not in LABELS:
        raise TopicError(_("没有这个主题"), code="unknown_topic")
    if len(label) > 40:
        raise TopicError(_("名称最多 40 字"), code="bad_label", field="label")
    clean = clean_keywords(own_words)
    place = Touchpoint.objects.filter(organisation_id=organisation, code=touchpoint).first() if touchpoint else None
    if touchpoint and place is None:
        raise TopicError(_("没有这个触点"), code="unknown_touchpoint", field="touchpoint")
    row = TopicSetting.objects.select_for_update().filter(organisation_id=organisation, code=code).first()
    if row is None and version:
        raise TopicError(_("没有这个主题"), code="unknown_topic")
    row = row or TopicSetting(organisation_id=organisation, code=code, version=0)
    versions.check(row, version)
    before = {"label": row.label, "keywords": row.keywords, "touchpoint": row.touchpoint_id, "offered": row.retired_at is None}
    row.label, row.keywords, row.touchpoint = label.strip(), clean, place
    row.retired_at = None if is_offered else (row.retired_at or now)
    row.version += 1
    row.save()
    after = {"label": row.label, "keywords": clean, "touchpoint": row.touchpoint_id, "offered": is_offered}
    detail = {"fields": _changed(before, after), "n_keywords": len(clean)}
    audit.note("topic.changed", code, organisation=organisation, actor=actor, now=now, detail=detail)
    return row


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [field for field in after if before[field] != after[field]]
