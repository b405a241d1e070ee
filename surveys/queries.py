"""Questions about surveys. Nothing here writes."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from surveys.enums import Decision
from surveys.models import Invitation, Link, Response, Survey, SurveyVersion
from tenancy.trees import below


@dataclass(frozen=True)
class Funnel:
    """Counts from the event to the answer; each is part of the one before it.

    delivered: a mail server took the mail. opened: the page was looked at in a browser, or answered.
    """

    n_events: int = 0
    n_invited: int = 0
    n_delivered: int = 0
    n_opened: int = 0
    n_answered: int = 0


def one(key: uuid.UUID, *, organisation: int) -> Survey | None:
    """A survey by key, with its unit and touchpoint."""
    return Survey.objects.filter(organisation_id=organisation, id=key).select_related("unit", "touchpoint").first()


def by_code(code: str, *, organisation: int) -> Survey | None:
    """A survey by code."""
    return Survey.objects.filter(organisation_id=organisation, code=code).first()


def listing(*, organisation: int, state: str = "") -> QuerySet[Survey]:
    """Surveys, newest first, perhaps of one state."""
    rows = Survey.objects.filter(organisation_id=organisation).select_related("unit", "touchpoint")
    return (rows.filter(state=state) if state else rows).order_by("-created_at", "-id")


def versions(survey: Survey) -> list[SurveyVersion]:
    """Every version, newest first."""
    rows = SurveyVersion.objects.filter(organisation_id=survey.organisation_id, survey=survey)
    return list(rows.order_by("-version"))


def funnels(
    surveys: Iterable[Survey], *, organisation: int, since: datetime, paths: Sequence[str] = ("/",)
) -> dict[uuid.UUID, Funnel]:
    """The funnel of each survey's invitations since an instant, in one statement."""
    asked = Q(decision=Decision.INVITED)
    answered = asked & Q(answered_at__isnull=False)
    # who answered without a receipt of his mail's delivery has it all the same
    delivered = asked & (Q(mailed_at__isnull=False) | Q(answered_at__isnull=False))
    rows = (
        Invitation.objects.filter(below(paths), organisation_id=organisation, survey__in=list(surveys), decided_at__gte=since)
        .values_list("survey_id")
        .annotate(
            n_events=Count("id"),
            n_invited=Count("id", filter=asked),
            n_delivered=Count("id", filter=delivered),
            n_opened=Count("id", filter=delivered & (Q(opened_at__isnull=False) | Q(answered_at__isnull=False))),
            n_answered=Count("id", filter=answered),
        )
    )
    return {survey: Funnel(*counts) for survey, *counts in rows}


def n_reasons(
    survey: Survey, *, since: datetime, paths: Sequence[str] = ("/",)
) -> list[tuple[str, int]]:
    """How often each reason kept a person from being asked since an instant, most frequent first."""
    rows = Invitation.objects.filter(
        below(paths), organisation_id=survey.organisation_id, survey=survey, decision=Decision.NOT_ASKED, decided_at__gte=since
    )
    found = rows.values_list("reason").annotate(n=Count("id")).order_by("-n", "reason")
    return [(str(reason), int(n)) for reason, n in found]


def log(
    survey: Survey, *, decision: str = "", reason: str = "", paths: Sequence[str] = ("/",)
) -> QuerySet[Invitation]:
    """The decisions of a survey, newest first."""
    rows = Invitation.objects.filter(below(paths), organisation_id=survey.organisation_id, survey=survey)
    if decision:
        rows = rows.filter(decision=decision)
    if reason:
        rows = rows.filter(reason=reason)
    return rows.select_related("customer", "unit").order_by("-decided_at", "-id")


def _answered_inside(paths: Sequence[str]) -> Q:
    """Responses about units in these subtrees: of the invitation, else of the link."""
    if any(path.count("/") <= 2 for path in paths):
        return Q()
    found = Q(pk__in=[])
    for path in paths:
        found |= Q(invitation__unit__path__startswith=path) | Q(link__unit__path__startswith=path)
    return found


def n_responses(
    surveys: Iterable[Survey], *, organisation: int, since: datetime, paths: Sequence[str] = ("/",)
) -> dict[uuid.UUID, dict[str, Any]]:
    """Of each survey since an instant: how many answered, how many of them by a printed link."""
    rows = (
        Response.objects.filter(
            _answered_inside(paths), organisation_id=organisation, survey__in=list(surveys), started_at__gte=since
        )
        .values("survey_id")
        .annotate(n=Count("id"), n_by_link=Count("id", filter=Q(link__isnull=False)))
    )
    return {row["survey_id"]: dict(row) for row in rows}


def n_returns(survey: Survey, *, since: datetime, paths: Sequence[str] = ("/",)) -> dict[str, int]:
    """Of a survey's answers since an instant: how many would come back, might, would not; who did not say is not counted."""
    rows = Response.objects.filter(
        _answered_inside(paths), organisation_id=survey.organisation_id, survey=survey, started_at__gte=since, is_suspect=False
    )
    found = rows.exclude(would_return="").values_list("would_return").annotate(n=Count("id"))
    return {str(said): int(n) for said, n in found}


def n_scores(survey: Survey, *, paths: Sequence[str] = ("/",)) -> dict[tuple[int, int], int]:
    """How often each score was given to each version: (version, score) → n."""
    rows = Response.objects.filter(
        _answered_inside(paths), organisation_id=survey.organisation_id, survey=survey, is_suspect=False
    )
    found = rows.values_list("version__version", "score").annotate(n=Count("id"))
    return {(int(version), int(score)): int(n) for version, score, n in found}


def links(survey: Survey | None, *, organisation: int, paths: Sequence[str] = ("/",)) -> QuerySet[Link]:
    """The living links of a survey, or (None) of the feedback pages, by place in the tree."""
    rows = Link.objects.filter(below(paths), organisation_id=organisation, survey=survey, revoked_at__isnull=True)
    return rows.select_related("unit", "survey").order_by("unit__path", "id")


def link(key: uuid.UUID, *, organisation: int, paths: Sequence[str] = ("/",)) -> Link | None:
    """One living link, or None."""
    rows = Link.objects.filter(below(paths), organisation_id=organisation, id=key, revoked_at__isnull=True)
    return rows.select_related("unit", "survey").first()
