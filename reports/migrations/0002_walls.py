"""The second wall of the reports' tables, and what the Monday timer may see."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, DispatcherSees, ParentKey, Wall

SEES = migrations.RunSQL(
    sql="grant select (id, timezone, created_at) on tenancy_organisation to cxms_dispatcher",
    reverse_sql="revoke select (id, timezone, created_at) on tenancy_organisation from cxms_dispatcher",
)


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("reports", "0001_initial"), ("tenancy", "0002_walls")]

    operations = [
        Wall("reports_weeklyrun"),
        Wall("reports_weeklyreport"),
        Wall("reports_weeklycopy"),
        Wall("reports_weeklyprint"),
        ParentKey("reports_weeklyreport"),
        CompositeForeignKey("reports_weeklyreport", "unit_id", "tenancy_unit"),
        CompositeForeignKey("reports_weeklycopy", "report_id", "reports_weeklyreport"),
        CompositeForeignKey("reports_weeklycopy", "member_id", "tenancy_member"),
        CompositeForeignKey("reports_weeklyprint", "report_id", "reports_weeklyreport"),
        # whose Monday has come, and which weeks are in hand
        SEES,
        DispatcherSees("reports_weeklyrun", "organisation_id, week"),
    ]
