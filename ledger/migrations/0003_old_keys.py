"""The dispatcher lists whose idempotency keys are old enough to go."""

from django.db import migrations

from cxms.lib.walls import DispatcherSees


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("ledger", "0002_walls")]

    operations = [DispatcherSees("ledger_idempotencykey", "organisation_id, created_at")]
