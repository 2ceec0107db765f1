from datetime import date, datetime, timedelta

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import reader_of
from accounts.models import Profile, User
from accounts.week import EMPTY_WEEK
from mentoring.schedule.models import Busy, Move, Session, SessionQuerySet, TimeAway
from mentoring.schedule.picture import draw
from mentoring.schedule.week import Entry, Span, Week, bounds, week_of

PAST = 50
A_WEEK = timedelta(weeks=1)
FARTHEST = 520  # weeks from this one that can be looked at


@require_safe
def week(request: HttpRequest) -> HttpResponse:
    """One's week in every program, and where it is too much."""
    reader, now = reader_of(request), timezone.now()
    this = _monday(timezone.localdate(now))
    monday = _asked_for(request.GET.get("of", ""), this)
    shown = _week(reader, monday, now)
    return render(
        request,
        "schedule/week.html",
        {
            "week": shown,
            "picture": draw(shown, now),
            "is_this": monday == this,
            "now": now,
            "today": timezone.localdate(now),
            "earlier": monday - A_WEEK if this - monday < FARTHEST * A_WEEK else None,
            "later": monday + A_WEEK if monday - this < FARTHEST * A_WEEK else None,
        },
    )


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """All of the reader's sessions, in every program, in their own zone."""
    now = timezone.now()
    kept = Session.objects.visible_to(request.user).exclude(state=Session.State.CANCELLED).listed(now)
    past = kept.filter(ends_at__lte=now).order_by("-starts_at")
    return render(
        request,
        "schedule/calendar.html",
        {
            "ahead": kept.filter(ends_at__gt=now).order_by("starts_at"),
            "page": Paginator(past, PAST).get_page(request.GET.get("page")),
            "now": now,
        },
    )


def _week(reader: User, monday: date, now: datetime) -> Week:
    span = bounds(monday, reader.zone_info)
    inside = {"starts_at__lt": span.ends_at, "ends_at__gt": span.starts_at}
    mine = Session.objects.visible_to(reader)
    sessions = mine.exclude(state=Session.State.CANCELLED).filter(**inside).listed(now)
    moves = (
        Move.objects.answerable(now)
        .filter(**inside, session__in=mine)
        .select_related(*(f"session__{name}" for name in SessionQuerySet.LISTED))
    )
    away = TimeAway.objects.filter(
        person=reader, starts_on__lte=monday + A_WEEK, ends_on__gte=monday
    ).values_list("starts_on", "ends_on")
    busy = Busy.objects.filter(person=reader, during__overlap=(span.starts_at, span.ends_at + A_WEEK / 7))
    return week_of(
        monday,
        reader.zone_info,
        now,
        entries=[_entry(each, each, is_planned=each.state == Session.State.PLANNED) for each in sessions],
        proposed=[_entry(each, each.session) for each in moves],
        protected=Profile.objects.filter(person=reader).values_list("week", flat=True).first() or EMPTY_WEEK,
        busy=[Span(*ends) for ends in busy.values_list("during__startswith", "during__endswith")],
        away=list(away),
    )


def _entry(row: Session | Move, session: Session, *, is_planned: bool = True) -> Entry:
    program = session.series.engagement.program.name
    return Entry(Span(row.starts_at, row.ends_at), program, row, is_planned)


def _monday(on: date) -> date:
    return on - timedelta(days=on.weekday())


def _asked_for(name: str, this: date) -> date:
    """The Monday of an ISO week such as "2026-W48"; without a name this week's."""
    if not name:
        return this
    try:
        monday = _monday(datetime.strptime(f"{name}-1", "%G-W%V-%u").date())
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    if abs(monday - this) > FARTHEST * A_WEEK:
        raise Http404
    return monday
