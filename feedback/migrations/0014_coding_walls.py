"""Walls the samples that are coded by two, and what the coders said."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("feedback", "0013_coding")]

    operations = [
        Wall("feedback_codingsample"),
        Wall("feedback_coding"),
        ParentKey("feedback_codingsample"),
        CompositeForeignKey("feedback_coding", "sample_id", "feedback_codingsample"),
    ]
