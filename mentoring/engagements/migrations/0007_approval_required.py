from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engagements", "0006_fill_approval")]
    operations = [
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "accepted"), _negated=True),
                    ("approved_at__isnull", False),
                    _connector="OR",
                ),
                name="request_accepted_was_approved",
            ),
        ),
    ]
