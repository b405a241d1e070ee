"""问卷回答率: of those whom a survey reached and whose seven days are over, the share who answered in them."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Part, Read, count, scaled
from metrics.statistics import Estimate

OVER = "r.decided_at + interval '7 days' <= %(now)s"
IN_TIME = "r.answered_at < r.decided_at + interval '7 days'"
MEASURES = {
    "answered": f"count(*) filter (where {OVER} and {IN_TIME})",
    "delivered": f"count(*) filter (where {OVER})",
    "running": f"count(*) filter (where not ({OVER}))",
}


def components(measures: Measures) -> Components:
    """answered within 7 days of delivered (those days are over); running apart."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent, Wilson."""
    return scaled(statistics.wilson(found["answered"], found["delivered"]), 100)


DEFINITION = Definition(
    code="response_rate",
    label=_("问卷回答率"),
    unit="%",
    direction=1,
    decimals=1,
    version=1,
    formula=_("100 × 7 天内回答 ÷ 邮件送到、已满 7 天的邀请"),
    numerator=_("邀请决定后 7 天内回答的"),
    denominator=_("邮件送到的邀请，已满 7 天，按决定邀请的那天归组"),
    exclusions=_("没有送到的；按规矩不问的；扫码和链接来的回答；未满 7 天的另列"),
    source="complete windows only; interval: Wilson (Newcombe 1998)",
    reads=(Read("invitations", MEASURES),),
    components=components,
    estimate=estimate,
    parts={"n": Part(OVER), "answered": Part(f"{OVER} and {IN_TIME}"), "running": Part(f"not ({OVER})")},
    numerator_part="answered",
    shows={
        "event": "(select s.name from surveys_survey s where s.organisation_id = r.organisation_id and s.id = r.survey_id) || ' ' || r.event_external_id",
        "place": "(select u.name from tenancy_unit u where u.organisation_id = r.organisation_id and u.id = r.unit_id)",
        "answered_at": "r.answered_at",
    },
)
