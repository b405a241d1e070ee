"""Questions about deliveries. Nothing here writes."""

from django.db.models import QuerySet

from cxms.lib import dispatch
from ledger.models import Delivery

BY_QUEUE = """
    select queue, count(*) filter (where dead_at is null and run_at <= clock_timestamp()), count(*) filter (where dead_at is not null),
      coalesce(extract(epoch from clock_timestamp() - min(run_at) filter (where dead_at is null and run_at <= clock_timestamp())), 0)
    from ledger_delivery where done_at is null group by 1
"""


def dead(*, organisation: int) -> QuerySet[Delivery]:
    """The dead letters of an organisation, the latest first, with their facts."""
    rows = Delivery.objects.filter(organisation_id=organisation, dead_at__isnull=False)
    return rows.select_related("fact").order_by("-dead_at", "-id")


def queues() -> list[tuple[str, int, int, float]]:
    """(queue, due, dead, seconds the oldest due one is late) over all organisations, for the house's own figures."""
    return [(str(queue), int(due), int(n_dead), float(lag)) for queue, due, n_dead, lag in dispatch.rows(BY_QUEUE)]
