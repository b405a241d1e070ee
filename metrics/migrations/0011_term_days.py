import cxms.lib.ids
import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import Wall


class Migration(migrations.Migration):

    dependencies = [
        ('metrics', '0010_weight_margins'),
        ('tenancy', '0009_key_authority'),
    ]

    operations = [
        migrations.CreateModel(
            name='TermDay',
            fields=[
                ('id', models.UUIDField(default=cxms.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('local_day', models.DateField()),
                ('reading', models.SmallIntegerField()),
                ('hours', models.JSONField(default=dict)),
                ('volume', models.JSONField(default=list)),
                ('counted_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'local_day'), name='term_day_once')],
            },
        ),
        Wall("metrics_termday"),
    ]
