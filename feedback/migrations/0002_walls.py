"""The second wall: row-level security on every tenant table of this app, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("feedback", "0001_initial")]

    operations = [
        Wall("feedback_rawfeedback"),
        Wall("feedback_feedback"),
        Wall("feedback_score"),
        Wall("feedback_analysis"),
    ]
