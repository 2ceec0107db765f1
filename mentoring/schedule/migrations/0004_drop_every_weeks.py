from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("schedule", "0003_fill_cadence_and_dates")]

    operations = [
        migrations.RemoveConstraint(
            model_name="series",
            name="series_every_1_2_4_weeks",
        ),
        migrations.RemoveField(
            model_name="series",
            name="every_weeks",
        ),
        migrations.AddConstraint(
            model_name="series",
            constraint=models.CheckConstraint(
                condition=models.Q(("cadence__in", ["1w", "2w", "4w", "m1", "m2", "m3", "m4", "m5"])),
                name="series_cadence_known",
            ),
        ),
        migrations.AlterField(
            model_name="session",
            name="on",
            field=models.DateField(
                help_text="The date of the series that this session stands for, moved or not."
            ),
        ),
    ]
