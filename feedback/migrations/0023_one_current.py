from django.db import migrations, models

# two rows of a voice could both be current when a person corrected it while it was read anew: what the person said stays,
# else what was read last
ONE = """
    update feedback_analysis a set is_current = false from (
        select id, row_number() over (
            partition by organisation_id, feedback_id order by right(engine, 7) = '/person' desc, analysed_at desc, id desc
        ) as place from feedback_analysis where is_current
    ) as b where b.id = a.id and b.place > 1;
    set constraints all immediate
"""


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [('feedback', '0022_deleted_are_not_found')]

    operations = [
        migrations.RunSQL(ONE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='analysis',
            constraint=models.UniqueConstraint(condition=models.Q(('is_current', True)), fields=('organisation', 'feedback'), name='analysis_current'),
        ),
    ]
