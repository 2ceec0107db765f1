"""Everything about a person is in their zip, nothing that others keep, and its link is theirs alone."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db.models import F
from django.test import Client
from django.utils import timezone

from mentoring.outbox.models import Mail
from mentoring.owndata import services
from mentoring.owndata.erasing import erase
from mentoring.owndata.models import Download, DownloadPart
from mentoring.owndata.services import OwnDataError, ask_download, forget_downloads, make_download
from mentoring.programs.models import Invitation
from tests import factories
from tests.owndata.conftest import History

pytestmark = pytest.mark.django_db
PAGE = "/your-data/"
DAY = timedelta(days=1)


def make_next(now: Any) -> bool:
    waiting = Download.objects.waiting().first()
    return waiting is not None and make_download(download_id=waiting.pk, now=now)


def link_of(person: Any) -> str:
    mail = Mail.objects.filter(kind="download_ready", person=person).latest("created_at")
    return "/your-data/file/" + mail.link.rpartition("/your-data/file/")[2]


def made_for(person: Any, client: Client) -> zipfile.ZipFile:
    """By the page, the worker and the mail's link."""
    client.post(PAGE)
    assert make_next(timezone.now())
    response: Any = client.get(link_of(person))
    packed = b"".join(response.streaming_content)
    assert len(packed) == int(response["Content-Length"])
    return zipfile.ZipFile(io.BytesIO(packed))


def words_in(archive: zipfile.ZipFile) -> str:
    return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


@pytest.mark.parametrize(("half", "other"), [("mentee", "mentor"), ("mentor", "mentee")])
def test_zip_holds_all_of_ones_own_and_nothing_that_the_other_keeps(
    history: History, client_of: Any, half: str, other: str
) -> None:
    person = getattr(history, half).person
    other_person = getattr(history, other).person

    said = words_in(made_for(person, client_of(person)))

    assert {word for word in history.own[half] | history.shared if word not in said} == set()
    assert {word for word in history.own[other] if word in said} == set()
    assert other_person.email not in said
    assert person.email in said
    assert other_person.name in said


def test_every_file_is_a_list_that_any_program_reads(history: History, client_of: Any) -> None:
    person = history.mentee.person
    person.name = "‮عمارة\u0000".replace("\u0000", "") + " 🦊 “O'Neil” \\ שם"
    person.save(update_fields=["name"])
    archive = made_for(person, client_of(person))

    lists = {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}

    assert lists["account.json"][0]["name"] == person.name
    assert {name for name, rows in lists.items() if not isinstance(rows, list) or not rows} == set()
    assert [row["blocker"] for row in lists["goals.json"] if row["blocker"]] in (
        ["BLOCKER-mentee", "HIDDEN-mentee"],
        ["HIDDEN-mentee", "BLOCKER-mentee"],
    )
    assert lists["empathy-ratings.json"][0]["listened"] == 4
    assert lists["profile.json"][0]["hours kept for mentoring"][0] == "Monday 08:00–20:00"
    assert archive.read("photos/large.webp") == b"PHOTO-mentee"


def test_a_mentor_is_not_given_what_waits_for_an_admins_yes(cast: Any, client_of: Any) -> None:
    factories.make_request(cast.goal, cast.mentor, message="UNHEARD", approved_at=None)

    assert "UNHEARD" not in words_in(made_for(cast.mentor.person, client_of(cast.mentor.person)))
    assert "UNHEARD" in words_in(made_for(cast.mentee.person, client_of(cast.mentee.person)))


def test_an_address_that_is_not_confirmed_opens_nothing(cast: Any, client_of: Any) -> None:
    """A provider of identities may name any address."""
    me, now = cast.mentee.person, timezone.now()
    EmailAddress.objects.create(user=me, email="victim@example.org", verified=False)
    Invitation.objects.create(
        program=cast.program, email="Victim@example.org", is_mentee=True, token_digest="digest", sent_at=now,
        expires_at=now + DAY,
    )  # fmt: skip
    Mail.objects.create(
        key="old", kind="login_code", recipients=["victim@example.org"], subject="For the victim",
        created_at=now, due_at=now, send_before=now + DAY,
    )  # fmt: skip

    told = words_in(made_for(me, client_of(me)))
    assert "victim@example.org" in told  # as an address of the account
    assert "For the victim" not in told
    assert "invitations" not in told
    erase(person_id=me.pk, now=now)
    assert Invitation.objects.exists()
    assert Mail.objects.get(key="old").subject == "For the victim"


def test_link_is_good_for_a_day_and_for_its_person_alone(cast: Any, client_of: Any) -> None:
    person, client = cast.mentee.person, client_of(cast.mentee.person)
    made_for(person, client)
    link, download = link_of(person), Download.objects.get()

    assert client_of(cast.mentor.person).get(link).status_code == 404
    assert Client().get(link).status_code == 302
    assert client.get(link.replace(link[-7:], "aaaaaa/")).status_code == 404
    assert download.token_digest not in link

    Download.objects.update(made_at=F("made_at") - DAY, expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(link).status_code == 404
    forget_downloads(timezone.now())
    assert DownloadPart.objects.count() == 0
    assert Download.objects.count() == 1
    forget_downloads(timezone.now() + 2 * DAY)
    assert Download.objects.count() == 0


def test_one_waits_at_a_time_and_three_a_day_are_made(cast: Any) -> None:
    person, now = cast.mentee.person, timezone.now()
    assert ask_download(person=person, now=now) == ask_download(person=person, now=now)
    for _ in range(3):
        make_next(now)
        last = now
        if Download.objects.count() < services.A_DAY:
            ask_download(person=person, now=now)

    with pytest.raises(OwnDataError, match="3 times today"):
        ask_download(person=person, now=last)
    assert ask_download(person=person, now=now + DAY).made_at is None
    assert Mail.objects.filter(kind="download_ready").count() == 3


def test_a_worker_that_dies_leaves_it_waiting_and_mails_nothing(
    cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_download(person=cast.mentee.person, now=timezone.now())
    with monkeypatch.context() as patch:
        patch.setattr(services, "queue_mail", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            make_next(timezone.now())

    assert (DownloadPart.objects.count(), Mail.objects.count()) == (0, 0)
    assert make_next(timezone.now())
    assert not make_next(timezone.now())


def test_one_that_cannot_be_made_holds_up_nobody_and_can_be_asked_for_again(
    cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, woken = timezone.now(), []
    broken, other = (ask_download(person=one.person, now=now) for one in (cast.mentee, cast.mentor))
    monkeypatch.setattr(services, "publish", lambda task, pk: woken.append(pk))

    services.make_waiting()

    assert sorted(woken) == sorted([str(broken.pk), str(other.pk)])
    assert make_download(download_id=other.pk, now=now)
    forget_downloads(now + timedelta(hours=23))
    assert Download.objects.waiting().get() == broken
    forget_downloads(now + 2 * DAY)
    assert ask_download(person=cast.mentee.person, now=now + 2 * DAY) != broken


def test_pages_say_where_it_stands(cast: Any, client_of: Any) -> None:
    client = client_of(cast.mentee.person)
    assert "Put my data together" in client.get(PAGE).content.decode()
    client.post(PAGE)
    assert "Putting your data together" in client.get(PAGE).content.decode()
    assert "HX-Refresh" not in client.get(PAGE + "progress/", headers={"HX-Request": "true"})
    make_next(timezone.now())
    assert client.get(PAGE + "progress/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "Your data is ready" in client.get(PAGE).content.decode()
