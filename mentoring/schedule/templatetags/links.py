"""How a meeting link is shown."""

from django import template

from mentoring.schedule.links import host_of

register = template.Library()


@register.filter
def host(link: str) -> str:
    """Whose page it opens: "https://meet.example.org/a" → "meet.example.org"."""
    return host_of(link)
