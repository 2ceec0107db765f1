from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engagements", "0003_fill_cadence")]

    operations = [
        migrations.RemoveField(
            model_name="request",
            name="every_weeks",
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(("cadence__in", ["1w", "2w", "4w", "m1", "m2", "m3", "m4", "m5"])),
                name="request_cadence_known",
            ),
        ),
    ]
