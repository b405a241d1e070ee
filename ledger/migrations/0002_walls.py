"""The second wall: row-level security on every tenant table of this app, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import DispatcherSees, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("ledger", "0001_initial")]

    operations = [
        Wall("ledger_fact"),
        Wall("ledger_delivery"),
        Wall("ledger_idempotencykey"),
        # the dispatcher lists who has due work, and may see nothing else of it
        DispatcherSees("ledger_delivery", "organisation_id, queue, run_at, done_at, dead_at"),
    ]
