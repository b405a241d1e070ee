"""The demo's customers who left, as the CRM and the stores tell it, and complaints the manager coded on the two axes."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db.models import QuerySet

from complaints import axes, leaving
from complaints.axes import SET, Place
from complaints.enums import LeavingSource
from complaints.leaving import RawLeaving
from complaints.models import Ticket
from customers.models import Customer
from cxms.demo.catalogue import STORES
from tenancy import queries

MANAGER = "manager@demo.cxms.example"
DAYS = 120
N_RECORDS = 160
N_CODED = 90
# (reason, how often, where it usually stands on the axes)
REASONS: tuple[tuple[str, int, tuple[str, str]], ...] = (
    ("price", 20, ("neither", "not")), ("unsolved", 18, ("expectation", "wholly")), ("competitor", 14, ("need", "partly")),
    ("product", 12, ("expectation", "partly")), ("indifference", 12, ("expectation", "wholly")), ("moved", 8, ("neither", "not")),
    ("no_need", 7, ("neither", "not")), ("friends", 3, ("need", "partly")), ("died", 1, ("neither", "not")), ("other", 2, ("neither", "partly")),
    ("unknown", 6, ("", "")),
)  # fmt: skip
NOTES = ("", "", "说了三次没有人回话", "对面新开了一家", "换新机去了别家", "搬到外地", "保修谈不拢")


def load(rng: Random, *, organisation: int, now: datetime) -> None:
    """Records of four months, a quarter not coded yet; of the latest closed complaints a part is coded, mostly as suggested."""
    today = queries.local_today(now, queries.organisation(organisation).timezone)
    people = list(Customer.objects.filter(organisation_id=organisation, external_id__isnull=False, merged_into=None).order_by("external_id")[: N_RECORDS * 3 : 3])
    weights = [weight for _reason, weight, _place in REASONS]
    rows = []
    for i in range(N_RECORDS):
        reason, _weight, place = rng.choices(REASONS, weights)[0]
        unmet, left = place if rng.random() < 0.75 else ("", "")
        who = str(people[i % len(people)].external_id) if people and rng.random() < 0.8 else ""
        day = today - timedelta(days=rng.randrange(DAYS))
        rows.append(RawLeaving(f"LV-{i:04d}", day, reason, who, rng.choice(STORES)[0], unmet, left, rng.choice(NOTES)))
    leaving.put(rows, organisation=organisation, now=now, actor="key:crm", source=LeavingSource.API)
    told: dict[str, Any] = {"organisation": organisation, "version": None, "now": now, "actor": f"user:{MANAGER}", "actor_name": "沈知夏"}
    closed: QuerySet[Any, Any] = axes.narrowed(Ticket.objects.filter(organisation_id=organisation, state="closed"), Place(state=SET), organisation=organisation)
    for ticket in closed.order_by("-received_at", "id")[: N_CODED * 2 : 2]:
        # a quarter was read otherwise than its facts suggest, and here and there something stayed with the customer after all
        unmet = ticket.on_unmet if rng.random() < 0.75 else rng.choice(("need", "need", "neither"))
        left = ticket.on_left if rng.random() < 0.8 else rng.choice(("partly", "partly", "wholly"))
        axes.code(ticket, unmet, left, **told)
