"""Shares that answers are weighted to, in versions. Runs as the migrating role."""

import cxms.lib.ids
import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import Wall


class Migration(migrations.Migration):

    dependencies = [
        ('metrics', '0009_unit_weeks'),
        ('tenancy', '0009_key_authority'),
    ]

    operations = [
        migrations.CreateModel(
            name='WeightMargins',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('shares', models.JSONField()),
                ('source', models.CharField(max_length=300)),
                ('saved_at', models.DateTimeField()),
                ('saved_by', models.CharField(max_length=120)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'version'), name='weight_margins_once')],
            },
        ),
        Wall("metrics_weightmargins"),
    ]
