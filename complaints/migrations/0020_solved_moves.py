from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('complaints', '0019_policy_ladder'),
    ]

    operations = [
        # throughput reads the solutions of its period, whenever their cases came
        migrations.AddIndex(
            model_name='move',
            index=models.Index(
                condition=models.Q(('kind__in', ['resolve', 'accept'])), fields=['organisation', 'at'], name='move_solved'
            ),
        ),
    ]
