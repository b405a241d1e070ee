import cxms.lib.ids
import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import DispatcherSees, Wall

# whose lists have an owner already hears of today's voices from tomorrow on
BACKFILL = """
    insert into alerts_pointdigest (id, organisation_id, next_at, told_until)
    select gen_random_uuid(), o.id,
           (((now() at time zone o.timezone)::date + 1) + time '09:00') at time zone o.timezone, (now() at time zone o.timezone)::date
    from tenancy_organisation o
    where exists (select 1 from feedback_pointroute r where r.organisation_id = o.id and r.owner_id is not null)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0011_bursts'),
        ('feedback', '0021_points_by_keys'),
        ('tenancy', '0013_classify_first'),
    ]

    operations = [
        migrations.CreateModel(
            name='PointDigest',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('next_at', models.DateTimeField()),
                ('told_until', models.DateField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation',), name='point_digest_once')],
                'indexes': [models.Index(fields=['next_at'], name='point_digest_next')],
            },
        ),
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_speaks_of_something',
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('ticket__isnull', False), ('feedback_id__isnull', False), ('purpose__in', ['holidays', 'burst', 'points']), ('alert__isnull', False), _connector='OR'), name='notice_speaks_of_something'),
        ),
        Wall("alerts_pointdigest"),
        DispatcherSees("alerts_pointdigest", "organisation_id, next_at"),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        # the keys are checked now: a table with checks outstanding takes no further constraint
        migrations.RunSQL("set constraints all immediate", migrations.RunSQL.noop),
    ]
