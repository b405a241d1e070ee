"""Targets: the table and its second wall. Runs as the migrating role."""

import cxms.lib.ids
import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import CompositeForeignKey, Wall


class Migration(migrations.Migration):

    dependencies = [
        ('metrics', '0006_topic_days'),
        ('tenancy', '0002_walls'),
        ('tenancy', '0009_key_authority'),
    ]

    operations = [
        migrations.CreateModel(
            name='Target',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('metric', models.CharField(max_length=40)),
                ('dimension', models.CharField(blank=True, default='', max_length=16)),
                ('code', models.CharField(blank=True, default='', max_length=80)),
                ('competitor', models.CharField(blank=True, default='', max_length=60)),
                ('from_date', models.DateField()),
                ('value', models.DecimalField(decimal_places=4, max_digits=14)),
                ('basis', models.CharField(choices=[('own', '自己定的'), ('competitor', '竞品'), ('contract', '合同'), ('published', '公开发布')], max_length=12)),
                ('source', models.CharField(blank=True, default='', max_length=300)),
                ('note', models.CharField(blank=True, default='', max_length=300)),
                ('set_at', models.DateTimeField()),
                ('set_by', models.CharField(max_length=120)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('withdrawn_by', models.CharField(blank=True, default='', max_length=120)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', '-from_date', '-id'], name='target_list')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('organisation', 'metric', 'unit', 'dimension', 'code', 'competitor', 'from_date'), name='target_once', nulls_distinct=False)],
            },
        ),
        Wall("metrics_target"),
        CompositeForeignKey("metrics_target", "unit_id", "tenancy_unit"),
    ]
