"""Walls the taxonomy's versions and the readings of history."""

from django.db import migrations

from cxms.lib.walls import Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("feedback", "0011_taxonomy")]

    operations = [Wall("feedback_taxonomy"), Wall("feedback_relabelling")]
