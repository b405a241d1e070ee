from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('surveys', '0003_mail_error'),
    ]

    operations = [
        migrations.AddField(
            model_name='surveyversion',
            name='asks_return',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='response',
            name='would_return',
            field=models.CharField(blank=True, db_default='', default='', max_length=8),
        ),
    ]
