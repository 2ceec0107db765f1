"""The table of the database cache, in which sign-in's rate limits count; made here so that `migrate` is all it takes."""

from django.core.management import call_command
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_skill_list")]
    operations = [
        migrations.RunPython(
            lambda apps, editor: call_command("createcachetable", verbosity=0), migrations.RunPython.noop
        )
    ]
