"""The second wall of the model tree."""

from django.db import migrations

from cxms.lib.walls import Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("metrics", "0004_model_tree"), ("tenancy", "0002_walls")]

    operations = [Wall("metrics_modelversion")]
