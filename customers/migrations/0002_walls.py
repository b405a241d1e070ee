"""The second wall: row-level security on every tenant table of this app, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("customers", "0001_initial"), ("tenancy", "0002_walls")]

    operations = [
        Wall("customers_customer"),
        Wall("customers_identity"),
        Wall("customers_customerevent"),
        ParentKey("customers_customer"),
        CompositeForeignKey("customers_identity", "customer_id", "customers_customer"),
        CompositeForeignKey("customers_customerevent", "customer_id", "customers_customer"),
        CompositeForeignKey("customers_customerevent", "unit_id", "tenancy_unit"),
        CompositeForeignKey("customers_customerevent", "staff_id", "tenancy_staff"),
        CompositeForeignKey("customers_customerevent", "touchpoint_id", "tenancy_touchpoint"),
    ]
