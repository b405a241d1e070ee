"""The second wall: row-level security on every tenant table of this app, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, DispatcherSees, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("integrations", "0001_initial")]

    operations = [
        Wall("integrations_endpoint"),
        Wall("integrations_webhookdelivery"),
        ParentKey("integrations_endpoint"),
        CompositeForeignKey("integrations_webhookdelivery", "endpoint_id", "integrations_endpoint"),
        # the sender lists which endpoints have due work, /prometheus counts by state; neither sees addresses or bodies
        DispatcherSees("integrations_endpoint", "organisation_id, id, state, resume_at"),
        DispatcherSees("integrations_webhookdelivery", "organisation_id, endpoint_id, state, next_at, finished_at"),
    ]
