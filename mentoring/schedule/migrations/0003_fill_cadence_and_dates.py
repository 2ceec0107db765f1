from django.db import migrations

NOTHING = migrations.RunSQL.noop


class Migration(migrations.Migration):
    dependencies = [("schedule", "0002_protected_time")]

    operations = [
        migrations.RunSQL("UPDATE schedule_series SET cadence = every_weeks || 'w'", NOTHING),
        migrations.RunSQL(
            """UPDATE schedule_session SET "on" = (starts_at AT TIME ZONE series.zone)::date
               FROM schedule_series AS series WHERE series.id = schedule_session.series_id""",
            NOTHING,
        ),
        migrations.RunSQL(
            """UPDATE schedule_reminder SET kind = CASE kind WHEN '24h' THEN 'early' ELSE 'late' END""",
            NOTHING,
        ),
    ]
