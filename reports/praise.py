"""Praise: what customers thanked for, the newest first. Read by the scorecards and the wall of thanks.

Praise is a voice that reads as praise, or a promoter's words that read as positive. Excluded and deleted voices are none.
"""

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from feedback import queries
from feedback.enums import Kind, Sentiment
from feedback.models import Analysis, Feedback, Score
from feedback.queries import Filters

PROMOTER = 9


def praise(
    *, organisation: int, from_date: date, to_date: date, paths: tuple[str, ...] = (), unit: str = "", staff: str = ""
) -> QuerySet[Feedback]:
    """Voices of praise of the local days [from_date, to_date) below `unit` and `paths`, the newest first.

    What waits for its first classification is on no wall and no card, whoever looks.
    """
    asked = Filters(unit=unit, staff=staff, paths=paths, from_date=from_date, to_date=to_date)
    read = Analysis.objects.filter(organisation_id=organisation, feedback_id=OuterRef("id"), is_current=True)
    promoted = Score.objects.filter(
        organisation_id=organisation, feedback_id=OuterRef("id"), kind="nps", item="", value__gte=PROMOTER
    )
    rows = queries.voices(asked, organisation=organisation).filter(excluded_at__isnull=True).exclude(text="")
    rows = rows.filter(queries.classified(organisation=organisation))
    is_praise = Q(Exists(read.filter(kind=Kind.PRAISE)))
    is_promoted = Q(Exists(promoted)) & Q(Exists(read.filter(sentiment=Sentiment.POSITIVE)))
    return rows.filter(is_praise | is_promoted).select_related("unit", "staff", "touchpoint", "customer")
