from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("engagements", "0003_fill_cadence")]

    operations = [
        migrations.RemoveField(
            model_name="request",
            name="every_weeks",
        ),
    ]
