"""What if: two match runs of a program side by side. For program admins alone."""

import uuid

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import reader_of
from matching.charts import side_by_side
from matching.comparing import compare, is_weighed_alike
from matching.models import MatchRun
from matching.review import settings_in_words
from matching.services import REVIEWABLE
from matching.views_runs import MANY_PER_PAGE, run_or_404


@require_safe
def match_run_compare(request: HttpRequest, pk: uuid.UUID, other: uuid.UUID) -> HttpResponse:
    """By the settings of the first, or with `by` of the second, run."""
    first = run_or_404(request, pk)
    runs = MatchRun.objects.visible_to(request.user).filter(program=first.program).exclude(pk=pk)
    second = get_object_or_404(runs.select_related("program", "started_by"), pk=other)
    if not {first.state, second.state} <= set(REVIEWABLE):
        raise Http404
    is_alike = is_weighed_alike(first, second)
    by_second = request.GET.get("by") == "second" and not is_alike
    found = compare(
        first, second, second if by_second else first, reader=reader_of(request), today=timezone.localdate()
    )
    context = {
        "first": first,
        "second": second,
        "is_alike": is_alike,
        "by_second": by_second,
        "found": found,
        "chart": side_by_side(found.points_first, found.points_second),
        "page": Paginator(found.shifts, MANY_PER_PAGE).get_page(request.GET.get("page")),
        "settings": _settings(first, second),
    }
    return render(request, "matching/match_run_compare.html", context)


def _settings(first: MatchRun, second: MatchRun) -> list[tuple[str, str, str]]:
    """What differs: the words of either run for each setting."""
    one, two = dict(settings_in_words(first)), dict(settings_in_words(second))
    aims = ("What to aim at", first.get_objective_display(), second.get_objective_display())
    rows = [aims] + [(label, one.get(label, "–"), two.get(label, "–")) for label in one | two]
    return [row for row in rows if row[1] != row[2]]
