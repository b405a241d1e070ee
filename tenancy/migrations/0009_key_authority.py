from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenancy', '0008_calendar_watch'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='offer_limit',
            field=models.DecimalField(decimal_places=2, default=Decimal(0), db_default=Decimal(0), max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='offer_currency',
            field=models.CharField(blank=True, db_default='', default='', max_length=3),
        ),
    ]
