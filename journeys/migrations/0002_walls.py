"""The second wall of the maps; a version can be neither changed nor deleted by the application."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("journeys", "0001_initial"), ("tenancy", "0002_walls")]

    operations = [
        Wall("journeys_journeymap"),
        Wall("journeys_mapversion"),
        ParentKey("journeys_journeymap"),
        CompositeForeignKey("journeys_journeymap", "owner_id", "tenancy_member"),
        CompositeForeignKey("journeys_mapversion", "map_id", "journeys_journeymap"),
        migrations.RunSQL(
            sql="revoke update, delete on journeys_mapversion from cxms_app",
            reverse_sql="grant update, delete on journeys_mapversion to cxms_app",
        ),
    ]
