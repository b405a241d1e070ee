"""Names as they are typed on a Latin keyboard, for those that are there too."""

from django.db import migrations, models

from cxms.lib import name_sounds


def fill(apps, schema_editor):
    """The keys of the customers that were there before."""
    Customer = apps.get_model("customers", "Customer")
    batch = []
    for row in Customer.objects.exclude(name="").only("id", "name").iterator(chunk_size=2000):
        row.name_keys = name_sounds.keys(row.name)[:800]
        batch.append(row)
        if len(batch) == 2000:
            Customer.objects.bulk_update(batch, ["name_keys"])
            batch = []
    Customer.objects.bulk_update(batch, ["name_keys"])


class Migration(migrations.Migration):
    """Runs as the migrating role, which sees every organisation."""

    dependencies = [("customers", "0002_walls")]

    operations = [
        migrations.AddField("customer", "name_keys", models.CharField(blank=True, default="", max_length=800)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
