import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('feedback', '0020_first'),
        ('tenancy', '0013_classify_first'),
    ]

    operations = [
        migrations.AlterField(
            model_name='pointmark',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.member'),
        ),
        migrations.AddField(
            model_name='pointmark',
            name='decided_name',
            field=models.CharField(blank=True, db_default='', default='', max_length=120),
        ),
    ]
