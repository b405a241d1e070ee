"""The index behind the waits of a period."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0006_merge_walls'),
        ('tenancy', '0009_key_authority'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='customerevent',
            index=models.Index(condition=models.Q(('metadata__has_key', 'waited_seconds')), fields=['organisation', 'local_day'], name='event_waits'),
        ),
    ]
