"""Published values an organisation adds itself. Runs as the migrating role."""

import cxms.lib.ids
import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import Wall


class Migration(migrations.Migration):

    dependencies = [
        ('metrics', '0007_targets'),
        ('tenancy', '0009_key_authority'),
    ]

    operations = [
        migrations.CreateModel(
            name='PublishedValue',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60)),
                ('publisher', models.CharField(max_length=80)),
                ('metric', models.CharField(max_length=40)),
                ('year', models.SmallIntegerField()),
                ('value', models.DecimalField(decimal_places=4, max_digits=14)),
                ('source', models.CharField(max_length=300)),
                ('added_at', models.DateTimeField()),
                ('added_by', models.CharField(max_length=120)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('organisation', 'metric', 'name', 'year'), name='published_once')],
            },
        ),
        Wall("metrics_publishedvalue"),
    ]
