"""Walls an invitation; organisations that were here before the wizard count as set up."""

from django.db import migrations

from cxms.lib.walls import Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("tenancy", "0003_setting_up")]

    operations = [
        Wall("tenancy_invitation"),
        migrations.RunSQL("update tenancy_organisation set set_up_at = created_at", migrations.RunSQL.noop),
    ]
