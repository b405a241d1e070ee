"""The second wall: row-level security on every tenant table of this app, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("alerts", "0001_initial"), ("complaints", "0002_walls")]

    operations = [
        Wall("alerts_notice"),
        CompositeForeignKey("alerts_notice", "recipient_id", "tenancy_member"),
        CompositeForeignKey("alerts_notice", "ticket_id", "complaints_ticket"),
    ]
