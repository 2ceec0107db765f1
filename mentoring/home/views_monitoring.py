from secrets import compare_digest

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mentoring.home.monitoring import backlog, exposition


@never_cache
@login_not_required
@require_safe
def due(request: HttpRequest) -> HttpResponse:
    """How old the oldest due work is, for whoever has the token; to others there is no such page."""
    wanted = f"Bearer {settings.MONITORING_TOKEN}".encode()
    given = request.headers.get("Authorization", "").encode(errors="replace")
    if not settings.MONITORING_TOKEN or not compare_digest(given, wanted):
        raise Http404
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return HttpResponse(exposition(backlog(timezone.now())), content_type=kind)
