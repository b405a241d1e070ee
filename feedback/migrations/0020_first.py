import cxms.lib.ids
import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import Wall


class Migration(migrations.Migration):

    dependencies = [
        ('feedback', '0019_points'),
        ('tenancy', '0013_classify_first'),
    ]

    operations = [
        migrations.CreateModel(
            name='Unclassified',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('occurred_at', models.DateTimeField()),
                ('feedback', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='feedback.feedback')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'feedback'), name='unclassified_once')],
                'indexes': [models.Index(fields=['organisation', 'occurred_at', 'feedback'], name='unclassified_list')],
            },
        ),
        Wall("feedback_unclassified"),
    ]
