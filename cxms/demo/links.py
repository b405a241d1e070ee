"""The demo's outward links: a key, and a webhook whose far side has gone, with what was sent to it before.

The address is one of RFC 2606 and nothing is sent: the attempts are settled as their outcomes, and the last disables it.
"""

from datetime import datetime, timedelta

from integrations import deliveries, endpoints, sending
from integrations.sending import Outcome
from tenancy import keys

URL = "https://hooks.crm.example/cxms"
ANSWERS = ((200, "ok"), (200, "ok"), (200, "ok"), (503, "busy"), (200, "ok"), (200, "ok"), (500, "Internal Server Error"), (410, "Gone"))
KINDS = ["complaint.opened", "promise.breached"]


def load(*, organisation: int, now: datetime) -> None:
    """Writes them into the open organisation."""
    scopes = ["customers:write", "events:write", "feedback:write"]
    keys.issue(organisation=organisation, scopes=scopes, name="CRM 正式环境", now=now, actor="demo")
    row, _ = endpoints.create(
        organisation=organisation,
        url=URL,
        kinds=KINDS,
        description="CRM 正式环境",
        now=now,
        actor="demo",
        resolver=lambda host, port: ["93.184.215.14"],
    )
    deliveries.replay_since(row.id, now - timedelta(hours=1), organisation=organisation, now=now, actor="demo")
    for i, (status, said) in enumerate(ANSWERS):
        for job in sending.lease(organisation, row.id, 1):
            error = "" if status == 200 else f"HTTP {status}"
            sending.settle(Outcome(job, status, error, said, "", 84 + 13 * i))
