"""The second wall: row-level security on every tenant table of this app, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import DispatcherSees, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("metrics", "0001_initial"), ("feedback", "0002_walls")]

    operations = [
        Wall("metrics_unitday"),
        Wall("metrics_staffweek"),
        Wall("metrics_touchpointday"),
        Wall("metrics_delta"),
        DispatcherSees("metrics_delta", "organisation_id"),
    ]
