"""Questions about webhooks. Nothing here writes."""

import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Count, QuerySet

from cxms.lib import dispatch
from integrations.enums import DeliveryState
from integrations.models import Endpoint, WebhookDelivery

BY_STATE = """
    select d.state, count(*), coalesce(extract(epoch from clock_timestamp() - min(d.next_at)), 0)
    from integrations_webhookdelivery d
    join integrations_endpoint e on e.organisation_id = d.organisation_id and e.id = d.endpoint_id and e.state = 'active'
    where d.state <> 'done' group by 1
"""


def endpoints(*, organisation: int) -> list[Endpoint]:
    """Every endpoint, oldest first."""
    return list(Endpoint.objects.filter(organisation_id=organisation).order_by("created_at", "id"))


def endpoint(key: uuid.UUID, *, organisation: int) -> Endpoint | None:
    """One endpoint, or None."""
    return Endpoint.objects.filter(organisation_id=organisation, id=key).first()


def counts(ids: Iterable[uuid.UUID], *, organisation: int) -> dict[uuid.UUID, dict[str, int]]:
    """How many deliveries wait and how many are dead, per endpoint. One statement."""
    rows = WebhookDelivery.objects.filter(organisation_id=organisation, endpoint__in=list(ids))
    rows = rows.filter(state__in=(DeliveryState.DUE, DeliveryState.DEAD))
    found: dict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    for key, state, n in rows.values_list("endpoint_id", "state").annotate(n=Count("id")):
        found[key][state] = n
    return found


def deliveries(key: uuid.UUID, *, state: str = "", kind: str = "", organisation: int) -> QuerySet[WebhookDelivery]:
    """An endpoint's deliveries, newest first."""
    rows = WebhookDelivery.objects.filter(organisation_id=organisation, endpoint_id=key)
    if state in DeliveryState.values:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind[:64])
    return rows.order_by("-created_at", "-id")


def backlog() -> list[tuple[str, int, float]]:
    """(state, how many, seconds the oldest is late) over all organisations, for the house's own figures."""
    return [(str(state), int(n), float(late)) for state, n, late in dispatch.rows(BY_STATE)]
