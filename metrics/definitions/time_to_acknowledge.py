"""应答时间: minutes from a level that fired until somebody says he has it in hand; who is still silent counts as so long."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions.definition import DIMENSIONS, Definition, Part, Read
from metrics.definitions.first_response import components, estimate

_SAID = "r.said_at is not null and r.said_at <= %(now)s"
MEASURES = {
    "answered": f"array_agg(extract(epoch from r.said_at - r.written_at)::float8 / 60) filter (where {_SAID})",
    "open": "array_agg(extract(epoch from least(%(now)s, coalesce(r.resolved_at, %(now)s)) - r.written_at)::float8 / 60)"
    f" filter (where not ({_SAID}))",
}

DEFINITION = Definition(
    code="time_to_acknowledge",
    label=_("应答时间"),
    unit="minutes",
    direction=-1,
    decimals=0,
    version=1,
    formula=_("一级提醒写下到有人应答的中位数，分钟；另列九成位数"),
    numerator=_("有权的人点了“知道了，我来跟”"),
    denominator=_("期内收到的投诉触发过的每一级提醒；还没应答的按“至少已等这么久”计入"),
    exclusions=_("事后补录的投诉；解决时还没应答的等到解决为止"),
    source="median and p90 by Kaplan & Meier 1958; calendar time",
    reads=(Read("levels", MEASURES),),
    components=components,
    estimate=estimate,
    dimensions=(*DIMENSIONS, "level"),
    parts={"n": Part(), "answered": Part(_SAID), "open": Part(f"not ({_SAID})")},
    shows={
        "clause": "r.clause",
        "level": "r.level",
        "minutes": f"extract(epoch from case when {_SAID} then r.said_at else least(%(now)s, coalesce(r.resolved_at, %(now)s)) end"
        " - r.written_at)::float8 / 60",
    },
)
