"""Voices that an undone import had deleted leave the search and the list of what waits to be classified."""

from django.db import migrations

FORGET = """
delete from {table} held using feedback_feedback f
where f.organisation_id = held.organisation_id and f.id = held.feedback_id and f.deleted_at is not null
"""


class Migration(migrations.Migration):
    """Runs as the migrating role, which sees every organisation."""

    dependencies = [("feedback", "0021_points_by_keys")]

    operations = [
        migrations.RunSQL(FORGET.format(table=table), migrations.RunSQL.noop)
        for table in ("feedback_searchtext", "feedback_unclassified")
    ]
