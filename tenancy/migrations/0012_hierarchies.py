"""Hierarchies beside the organisation's tree: their groups and dated members, walled."""

import cxms.lib.ids
import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import CompositeForeignKey, ParentKey, Wall

SAME_HIERARCHY = """
    alter table tenancy_unitgroup add constraint tenancy_unitgroup_hierarchy_id_uniq unique (organisation_id, hierarchy_id, id);
    alter table tenancy_groupmembership add constraint group_membership_same_hierarchy
        foreign key (organisation_id, hierarchy_id, group_id) references tenancy_unitgroup (organisation_id, hierarchy_id, id)
        deferrable initially deferred;
"""
OTHER_HIERARCHY = """
    alter table tenancy_groupmembership drop constraint if exists group_membership_same_hierarchy;
    alter table tenancy_unitgroup drop constraint if exists tenancy_unitgroup_hierarchy_id_uniq;
"""


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [
        ('tenancy', '0011_exposure_source'),
    ]

    operations = [
        migrations.CreateModel(
            name='Hierarchy',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=80)),
                ('retired_at', models.DateTimeField(null=True)),
                ('version', models.IntegerField(db_default=1, default=1)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='UnitGroup',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=80)),
                ('path', models.CharField(max_length=400)),
                ('retired_at', models.DateTimeField(null=True)),
                ('hierarchy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.hierarchy')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='GroupMembership',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('from_date', models.DateField()),
                ('to_date', models.DateField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.unit')),
                ('hierarchy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.hierarchy')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.unitgroup')),
            ],
        ),
        migrations.AddConstraint(
            model_name='hierarchy',
            constraint=models.UniqueConstraint(fields=('organisation', 'code'), name='hierarchy_code'),
        ),
        migrations.AddConstraint(
            model_name='unitgroup',
            constraint=models.UniqueConstraint(fields=('organisation', 'hierarchy', 'code'), name='unit_group_code'),
        ),
        migrations.AddIndex(
            model_name='groupmembership',
            index=models.Index(fields=['organisation', 'group', 'from_date'], name='group_membership_group'),
        ),
        migrations.AddConstraint(
            model_name='groupmembership',
            constraint=models.CheckConstraint(condition=models.Q(('to_date__gt', models.F('from_date'))), name='group_membership_forwards'),
        ),
        migrations.AddConstraint(
            model_name='groupmembership',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('organisation', '='), ('hierarchy', '='), ('unit', '='), (models.Func('from_date', 'to_date', function='daterange'), '&&')], name='group_membership_once'),
        ),
        Wall("tenancy_hierarchy"),
        Wall("tenancy_unitgroup"),
        Wall("tenancy_groupmembership"),
        ParentKey("tenancy_hierarchy"),
        ParentKey("tenancy_unitgroup"),
        CompositeForeignKey("tenancy_unitgroup", "hierarchy_id", "tenancy_hierarchy"),
        CompositeForeignKey("tenancy_groupmembership", "unit_id", "tenancy_unit"),
        CompositeForeignKey("tenancy_groupmembership", "group_id", "tenancy_unitgroup"),
        CompositeForeignKey("tenancy_groupmembership", "hierarchy_id", "tenancy_hierarchy"),
        migrations.RunSQL(SAME_HIERARCHY, OTHER_HIERARCHY),
    ]
