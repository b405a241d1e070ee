"""What became of the voices a language-model provider was asked about, and what it said otherwise than the engine. Reads only.

Called by the settings page, whose every number opens these voices, and by the page of a voice.
"""

import uuid
from datetime import date

from django.db.models import Count, QuerySet

from feedback.corrections import value_of
from feedback.enums import AskState, Label
from feedback.models import Analysis
from feedback.provider_models import ProviderQuestion
from feedback.rereading import PERSON, PROVIDER

EVERY = "all"
STATES = (EVERY, *AskState.values)


def ids(state: str, since: date, *, organisation: int, reason: str = "") -> QuerySet[ProviderQuestion, uuid.UUID]:
    """The voices picked on local days from `since` on whose question stands so; `state` “all” for every one of them.

    reason: only those that were not taken for it.
    """
    rows = ProviderQuestion.objects.filter(organisation_id=organisation, picked_day__gte=since)
    rows = rows.filter(reason=reason) if reason else rows
    return (rows if state == EVERY else rows.filter(state=state)).values_list("feedback_id", flat=True)


def reasons(since: date, *, organisation: int) -> list[tuple[str, str]]:
    """(state, reason) of the questions that were not taken, the most frequent first."""
    rows = ProviderQuestion.objects.filter(organisation_id=organisation, picked_day__gte=since).exclude(state__in=[AskState.WAITING, AskState.ANSWERED])
    found = rows.order_by().values_list("state", "reason").annotate(n=Count("id"))
    return [(state, reason) for state, reason, _n in sorted(found, key=lambda row: (-row[2], row[0], row[1]))]


def said_otherwise(made: Analysis, *, organisation: int) -> tuple[Analysis, list[str]] | None:
    """The engine's own row and the labels (`Label`) that the provider set otherwise; None where it set none of this analysis."""
    if not made.engine.removesuffix(PERSON).endswith(PROVIDER):
        return None
    rows = Analysis.objects.filter(organisation_id=organisation, feedback_id=made.feedback_id)
    theirs = rows.filter(engine=made.engine.removesuffix(PERSON)).first()
    own = rows.filter(engine=made.engine.removesuffix(PERSON).removesuffix(PROVIDER)).first()
    if theirs is None or own is None:
        return None
    fields = (Label.KIND, Label.SENTIMENT)
    changed = [str(field) for field in fields if value_of(theirs, field) != value_of(own, field)]
    if set(theirs.topic_codes) != set(own.topic_codes):
        changed.append(str(Label.TOPICS))
    if theirs.urgency != own.urgency:
        changed.append("urgency")
    return own, [field for field in changed if field not in made.corrected]
