from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenancy', '0012_hierarchies'),
    ]

    operations = [
        migrations.AddField(
            model_name='organisation',
            name='classify_first',
            field=models.CharField(choices=[('off', '不必等'), ('engine', '引擎读过就看得到'), ('person', '有人归类以后才看得到')], db_default='off', default='off', max_length=8),
        ),
        migrations.AddField(
            model_name='organisation',
            name='classify_first_at',
            field=models.DateTimeField(null=True),
        ),
    ]
