from django.db import migrations, models

# coders named one topic of a voice, and the engine's whole list was kept as theirs: only what they said stays. The coding of
# the same instant tells which it was
MAIN = """
    update feedback_correction c set
        before = case when said.was_there then said.named else '[]'::jsonb end,
        after = said.named
    from (
        select distinct o.id, exists (select 1 from jsonb_array_elements(o.before) b where b ->> 'code' = k.topic) as was_there,
            jsonb_build_array(jsonb_build_object('code', m -> 'code', 'sentiment', m -> 'sentiment', 'start', m -> 'start', 'end', m -> 'end')) as named
        from feedback_correction o
        join feedback_coding k on k.organisation_id = o.organisation_id and k.feedback_id = o.feedback_id and k.coded_at = o.corrected_at
        cross join lateral jsonb_array_elements(o.after) m
        where o.source = 'coding' and o.field = 'topics' and m ->> 'code' = k.topic
    ) as said where said.id = c.id
"""


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [('feedback', '0023_one_current')]

    operations = [
        migrations.AddField(model_name='relabelling', name='is_whole', field=models.BooleanField(db_default=True, default=True)),
        migrations.RunSQL(MAIN, migrations.RunSQL.noop),
    ]
