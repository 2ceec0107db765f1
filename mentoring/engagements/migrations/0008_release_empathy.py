from collections import defaultdict
from typing import Any

from django.db import migrations
from django.utils import timezone

LEAST_RATERS = 3


def release(apps: Any, editor: Any) -> None:
    """Until now every rating counted from three raters on: those go into the aggregates as one batch each.

    The others wait for more, like new ones.
    """
    rating, aggregate = (apps.get_model("accounts", name) for name in ("EmpathyRating", "EmpathyAggregate"))
    waiting: defaultdict[tuple[Any, Any], list[Any]] = defaultdict(list)
    rows = rating.objects.filter(released_at__isnull=True).select_related("closing").order_by("pk")
    for row in rows:
        waiting[row.closing.program_id, row.mentor_id].append(row)
    now = timezone.now()
    for (program, mentor), of_mentor in waiting.items():
        own: defaultdict[Any, list[float]] = defaultdict(list)
        for row in of_mentor:
            own[row.mentee_id].append((row.understood + row.listened + row.context + row.honest) / 16)
        if len(own) < LEAST_RATERS:
            continue
        total = sum(sum(values) / len(values) for values in own.values())
        aggregate.objects.create(
            program_id=program,
            mentor_id=mentor,
            raters=len(own),
            total=min(max(total, 0.5), len(own) - 0.5),
            released_at=now,
        )
        rating.objects.filter(pk__in=[row.pk for row in of_mentor]).update(released_at=now)


class Migration(migrations.Migration):
    dependencies = [
        ("engagements", "0007_approval_required"),
        ("accounts", "0005_evidence_photos_and_search"),
    ]
    operations = [migrations.RunPython(release, migrations.RunPython.noop)]
