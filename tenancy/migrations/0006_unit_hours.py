"""Which hours a unit kept, and when that changed."""

import cxms.lib.ids
import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import CompositeForeignKey, Wall


class Migration(migrations.Migration):
    """A walled table of its own."""

    dependencies = [
        ("tenancy", "0005_single_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="UnitHours",
            fields=[
                (
                    "id",
                    models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
                ("calendar", models.CharField(max_length=64)),
                ("timezone", models.CharField(blank=True, default="", max_length=40)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.unit"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "unit", "at"], name="unit_hours")],
            },
        ),
        Wall("tenancy_unithours"),
        CompositeForeignKey("tenancy_unithours", "unit_id", "tenancy_unit"),
    ]
