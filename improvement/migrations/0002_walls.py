"""The second wall of improvement's tables, and what the check's timer may see."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, DispatcherSees, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("improvement", "0001_initial"), ("tenancy", "0002_walls")]

    operations = [
        Wall("improvement_action"),
        Wall("improvement_actionnote"),
        Wall("improvement_huddle"),
        Wall("improvement_huddledecision"),
        ParentKey("improvement_action"),
        ParentKey("improvement_huddle"),
        CompositeForeignKey("improvement_action", "owner_id", "tenancy_member"),
        CompositeForeignKey("improvement_action", "unit_id", "tenancy_unit"),
        CompositeForeignKey("improvement_actionnote", "action_id", "improvement_action"),
        CompositeForeignKey("improvement_huddle", "unit_id", "tenancy_unit"),
        CompositeForeignKey("improvement_huddle", "led_by_id", "tenancy_member"),
        CompositeForeignKey("improvement_huddledecision", "huddle_id", "improvement_huddle"),
        # whose actions fall due, by the organisation's own calendar; other apps' timers read the zone too, so it stays
        migrations.RunSQL(
            sql="grant select (id, timezone) on tenancy_organisation to cxms_dispatcher",
            reverse_sql=migrations.RunSQL.noop,
        ),
        DispatcherSees("improvement_action", "organisation_id, due_date, checked_at"),
    ]
