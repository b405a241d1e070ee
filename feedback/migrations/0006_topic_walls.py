"""Walls what organisations make of topics."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("feedback", "0005_topic_settings"), ("tenancy", "0002_walls")]

    operations = [
        Wall("feedback_topicsetting"),
        CompositeForeignKey("feedback_topicsetting", "touchpoint_id", "tenancy_touchpoint"),
    ]
