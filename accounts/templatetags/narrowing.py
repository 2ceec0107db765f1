from typing import Any

from django import forms, template

register = template.Library()


@register.inclusion_tag("components/narrowing.html")
def narrowing(form: forms.Form) -> dict[str, Any]:
    """A filter's fields: the first, and the others, which a phone folds away until they are asked for."""
    first, *more = form.visible_fields()
    is_open = any(field.name in form.changed_data for field in more)
    return {"first": first, "more": more, "is_open": is_open}
