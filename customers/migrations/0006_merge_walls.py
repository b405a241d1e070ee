"""The second wall for what merges leave behind, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("customers", "0005_merges")]

    operations = [
        Wall("customers_merge"),
        Wall("customers_handed"),
        Wall("customers_apart"),
        ParentKey("customers_merge"),
        CompositeForeignKey("customers_customer", "merged_into_id", "customers_customer"),
        CompositeForeignKey("customers_merge", "kept_id", "customers_customer"),
        CompositeForeignKey("customers_merge", "gone_id", "customers_customer"),
        CompositeForeignKey("customers_handed", "merge_id", "customers_merge"),
        CompositeForeignKey("customers_apart", "one_id", "customers_customer"),
        CompositeForeignKey("customers_apart", "other_id", "customers_customer"),
    ]
