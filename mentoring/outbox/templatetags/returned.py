from typing import Any

from django import template
from django.template.context import Context

from mentoring.outbox.models import Undeliverable

register = template.Library()


@register.inclusion_tag("outbox/_returned.html", takes_context=True)
def mails_returned(context: Context) -> dict[str, Any]:
    """A notice to the reader of the page when mails to them come back."""
    request = context["request"]
    found = Undeliverable.objects.at(request.user.email).first()
    return {"returned": found, "request": request, "csrf_token": context.get("csrf_token")}
