"""Every mail of the application, written with real rows: nothing missing, one action, readable as text."""

import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template import engines

from accounts.models import Confirmation
from mentoring.engagements.models import Request
from mentoring.outbox.choices import choices_of
from mentoring.outbox.models import Category, Mail
from mentoring.outbox.services import queue_mail
from mentoring.programs.models import Invitation
from mentoring.schedule.models import Change, Move, Session, TimeAway
from mentoring.schedule.preview import preview
from tests import factories
from tests.factories import instant

pytestmark = pytest.mark.django_db
NOW = instant(2031, 2, 1, 12)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EMAILS = Path(settings.BASE_DIR, "templates/emails")
TEMPLATES = sorted(path.name.partition(".")[0] for path in EMAILS.glob("*.subject.txt"))
# To people without an account, who have chosen nothing and have nothing to choose.
OUTSIDE = {"confirmation_asked", "invitation"}
MISSING = "missing: %s"


@pytest.fixture
def said(cast: Any) -> dict[str, Any]:
    """All that any template speaks of."""
    cast.mentor.person.zone = "Asia/Kolkata"
    cast.mentor.person.save(update_fields=["zone"])
    engagement = factories.make_engagement(
        cast.goal, cast.mentor, now=NOW, starts_on=date(2031, 2, 18), ends_on=date(2031, 5, 6)
    )
    series = engagement.series.get()
    first, second, third = series.sessions.order_by("starts_at").select_related("series__engagement")[:3]
    Session.objects.filter(pk=first.pk).update(link="https://meet.example.org/amara")
    first.refresh_from_db()
    terms = {"at": series.at, "cadence": "2w", "minutes": 45, "zone": series.zone}
    change = Change.objects.create(
        series=series, by=series.mentee, created_at=NOW, starts_on=third.on, ends_on=series.ends_on, **terms
    )
    move = Move.objects.create(
        session=first, by=series.mentee, created_at=NOW, starts_at=first.starts_at + DAY,
        ends_at=first.ends_at + DAY,
    )  # fmt: skip
    away = TimeAway.objects.create(
        person=series.mentor, starts_on=first.on, ends_on=second.on, created_at=NOW
    )
    told = series.mentor.accomplishments.create(what="Cut the wait", how="Together", on=NOW.date())
    confirmation = Confirmation(accomplishment=told, name="Ada Lovelace", state="confirmed")
    agreed = preview(series.terms, series.mentor, series.mentee)
    return {
        "request": Request.objects.get(engagement=engagement),
        "invitation": Invitation(
            program=cast.program,
            by=cast.admin.person,
            email="new@example.org",
            is_mentee=True,
            expires_at=NOW,
        ),
        "invitation_path": "/invitations/abc/",
        "goal": cast.goal,
        "engagement": engagement,
        "series": series,
        "session": first,
        "first": first,
        "other": series.mentee,
        "by": series.mentee,
        "move": move,
        "change": change,
        "preview": agreed,
        "was_at": first.starts_at - HOUR,
        "when": "in an hour",
        "away": away,
        "was_asked": True,
        "restored": [first, second],
        "given_up": [third],
        "moved": [(first, first.starts_at - DAY)],
        "taken": [second],
        "now": NOW,
        "asker": series.mentee,
        "accomplishment": confirmation.accomplishment,
        "confirmation": confirmation,
        "confirm_path": "/confirm/a-token/",
        "token": "of-the-download",
        "until": NOW + DAY,
        "mails": list(Mail.objects.exclude(text="")[:3]),
        "engagement_id": engagement.pk,
    }


def skipped(template: str, rows: dict[str, Any]) -> list[Any]:
    """What one's own mail lists with the others, and everybody else's without."""
    sessions = rows["restored"]
    return [(one, rows["other"]) for one in sessions] if template == "time_away_noted" else sessions


def written(template: str, rows: dict[str, Any], **over: Any) -> Mail:
    reader = rows["series"].mentor
    lists = {"skipped": skipped(template, rows), "asked": [(rows["first"], rows["other"])]}
    queue_mail(
        **{
            "kind": template,
            "to": reader,
            "template": template,
            "context": rows | lists,
            "key": f"look:{template}",
            "now": NOW,
            "category": Category.SESSIONS,
            "program_id": rows["engagement"].program_id,
        }
        | over
    )
    return Mail.objects.get(key=f"look:{template}")


@pytest.fixture
def strict() -> Any:
    """A variable that a template names and nobody gives is written out, instead of nothing."""
    engine = engines["django"].engine
    engine.string_if_invalid = MISSING
    yield
    engine.string_if_invalid = ""


@pytest.mark.parametrize("template", TEMPLATES)
def test_mail_is_whole_in_text_and_html(said: dict[str, Any], strict: Any, template: str) -> None:
    mail = written(template, said)
    for part in (mail.subject, mail.text, mail.html):
        assert "missing:" not in part
        assert "{{" not in part
        assert "\x1e" not in part
    assert mail.subject
    assert mail.text.startswith(f"Dear {said['series'].mentor.name},\n\n")
    assert mail.action in mail.html
    assert mail.link.startswith(settings.SITE_URL + "/")
    assert f"{mail.action}: {mail.link}" in mail.text
    assert re.findall(r'class="button"[^>]*>\s*<a href="([^"]+)"', mail.html) == [mail.link]
    assert "<img" not in mail.html
    for part in (mail.text, mail.html):
        for words in ("Asia/Kolkata", "/mail/stop/"):
            assert (words in part) == (template not in OUTSIDE)
        assert ("“Crossways”" in part) == (template not in OUTSIDE - {"invitation"})
    assert max(map(len, mail.text.splitlines())) < 900  # RFC 5322 allows 998
    if folder := os.environ.get("MAIL_LOOK"):
        Path(folder, f"{template}.html").write_text(mail.html)
        Path(folder, f"{template}.txt").write_text(f"{mail.subject}\n\n{mail.text}")


@pytest.mark.parametrize("template", TEMPLATES)
def test_mail_says_the_same_in_text_and_html(said: dict[str, Any], template: str) -> None:
    """All words of the text's body stand in the HTML, in the same order."""
    mail = written(template, said)
    shown = " ".join(re.sub(r"<[^>]+>", " ", mail.html.partition("<body")[2]).split())
    shown = shown.replace("&amp;", "&").replace("&#x27;", "'").replace("&quot;", '"')
    plain = re.findall(r"\w{4,}", mail.opening.removesuffix("…"))
    positions = re.findall(r"\w{4,}", shown[shown.index("Dear ") :])
    rest = iter(positions)
    assert [word for word in plain if word not in rest] == []


def test_mail_speaks_safely_of_people_with_odd_names(said: dict[str, Any]) -> None:
    said["series"].mentee.name = "<b>Ann\x1e</b> & {{ site_url }}"
    mail = written("session_moved", said | {"other": said["series"].mentee})
    assert "<b>Ann" not in mail.html
    assert "&lt;b&gt;Ann" in mail.html
    assert "<b>Ann\x1e</b> & {{ site_url }}" in mail.text


def test_mail_without_a_program_or_a_choice_says_so_little(said: dict[str, Any]) -> None:
    mail = written("reminder", said, category=Category.ESSENTIAL, program_id=None)
    assert "because you take part in a mentoring program." in mail.text
    assert "/mail/stop/" not in mail.text + mail.html
    assert f"Choose which mails you get, and when: {settings.SITE_URL}/mail/\n" in mail.text


def test_mail_is_queued_in_few_queries(said: dict[str, Any], django_assert_max_num_queries: Any) -> None:
    assert choices_of(said["series"].mentor).stopped == []
    with django_assert_max_num_queries(4):
        queue_mail(
            kind="reminder",
            to=said["series"].mentor,
            template="reminder",
            context=said,
            key="few",
            now=NOW,
            category=Category.REMINDERS,
            program_id=said["engagement"].program_id,
        )
