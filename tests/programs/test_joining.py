"""The ways in: an invitation by mail, the link with and without approval, a mail domain."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mentoring.outbox.models import Mail
from mentoring.programs import joining
from mentoring.programs.joining import Place
from mentoring.programs.models import Applicant, AuditEntry, Invitation, Membership, Program
from mentoring.programs.services import ProgramError
from tests import factories

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r"/invitations/([^/\s]+)/")


def invite(cast, *rows, now=None):
    places = rows or (Place(email="new@example.org", is_mentee=True),)
    return joining.invite(cast.program, by=cast.admin.person, rows=places, now=now or timezone.now())


def path_in_mail(address):
    mail = Mail.objects.filter(recipients=[address], kind="invitation").latest("pk")
    return reverse("programs:invitation-accept", args=[TOKEN.search(mail.text)[1]])


def at(cast, name, *args):
    return reverse(f"programs:{name}", args=[cast.program.slug, *args])


def is_member(cast, person):
    return Membership.objects.current().filter(program=cast.program, person=person).exists()


def test_an_invitation_leads_through_sign_up_and_is_taken_once(cast, client_of, client):
    (invitation,) = invite(
        cast, Place(email="New@example.org", is_mentor=True, is_admin=True, capacity=3)
    ).sent
    url = path_in_mail("New@example.org")

    page = client.get(url)
    assert f"{reverse('account_signup')}?next=" in page.text
    assert "email=New%40example.org" in page.text
    assert client.post(url).status_code == 200  # signed out: nothing is taken
    assert Invitation.objects.open(timezone.now()).exists()
    # with any address of theirs: whoever reads the mail may take it
    person = factories.make_person()
    assert client_of(person).post(url).status_code == 302
    member = Membership.objects.get(program=cast.program, person=person)
    assert (member.is_mentor, member.is_mentee, member.is_admin, member.capacity) == (True, False, True, 3)
    assert client_of(factories.make_person()).post(url).status_code == 404
    with pytest.raises(ProgramError):
        joining.accept_invitation(invitation, factories.make_person(), now=timezone.now())
    assert invitation.token_digest not in Mail.objects.get(kind="invitation").text


def test_an_invitation_gives_a_member_more_and_takes_nothing(cast):
    (invitation,) = invite(cast, Place(email="x@example.org", is_mentee=True)).sent

    joining.accept_invitation(invitation, cast.mentor.person, now=timezone.now())

    cast.mentor.refresh_from_db()
    assert (cast.mentor.is_mentor, cast.mentor.is_mentee, cast.mentor.capacity) == (True, True, 2)


def test_nobody_is_mailed_twice_and_accounts_are_not_told_apart(cast, client_of):
    outsider = factories.make_person(email="has-account@example.org")
    typed = "new@example.org\nNEW@example.org\nAda Lin <has-account@example.org>\n" + cast.mentor.person.email
    response = client_of(cast.admin.person).post(
        at(cast, "invitation-new"), {"addresses": typed, "is_mentee": "on"}, follow=True
    )

    assert sorted(Invitation.objects.values_list("email", "name")) == [
        ("NEW@example.org", ""),
        (outsider.email, "Ada Lin"),
    ]
    assert "2 invitations on the way." in response.text
    again = invite(
        cast, Place(email=outsider.email, is_mentee=True), Place(email="new@example.org", is_mentor=True)
    )
    assert (again.sent, len(again.waiting)) == ([], 2)
    later = timezone.now() + joining.OPEN_FOR
    assert len(invite(cast, Place(email="new@example.org", is_mentee=True), now=later).sent) == 1


def test_withdrawing_and_inviting_anew_fills_nobody_s_mailbox(cast, client_of):
    now = timezone.now()
    for _ in range(3):
        (made,) = invite(cast, now=now).sent
        joining.withdraw_invitation(made, by=cast.admin.person, now=now)

    typed = {"addresses": "New@example.org", "is_mentee": "on"}
    page = client_of(cast.admin.person).post(at(cast, "invitation-new"), typed, follow=True).text

    assert "Mailed 3 times today, and not once more: New@example.org." in page
    assert Mail.objects.filter(kind="invitation").count() == 3
    assert len(invite(cast, now=now + timedelta(days=1, minutes=1)).sent) == 1


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "no address",
        "a@example.org, <b",
        "\0@example.org",
        f"{'a' * 60}@{'.'.join(['b' * 50] * 4)}.example",
        "\n".join(f"a{n}@example.org" for n in range(201)),
    ],
)
def test_invitation_new_says_what_is_wrong_and_sends_nothing(cast, client_of, typed):
    response = client_of(cast.admin.person).post(
        at(cast, "invitation-new"), {"addresses": typed, "is_mentee": "on"}
    )

    assert list(response.context["form"].errors) == ["addresses"]
    assert not Mail.objects.exists()


def test_a_withdrawn_expired_or_resent_invitation_has_a_dead_link(cast, client_of, client):
    (invitation,) = invite(cast).sent
    admin, first = client_of(cast.admin.person), path_in_mail("new@example.org")

    admin.post(at(cast, "invitation-resend", invitation.pk))  # too soon: the link stays
    assert client.get(first).status_code == 200
    Invitation.objects.update(sent_at=timezone.now() - timedelta(hours=2))
    admin.post(at(cast, "invitation-resend", invitation.pk))
    second = path_in_mail("new@example.org")
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    Invitation.objects.update(
        expires_at=timezone.now() + timedelta(seconds=-1), sent_at=timezone.now() - timedelta(1)
    )
    assert client.get(second).status_code == 404
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    admin.post(at(cast, "invitation-withdraw", invitation.pk))
    assert client.get(second).status_code == 404
    for stranger in (cast.stranger, cast.mentor.person):
        for name in ("invitation-withdraw", "invitation-resend"):
            assert client_of(stranger).post(at(cast, name, invitation.pk)).status_code == 404


def test_an_admin_cannot_touch_an_invitation_of_another_program(cast, client_of):
    (invitation,) = invite(cast).sent
    other = Membership.objects.get(person=cast.stranger).program
    url = reverse("programs:invitation-withdraw", args=[other.slug, invitation.pk])

    assert client_of(cast.stranger).post(url).status_code == 404
    assert Invitation.objects.open(timezone.now()).exists()


def test_join_with_approval_waits_for_an_admin(cast, client_of):
    Program.objects.filter(pk=cast.program.pk).update(joins_after_approval=True)
    link = reverse("programs:join", args=[cast.program.join_token])
    one, two = factories.make_person(), factories.make_person()
    for person in (one, one, two):
        client_of(person).post(link, {"role": "both", "capacity": "3"})
    assert Applicant.objects.count() == 2
    assert not is_member(cast, one)
    admin = client_of(cast.admin.person)
    assert one.name in admin.get(at(cast, "invitation-list")).text
    first, second = (Applicant.objects.get(person=person).pk for person in (one, two))
    assert client_of(cast.stranger).post(at(cast, "applicant-accept", first)).status_code == 404

    admin.post(at(cast, "applicant-accept", first))
    admin.post(at(cast, "applicant-decline", second))

    assert (is_member(cast, one), is_member(cast, two)) == (True, False)
    assert Membership.objects.get(program=cast.program, person=one).capacity == 3
    assert not Applicant.objects.exists()
    kinds = dict(Mail.objects.values_list("person", "kind"))
    assert kinds == {one.pk: "applicant_accepted", two.pk: "applicant_declined"}
    assert admin.post(at(cast, "applicant-accept", first)).status_code == 404


def test_whoever_asks_sees_it_and_asks_again_a_week_after_a_no(cast, client_of):
    Program.objects.filter(pk=cast.program.pk).update(joins_after_approval=True)
    link = reverse("programs:join", args=[cast.program.join_token])
    person = factories.make_person()
    client, waits = client_of(person), f"You have asked to join {cast.program.name}</p>"
    client.post(link, {"role": "mentee"})
    assert waits in client.get(reverse("home:home")).text
    client_of(cast.admin.person).post(at(cast, "applicant-decline", Applicant.objects.get().pk))
    assert waits not in client.get(reverse("home:home")).text

    again = client.post(link, {"role": "mentee"})

    assert again.context["form"].non_field_errors() == [
        "An admin has answered within the last week. You can ask again after it."
    ]
    assert not Applicant.objects.exists()
    Mail.objects.update(created_at=timezone.now() - joining.ASK_AGAIN_AFTER)
    client.post(link, {"role": "mentee"})
    assert Applicant.objects.get().person == person
    Program.objects.filter(pk=cast.program.pk).update(joins_after_approval=False)
    client.post(link, {"role": "mentee"})
    assert (is_member(cast, person), Applicant.objects.exists()) == (True, False)


def test_a_rotated_or_closed_link_is_not_there(cast, client_of):
    old, person = reverse("programs:join", args=[cast.program.join_token]), factories.make_person()
    assert client_of(person).get(old).status_code == 200

    client_of(cast.admin.person).post(at(cast, "link-rotate"))

    assert client_of(person).post(old, {"role": "mentee"}).status_code == 404
    cast.program.refresh_from_db()
    new = reverse("programs:join", args=[cast.program.join_token])
    assert client_of(person).get(new).status_code == 200
    Program.objects.filter(pk=cast.program.pk).update(joins_by_link=False)
    assert client_of(person).post(new, {"role": "mentee"}).status_code == 404
    assert client_of(cast.mentor.person).post(at(cast, "link-rotate")).status_code == 404
    assert not is_member(cast, person)


def test_a_confirmed_address_of_the_domain_opens_the_program(cast, client_of):
    Program.objects.filter(pk=cast.program.pk).update(domains=["ward.example"], joins_by_link=False)
    url = at(cast, "join-by-domain")
    inside, unconfirmed, near = (
        factories.make_person(email=email)
        for email in ("a@Ward.example", "b@ward.example", "c@x.ward.example")
    )
    unconfirmed.emailaddress_set.update(verified=False)

    for person in (unconfirmed, near, cast.mentor.person):
        assert client_of(person).post(url, {"role": "mentee"}).status_code == 404
    assert url in client_of(inside).get(reverse("home:home")).text
    assert url not in client_of(near).get(reverse("home:home")).text
    assert client_of(inside).post(url, {"role": "mentee"}).status_code == 302
    assert is_member(cast, inside)
    Program.objects.filter(pk=cast.program.pk).update(joins_after_approval=True)
    unconfirmed.emailaddress_set.update(verified=True)
    client_of(unconfirmed).post(url, {"role": "mentee"})
    assert Applicant.objects.get().person == unconfirmed


def test_an_admin_removes_a_member_in_one_step(cast, client_of):
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    admin, url = client_of(cast.admin.person), at(cast, "member-remove", cast.mentor.pk)
    assert f"The engagement with {cast.mentee.person.name} ends" in admin.get(url).text
    assert is_member(cast, cast.mentor.person)
    assert client_of(cast.stranger).post(url).status_code == 404
    assert client_of(cast.mentee.person).post(url).status_code == 404

    assert admin.post(url).status_code == 302

    engagement.refresh_from_db()
    assert engagement.state == "ended"
    assert not is_member(cast, cast.mentor.person)
    kinds = set(Mail.objects.filter(person=cast.mentor.person).values_list("kind", flat=True))
    assert {"member_removed", "engagement_ended"} <= kinds
    assert admin.post(at(cast, "member-remove", cast.admin.pk)).status_code == 404


def test_who_was_removed_comes_back_by_an_admin_s_yes_alone(cast, client_of):
    link, person = reverse("programs:join", args=[cast.program.join_token]), cast.mentor.person
    client = client_of(person)
    client.post(reverse("programs:membership-leave", args=[cast.program.slug]))
    client.post(link, {"role": "mentor"})
    assert is_member(cast, person)
    client_of(cast.admin.person).post(at(cast, "member-remove", cast.mentor.pk))

    assert "Ask to join" in client.get(link).text
    client.post(link, {"role": "mentor"})

    assert not is_member(cast, person)
    client_of(cast.admin.person).post(at(cast, "applicant-accept", Applicant.objects.get().pk))
    assert is_member(cast, person)


@pytest.mark.parametrize(
    "path", ["/join/TOKEN/", "/invitations/TOKEN/", "/confirm/TOKEN/", "/your-data/file/TOKEN/"]
)
def test_no_log_gives_a_token_away(cast, client_of, caplog, path):
    """Whoever reads the logs would else join, accept or confirm by them."""
    client_of(cast.mentee.person).get(path)

    assert path.replace("TOKEN/", "…") in caplog.text
    assert "TOKEN" not in caplog.text


@pytest.mark.parametrize("end", ["member-remove", "member-edit"])
def test_who_no_longer_runs_a_program_has_left_no_way_back(cast, client_of, end):
    rogue = factories.make_member(cast.program, is_admin=True)
    places = (Place(email="back@example.org", is_admin=True), Place(email="new@example.org", is_mentee=True))
    joining.invite(cast.program, by=rogue.person, rows=places, now=timezone.now())

    client_of(cast.admin.person).post(at(cast, end, rogue.pk), {"is_mentee": "on", "capacity": "1"})

    open_ones = Invitation.objects.open(timezone.now()).values_list("email", flat=True)
    assert list(open_ones) == ["new@example.org"]
    assert Mail.objects.get(recipients=["back@example.org"]).state == Mail.State.WITHDRAWN
    assert AuditEntry.objects.get(action="invitation withdrawn").details == {"address": "back@example.org"}
