"""The second wall of dashboards and annotations."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("reports", "0003_dashboards"), ("tenancy", "0002_walls")]

    operations = [
        Wall("reports_dashboard"),
        Wall("reports_dashboardversion"),
        Wall("reports_annotation"),
        ParentKey("reports_dashboard"),
        CompositeForeignKey("reports_dashboard", "owner_id", "tenancy_member"),
        CompositeForeignKey("reports_dashboardversion", "dashboard_id", "reports_dashboard"),
        CompositeForeignKey("reports_annotation", "unit_id", "tenancy_unit"),
        CompositeForeignKey("reports_annotation", "author_id", "tenancy_member"),
    ]
