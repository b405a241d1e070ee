"""Walls who wants which mail."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("alerts", "0003_mail_choices"), ("tenancy", "0002_walls")]

    operations = [
        Wall("alerts_mailchoice"),
        CompositeForeignKey("alerts_mailchoice", "member_id", "tenancy_member"),
    ]
