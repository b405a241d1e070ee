"""Clauses in the customer's words, and the hours a clock counts across their edits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns with defaults in the database: the table is not rewritten."""

    dependencies = [
        ("complaints", "0005_desk_queue"),
        ("tenancy", "0006_unit_hours"),
    ]

    operations = [
        migrations.AddField(
            model_name="clock",
            name="after_calendar",
            field=models.CharField(db_default="same", default="same", max_length=8),
        ),
        migrations.AddField(
            model_name="clock",
            name="calendar_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="clock",
            name="extended_seconds",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="clock",
            name="hours",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="clock",
            name="promise",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="clock",
            name="turns",
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="clock",
            name="zone",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="pause",
            name="cycle",
            field=models.SmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("stopped_at__isnull", True)), fields=["organisation", "id"], name="clock_walk"
            ),
        ),
    ]
