from django.db import migrations

from accounts.skills import load_skills


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_evidence_photos_and_search")]
    operations = [
        migrations.RunPython(
            lambda apps, editor: load_skills(apps.get_model("accounts", "Skill")),
            migrations.RunPython.noop,
            elidable=False,
        )
    ]
