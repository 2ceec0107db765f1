"""One mail a day: gathered, made once, and never lost."""

from datetime import time, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet

from mentoring.outbox import digest, services
from mentoring.outbox.choices import save_choices
from mentoring.outbox.digest import send_digests
from mentoring.outbox.models import EMPTY, Category, Mail
from tests.factories import instant
from tests.outbox.test_choices import QUIET, choose, chosen, mail_of
from tests.racing import race, refusals

pytestmark = pytest.mark.django_db
DUE = instant(2031, 5, 7, 7)  # 08:00 in London, the morning after NOW
MINUTE = timedelta(minutes=1)


@pytest.fixture
def gathered(cast: Any) -> list[Mail]:
    choose(cast.mentee.person, digest_at=time(8))
    return [mail_of(cast, f"mail {n}", about=f"request:{n}", program_id=cast.program.pk) for n in range(3)]


def the_digest() -> Mail:
    return Mail.objects.get(kind="digest")


def states() -> dict[str, str]:
    return dict(Mail.objects.exclude(kind="digest").values_list("key", "state"))


def test_digest_holds_all_that_is_gathered_in_one_mail(cast, gathered: list[Mail]) -> None:
    assert send_digests(DUE - MINUTE) == 0
    assert send_digests(DUE) == 1
    mail = the_digest()
    assert (mail.state, mail.recipients, mail.due_at) == ("waiting", [cast.mentee.person.email], DUE)
    assert (mail.subject, mail.program_id) == ("3 messages for you, Wednesday 7 May", cast.program.pk)
    assert mail.key == f"digest:{cast.mentee.person_id}:2031-05-07:{gathered[0].pk}"
    for one in gathered:
        assert one.link in mail.text
        assert one.link in mail.html
        assert mail.text.count(one.subject) == 3
    assert set(states().values()) == {"digested"}
    assert send_digests(DUE) == 0


def test_digest_of_one_has_its_subject(cast) -> None:
    choose(cast.mentee.person, digest_at=time(8))
    only = mail_of(cast)
    send_digests(DUE)
    assert the_digest().subject == only.subject


def test_each_person_has_a_digest_of_their_own(cast, gathered: list[Mail]) -> None:
    choose(cast.mentor.person, digest_at=time(8))
    mail_of(cast, "for the mentor", to=cast.mentor.person)
    assert send_digests(DUE) == 2
    (to_mentor,) = Mail.objects.filter(kind="digest", person=cast.mentor.person)
    assert "3 messages" not in to_mentor.subject


def test_withdrawn_mail_vanishes_from_the_digest(cast, gathered: list[Mail]) -> None:
    assert services.withdraw(["request:1"]) == 1
    send_digests(DUE)
    assert the_digest().subject == "2 messages for you, Wednesday 7 May"
    assert states() == {"mail 0": "digested", "mail 1": "withdrawn", "mail 2": "digested"}


def test_mail_of_no_use_any_more_is_left_out(cast, gathered: list[Mail]) -> None:
    Mail.objects.filter(key="mail 1").update(send_before=DUE)
    send_digests(DUE)
    assert the_digest().subject == "2 messages for you, Wednesday 7 May"
    assert Mail.objects.get(key="mail 1").state == "withdrawn"


def test_nothing_but_what_is_of_no_use_makes_no_digest(cast, gathered: list[Mail]) -> None:
    Mail.objects.update(send_before=DUE)
    assert send_digests(DUE) == 0
    assert set(states().values()) == {"withdrawn"}


def test_second_digest_of_a_day_is_another_mail(cast, gathered: list[Mail]) -> None:
    send_digests(DUE)
    save_choices(cast.mentee.person, chosen(digest_at=time(18)), now=DUE)
    mail_of(cast, "later", now=DUE + MINUTE)
    assert send_digests(instant(2031, 5, 7, 17)) == 1
    assert Mail.objects.filter(kind="digest").count() == 2


def test_digest_goes_although_its_hour_is_quiet_now(cast, gathered: list[Mail]) -> None:
    """The page refuses such hours; whoever has them all the same is not left without a digest."""
    choose(cast.mentee.person, digest_at=time(23), **QUIET)
    late = mail_of(cast, "late")
    send_digests(late.due_at)
    assert (the_digest().state, the_digest().due_at) == ("waiting", late.due_at)


def test_digest_can_be_stopped_from_the_mail_itself(cast, gathered: list[Mail]) -> None:
    send_digests(DUE)
    mail = the_digest()
    assert mail.category == Category.DIGEST
    assert mail.headers["List-Unsubscribe"].strip("<>") in mail.text


def test_digested_words_are_forgotten(cast, gathered: list[Mail]) -> None:
    send_digests(DUE)
    services.clear_sent(DUE)
    assert set(Mail.objects.exclude(kind="digest").values_list(*EMPTY)) == {("",) * len(EMPTY)}
    assert the_digest().text != ""


def test_digest_that_dies_half_way_is_made_whole_later(cast, gathered: list[Mail], monkeypatch) -> None:
    def dies() -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(digest, "wake_dispatcher", dies)
        with pytest.raises(ConnectionError):
            send_digests(DUE)
    assert set(states().values()) == {"gathered"}
    assert send_digests(DUE) == 1
    assert "3 messages" in the_digest().subject


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_digest(cast, gathered: list[Mail]) -> None:
    finishes = race([lambda: send_digests(DUE)] * 6)
    assert refusals(finishes) == {}
    assert sum(finish.returned for finish in finishes) == 1
    assert "3 messages" in the_digest().subject


def share_out(cast: Any) -> list[Any]:
    """Another worker begins while one has taken the mails that it saw, and one more was gathered since."""
    taken, done = Event(), Event()

    def first() -> int:
        with transaction.atomic():
            made = send_digests(DUE)
            taken.set()
            done.wait(timeout=1)
            return made

    def second() -> int:
        taken.wait(timeout=10)
        with transaction.atomic():
            mail_of(cast, "one more")
        made = send_digests(DUE + timedelta(days=1))
        done.set()
        return made

    return race([first, second])


@pytest.mark.django_db(transaction=True)
def test_who_comes_second_leaves_the_person_alone(cast, gathered: list[Mail]) -> None:
    finishes = share_out(cast)
    assert refusals(finishes) == {}
    assert [finish.returned for finish in finishes] == [1, 0]
    assert states()["one more"] == "gathered"


@pytest.mark.django_db(transaction=True)
def test_without_the_persons_lock_two_share_it_out(cast, gathered: list[Mail], monkeypatch) -> None:
    real = QuerySet.select_for_update

    def lock(rows: QuerySet, *args: object, **kwargs: object) -> QuerySet:
        return real(rows, *args, **kwargs) if rows.model is Mail else rows.all()

    monkeypatch.setattr(QuerySet, "select_for_update", lock)
    finishes = share_out(cast)
    assert [finish.returned for finish in finishes] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_digest_made_while_it_is_switched_off_sends_each_mail_once(cast, gathered: list[Mail]) -> None:
    runners = [
        lambda: send_digests(DUE),
        lambda: save_choices(cast.mentee.person, chosen(), now=DUE),
        lambda: send_digests(DUE),
    ]
    assert refusals(race(runners)) == {}
    went = states()
    assert set(went.values()) <= {"digested", "waiting"}
    in_digest = [key for key, state in went.items() if state == "digested"]
    for one in gathered:
        said = Mail.objects.filter(kind="digest", text__contains=one.link).exists()
        assert said or one.key not in in_digest
    assert Mail.objects.filter(kind="digest").count() == bool(in_digest)
