"""Points as people read them: scores are kept in hundredths of a point."""

from django import template

register = template.Library()


@register.filter
def points(hundredths: int, decimals: int = 0) -> str:
    """7412 → "74", or "74.1" with one decimal; thousands are set apart."""
    return f"{hundredths / 100:,.{decimals}f}"


@register.filter
def change(hundredths: int) -> str:
    """With its sign, to a tenth of a point: −180 → "−1.8"; what rounds to nothing is "0.0"."""
    said = f"{hundredths / 100:+,.1f}"
    return "0.0" if said in ("+0.0", "-0.0") else said.replace("-", "−")


@register.filter
def matched(more: int) -> str:
    """2 → "2 more matched", −1 → "1 fewer matched"."""
    return f"{abs(more)} {'more' if more > 0 else 'fewer'} matched"
