from django import template
from django.conf import settings

from mentoring.demo.accounts import demo_people

register = template.Library()


@register.simple_tag
def demo_accounts() -> list[tuple[str, str, str]]:
    """(role, name, key) of the accounts that one click signs in to; empty unless DEBUG is on."""
    if not settings.DEBUG:
        return []
    return [(role, person.name, key) for role, key, person in demo_people()]
