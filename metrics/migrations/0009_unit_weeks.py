"""Stores by week, beside stores by day: what is there already is added up from the days."""

from django.db import migrations, models

from cxms.lib.walls import Wall

BINS = ", ".join(f"sum(h{i})" for i in range(11))
NAMES = ", ".join(f"h{i}" for i in range(11))
FILL = f"""
    insert into metrics_unitweek (organisation_id, kind, item, scale_min, scale_max, unit_id, local_day, n, total, squares, {NAMES})
    select organisation_id, kind, item, scale_min, scale_max, unit_id, date_trunc('week', local_day)::date,
           sum(n), sum(total), sum(squares), {BINS}
    from metrics_unitday group by 1, 2, 3, 4, 5, 6, 7
"""


class Migration(migrations.Migration):
    """Runs as the migrating role, which sees every organisation."""

    dependencies = [
        ('metrics', '0008_published_values'),
    ]

    operations = [
        migrations.CreateModel(
            name='UnitWeek',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('organisation_id', models.IntegerField()),
                ('kind', models.CharField(max_length=8)),
                ('item', models.CharField(max_length=64)),
                ('scale_min', models.SmallIntegerField()),
                ('scale_max', models.SmallIntegerField()),
                ('n', models.BigIntegerField(default=0)),
                ('total', models.DecimalField(decimal_places=4, default=0, max_digits=20)),
                ('squares', models.DecimalField(decimal_places=8, default=0, max_digits=24)),
                ('h0', models.BigIntegerField(default=0)),
                ('h1', models.BigIntegerField(default=0)),
                ('h2', models.BigIntegerField(default=0)),
                ('h3', models.BigIntegerField(default=0)),
                ('h4', models.BigIntegerField(default=0)),
                ('h5', models.BigIntegerField(default=0)),
                ('h6', models.BigIntegerField(default=0)),
                ('h7', models.BigIntegerField(default=0)),
                ('h8', models.BigIntegerField(default=0)),
                ('h9', models.BigIntegerField(default=0)),
                ('h10', models.BigIntegerField(default=0)),
                ('unit_id', models.UUIDField(null=True)),
                ('local_day', models.DateField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation_id', 'kind', 'local_day', 'unit_id', 'item', 'scale_min', 'scale_max'), name='unitweek_key', nulls_distinct=False)],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        Wall("metrics_unitweek"),
    ]
