from typing import Any

from django.db import migrations
from django.db.models import F


def fill(apps: Any, editor: Any) -> None:
    """Requests from before admins could approve them went to the mentor at once."""
    apps.get_model("engagements", "Request").objects.update(approved_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("engagements", "0005_approval")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
