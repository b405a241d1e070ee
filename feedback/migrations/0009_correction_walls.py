"""Walls what persons say of labels."""

from django.db import migrations

from cxms.lib.walls import Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("feedback", "0008_corrections")]

    operations = [Wall("feedback_correction")]
