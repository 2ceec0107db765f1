import pytest
from django.urls import reverse

from mentoring.programs.models import AuditEntry, Invitation, Membership, Program, ReportingLine
from tests import factories

pytestmark = pytest.mark.django_db
FILLED = {
    "name": "Crossways",
    "about": "",
    "mentors_by": "choice",
    "joins_by_link": "on",
    "domains": "",
    "mode": "self",
    "open_requests": "3",
    "request_days": "10",
    "longest_weeks": "26",
    "usual_weeks": "12",
    "usual_cadence": "1w",
    "line_rule": "chain",
}


@pytest.fixture
def url(cast):
    return reverse("programs:settings", args=[cast.program.slug])


def test_settings_are_saved_and_the_audit_says_what_they_were(cast, client_of, url):
    client = client_of(cast.admin.person)
    wanted = FILLED | {
        "mode": "approved",
        "domains": "@Example.org, law.example.com",
    }

    assert client.post(url, wanted).url == url

    cast.program.refresh_from_db()
    assert (cast.program.mode, cast.program.domains) == ("approved", ["example.org", "law.example.com"])
    entry = AuditEntry.objects.get()
    assert entry.by == cast.admin.person
    assert entry.details == {
        "mode": ["self", "approved"],
        "domains": [[], ["example.org", "law.example.com"]],
    }
    page = client.get(reverse("programs:audit", args=[cast.program.slug])).text
    assert "self → approved" in page
    client.post(url, wanted)
    assert AuditEntry.objects.count() == 1
    client.post(url, wanted | {"needs_second_factor": "on"})
    assert AuditEntry.objects.latest("pk").details == {"needs_second_factor": [False, True]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("mode", "anarchy"),
        ("open_requests", "0"),
        ("open_requests", "9" * 40),
        ("request_days", "61"),
        ("longest_weeks", "27"),
        ("usual_weeks", "0"),
        ("usual_cadence", "x9"),
        ("line_rule", "\0"),
        ("domains", "gmail.com"),
        ("domains", "not a domain"),
        ("domains", " ".join(f"d{n}.example" for n in range(21))),
    ],
)
def test_settings_say_beside_the_field_what_is_wrong(cast, client_of, url, field, value):
    response = client_of(cast.admin.person).post(url, FILLED | {"about": "Typed", field: value})

    assert [list(part.errors) for part in response.context["parts"] if part.errors] == [[field]]
    assert "Typed" in response.text
    assert not AuditEntry.objects.exists()


def test_settings_refuse_a_usual_length_beyond_the_longest(cast, client_of, url):
    response = client_of(cast.admin.person).post(url, FILLED | {"longest_weeks": "8"})

    assert "no longer than the longest" in response.text


def test_settings_and_audit_are_for_admins_and_the_audit_for_superusers_too(cast, client_of, url):
    audit = reverse("programs:audit", args=[cast.program.slug])
    superuser = factories.make_person(is_superuser=True)
    for person in (cast.mentor.person, cast.stranger):
        assert client_of(person).post(url, FILLED).status_code == 404
        assert client_of(person).get(audit).status_code == 404
    assert client_of(superuser).get(url).status_code == 404
    assert client_of(superuser).get(audit).status_code == 200


def test_where_admins_make_mentors_nobody_makes_themselves_one(cast, client_of):
    Program.objects.filter(pk=cast.program.pk).update(mentors_by="admins")
    membership = reverse("programs:membership", args=[cast.program.slug])
    join = reverse("programs:join", args=[cast.program.join_token])
    newcomer = factories.make_person()

    client_of(cast.mentee.person).post(membership, {"is_mentor": "on", "is_mentee": "on", "capacity": "2"})
    refused = client_of(newcomer).post(join, {"role": "both", "capacity": "2"})

    cast.mentee.refresh_from_db()
    assert not cast.mentee.is_mentor
    assert list(refused.context["form"].errors) == ["role"]
    edit = reverse("programs:member-edit", args=[cast.program.slug, cast.mentee.pk])
    client_of(cast.admin.person).post(edit, {"is_mentor": "on", "is_mentee": "on", "capacity": "2"})
    cast.mentee.refresh_from_db()
    assert cast.mentee.is_mentor
    assert AuditEntry.objects.get().action == "member changed"
    # and who is one stays one
    client_of(cast.mentor.person).post(membership, {"is_mentor": "on", "capacity": "4"})
    cast.mentor.refresh_from_db()
    assert (cast.mentor.is_mentor, cast.mentor.capacity) == (True, 4)


def test_the_line_rule_keeps_apart_the_chain_or_the_manager_alone(cast):
    far = factories.make_mentor(cast.program)
    for senior, steps in ((cast.mentor, 1), (far, 2)):
        ReportingLine.objects.create(
            program=cast.program, junior=cast.mentee.person, senior=senior.person, steps=steps
        )
    assert not Membership.objects.open_to(cast.mentee).exists()

    Program.objects.filter(pk=cast.program.pk).update(line_rule="direct")

    assert list(Membership.objects.open_to(cast.mentee)) == [far]
    assert set(Membership.objects.mentees_open_to(far)) == {cast.mentee}
    assert not Membership.objects.mentees_open_to(cast.mentor).exists()


def test_a_superuser_creates_a_program_step_by_step_and_invites_its_admin(cast, client_of):
    client = client_of(factories.make_person(is_superuser=True))

    def step(name):
        return reverse("programs:program-new", args=[name])

    assert client.get(step("review")).url == step("about")
    assert client.post(step("about"), {"name": "Crossways", "about": "For nurses"}).url == step("joining")
    assert client.post(step("joining"), FILLED).url == step("matching")
    assert "For nurses" in client.get(step("about")).text
    assert "27" in client.post(step("matching"), FILLED | {"longest_weeks": "27"}).text
    assert client.post(step("matching"), FILLED | {"longest_weeks": "28", "back": "joining"}).url == step(
        "joining"
    )
    assert "28" in client.get(step("matching")).text
    assert client.post(step("matching"), FILLED | {"mode": "cohort"}).url == step("admin")
    assert client.post(step("admin"), {"email": "First@example.org", "admin_name": "Ines"}).url == step(
        "review"
    )
    assert "First@example.org" in client.get(step("review")).text
    assert client.post(step("review")).status_code == 302

    made = Program.objects.get(name="Crossways", mode="cohort")
    invitation = Invitation.objects.get(program=made)
    assert made.slug == "crossways-2"
    assert (invitation.email, invitation.is_admin, invitation.is_mentee) == ("First@example.org", True, False)
    assert not made.memberships.exists()
    assert client.get(step("review")).url == step("about")


@pytest.mark.parametrize("step", ["about", "review", "nothing"])
def test_nobody_else_finds_the_steps(cast, client_of, client, step):
    url = reverse("programs:program-new", args=[step])
    assert client_of(cast.admin.person).get(url).status_code == 404
    assert client_of(cast.admin.person).post(url, {"name": "Mine"}).status_code == 404
    assert client.get(url).status_code == 302
    assert Program.objects.count() == 2
