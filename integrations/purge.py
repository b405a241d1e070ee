"""Webhook deliveries that have ended are kept for thirty days, dead ones too; what waits is never purged."""

from ledger import purge

OLD = (("integrations_webhookdelivery", "state <> 'due' and finished_at < clock_timestamp() - interval '30 days'"),)


def due_organisations() -> list[int]:
    """Who has something old, once a day."""
    return purge.due_organisations(OLD, "purge-webhooks")


def run(organisation: int) -> int:
    """Deletes a slice of one organisation."""
    return purge.purge(organisation, OLD)
