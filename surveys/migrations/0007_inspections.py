"""Checklists and inspections of stores, and their second wall. Runs as the migrating role."""

import cxms.lib.ids
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import CompositeForeignKey, Wall


class Migration(migrations.Migration):

    dependencies = [
        ('surveys', '0006_pulse'),
        ('tenancy', '0002_walls'),
        ('tenancy', '0009_key_authority'),
    ]

    operations = [
        migrations.CreateModel(
            name='Checklist',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('items', models.JSONField()),
                ('saved_at', models.DateTimeField()),
                ('saved_by', models.CharField(max_length=120)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'version'), name='checklist_version_once')],
            },
        ),
        migrations.CreateModel(
            name='Inspection',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('answers', models.JSONField()),
                ('score', models.DecimalField(decimal_places=4, max_digits=7)),
                ('failed', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), default=list, size=None)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('local_day', models.DateField()),
                ('inspected_at', models.DateTimeField()),
                ('inspected_by', models.CharField(max_length=120)),
                ('inspector', models.CharField(max_length=80)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.unit')),
            ],
            options={
                'indexes': [models.Index(fields=['organisation', 'local_day'], name='inspection_period')],
                'constraints': [models.CheckConstraint(condition=models.Q(('score__gte', 0), ('score__lte', 100)), name='inspection_score_range')],
            },
        ),
        Wall("surveys_checklist"),
        Wall("surveys_inspection"),
        CompositeForeignKey("surveys_inspection", "unit_id", "tenancy_unit"),
    ]
