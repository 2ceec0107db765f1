from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("engagements", "0002_cadence")]

    operations = [
        migrations.RunSQL(
            "UPDATE engagements_request SET cadence = every_weeks || 'w'", migrations.RunSQL.noop
        )
    ]
