"""The mails of a program that did not arrive: an admin sees that they did not, and never what they say."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from mentoring.outbox import dispatching, failures
from mentoring.outbox.models import Mail
from tests import factories
from tests.outbox.test_dispatch import make_mail
from tests.pages import queries_of

pytestmark = pytest.mark.django_db
SECRET = "Zanzibar"


@pytest.fixture
def url(cast):
    return reverse("programs:mail-list", args=[cast.program.slug])


def make_failed(cast, **over) -> Mail:
    now = timezone.now()
    fields = {
        "kind": "session_moved",
        "category": "sessions",
        "program": cast.program,
        "person": cast.mentee.person,
        "subject": SECRET,
        "text": SECRET,
        "html": SECRET,
        "calendar": SECRET,
        "state": "failed",
        "failed_at": now,
        "attempts": 3,
        "unsettled": 1,
        "error": f"550 5.1.1 no such person {SECRET}",
    }
    return make_mail(**fields | over)


def retry_url(cast, mail: Mail) -> str:
    return reverse("programs:mail-retry", args=[cast.program.slug, mail.pk])


def test_mail_list_says_to_whom_and_why_and_never_the_words(cast, client_of, url) -> None:
    make_failed(cast)
    page = client_of(cast.admin.person).get(url)
    assert SECRET not in page.text
    (row,) = page.context["rows"]
    assert (row.to, row.what, row.is_retriable) == ("Amara Eze", "About a session", True)
    assert row.why == "The mail server says that there is no such address."
    assert row.why in page.text


def test_mail_list_of_a_pair_that_the_admin_is_half_of_is_no_more(cast, client_of, url) -> None:
    make_failed(cast, person=cast.admin.person)
    assert SECRET not in client_of(cast.admin.person).get(url).text


def test_mail_list_fetches_no_words(cast, client_of, url) -> None:
    make_failed(cast)
    mail = failures.listed(failures.failed(), timezone.now()).get()
    assert {"subject", "text", "html", "calendar", "headers"} <= mail.get_deferred_fields()


def test_mail_list_holds_nothing_of_other_programs_nor_of_accounts(cast, client_of, url) -> None:
    make_failed(cast, program=factories.make_program())
    make_failed(cast, program=None, kind="account")
    page = client_of(cast.admin.person).get(url)
    assert page.context["rows"] == []
    assert page.context["failed"] == 0
    assert "Nothing failed" in page.text


def test_mail_list_shows_what_is_tried_again_by_itself(cast, client_of, url) -> None:
    make_failed(cast, state="waiting", failed_at=None, error="451 4.3.0 later")
    make_failed(cast, state="waiting", failed_at=None, error="")
    page = client_of(cast.admin.person).get(url, {"state": "waiting"})
    (row,) = page.context["rows"]
    assert row.why == "The mail server asked to be tried again later (451)."
    assert (page.context["failed"], page.context["put_off"]) == (0, 1)


@pytest.mark.parametrize("over", [{"text": ""}, {"send_before": timezone.now() - timedelta(days=1)}])
def test_mail_that_is_of_no_use_says_so_and_has_no_button(cast, client_of, url, over: dict) -> None:
    mail = make_failed(cast, **over)
    client = client_of(cast.admin.person)
    page = client.get(url)
    assert "of no use any more" in page.text
    assert "Send again" not in page.text
    client.post(retry_url(cast, mail))
    client.post(reverse("programs:mail-retry-all", args=[cast.program.slug]))
    mail.refresh_from_db()
    assert mail.state == Mail.State.FAILED


def test_retry_begins_anew(cast, client_of, url) -> None:
    mail = make_failed(cast)
    answer = client_of(cast.admin.person).post(retry_url(cast, mail), follow=True)
    assert "sent again now" in answer.text
    mail.refresh_from_db()
    fresh = (mail.state, mail.attempts, mail.unsettled, mail.error, mail.failed_at, mail.lease)
    assert fresh == ("waiting", 0, 0, "", None, None)
    assert mail.due_at <= timezone.now()


def test_retry_twice_does_once(cast, client_of) -> None:
    mail = make_failed(cast)
    client = client_of(cast.admin.person)
    client.post(retry_url(cast, mail))
    Mail.objects.update(attempts=1)
    assert "is being sent already" in client.post(retry_url(cast, mail), follow=True).text
    assert Mail.objects.get().attempts == 1


def test_retry_all_is_of_this_program_alone(cast, client_of) -> None:
    ours = [make_failed(cast), make_failed(cast)]
    foreign = make_failed(cast, program=factories.make_program())
    account = make_failed(cast, program=None)
    url = reverse("programs:mail-retry-all", args=[cast.program.slug])
    assert "2 mails sent again now." in client_of(cast.admin.person).post(url, follow=True).text
    states = dict(Mail.objects.values_list("pk", "state"))
    assert [states[mail.pk] for mail in (*ours, foreign, account)] == ["waiting"] * 2 + ["failed"] * 2


def test_retry_of_another_programs_mail_is_404_and_does_nothing(cast, client_of) -> None:
    mail = make_failed(cast, program=factories.make_program())
    assert client_of(cast.admin.person).post(retry_url(cast, mail)).status_code == 404
    mail.refresh_from_db()
    assert mail.state == Mail.State.FAILED


def test_mail_pages_are_for_admins_of_the_program_alone(cast, client_of, url) -> None:
    mail = make_failed(cast)
    for person in (cast.mentor.person, cast.mentee.person, cast.stranger):
        client = client_of(person)
        assert client.get(url).status_code == 404
        assert client.post(retry_url(cast, mail)).status_code == 404
    assert client_of(cast.admin.person).get(retry_url(cast, mail)).status_code == 405


def test_mail_list_costs_the_same_queries_at_one_and_at_four(cast, client_of, url) -> None:
    client = client_of(cast.admin.person)
    make_failed(cast)
    at_one = queries_of(client, url)
    for _ in range(3):
        make_failed(cast, person=factories.make_person())
    assert queries_of(client, url) == at_one


def test_mail_list_pages_by_fifty_and_survives_garbage(cast, client_of, url) -> None:
    for _ in range(51):
        make_failed(cast)
    client = client_of(cast.admin.person)
    assert len(client.get(url).context["rows"]) == 50
    assert len(client.get(url, {"page": 2}).context["rows"]) == 1
    for query in ({"page": "\0"}, {"page": "9" * 5000}, {"state": "\0"}, {"state": "sent"}):
        assert len(client.get(url, query).context["rows"]) in {1, 50}


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("550 no such person", "The mail server says that there is no such address."),
        ("554 5.7.1 spam", "The mail server refused it (554)."),
        ("552 5.2.2 full", "The reader's mailbox is full."),
        ("Not sent in time to be of use. 451 later",
         "Not sent in time to be of use. The mail server asked to be tried again later (451)."),
        ("Not sent in time to be of use. ", "Not sent in time to be of use."),
        (dispatching.UNCLEAR,
         "It may have arrived: twice, what was sending it ended before it could say so."),
        (dispatching.RETURNED, "Mails to this address come back, so nothing more is sent there."),
        ("ValueError: Invalid address Zanzibar", "It cannot be written as a mail to this address."),
        ("ConnectionRefusedError(111, 'Connection refused')",
         "The mail server could not be reached, or broke off."),
        ("AnymailRequestsAPIError 422: Zanzibar", "The mail provider refused it (422)."),
        ("AnymailRequestsAPIError 429: Zanzibar", "The mail provider asked to be tried again later (429)."),
        ("AnymailRequestsAPIError 503: Zanzibar", "The mail provider asked to be tried again later (503)."),
    ],
)  # fmt: skip
def test_why_is_said_in_plain_words(error: str, why: str) -> None:
    assert failures.why_of(Mail(error=error)) == why


def test_operator_sees_failures_and_retries_them(cast, capsys: pytest.CaptureFixture[str]) -> None:
    mail = make_failed(cast, program=None, kind="account", category="essential")
    call_command("mail", "--failed")
    shown = capsys.readouterr().out
    assert str(mail.pk) in shown
    assert "person@" not in shown
    assert "About an account" in shown
    call_command("mail", "--retry", str(mail.pk))
    mail.refresh_from_db()
    assert mail.state == Mail.State.WAITING
    call_command("mail", "--retry", str(mail.pk))
    assert "cannot be sent again" in capsys.readouterr().out


def test_home_tells_admins_alone_how_many_failed(cast, client_of) -> None:
    home = reverse("home:program-home", args=[cast.program.slug])
    client = client_of(cast.admin.person)
    assert "did not arrive" not in client.get(home).text
    make_failed(cast, program=factories.make_program())
    make_failed(cast)
    assert "1 mail of this program did not arrive." in client.get(home).text
    assert "did not arrive" not in client_of(cast.mentor.person).get(home).text
