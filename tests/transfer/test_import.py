"""What an import does to a program: told beforehand, done at once, and the second time nothing."""

from typing import Any

import pytest

from accounts.models import User
from mentoring.engagements.services import end_engagement
from mentoring.goals.models import Goal
from mentoring.outbox.models import Mail
from mentoring.programs.joining import Place, invite
from mentoring.programs.models import AuditEntry, Invitation, Membership, ReportingLine
from mentoring.transfer import services, working
from mentoring.transfer.models import Import, Imported
from tests import factories
from tests.transfer.conftest import apply, outcomes, problems, table, work

pytestmark = pytest.mark.django_db
TOP = ("Top Tan", "top@example.org", "admin", "", "", "", "", "", "")
ANN = (
    "Ann Ård",
    "Ann@Example.org",
    "mentor",
    "Negotiation; SQL:4",
    "English, German (native)",
    "Berlin",
    "top@example.org",
    "2.0",
    "",
)
BO = (
    "Bo Li",
    "bo@example.org",
    "mentee",
    "",
    "zh",
    "",
    "ann@example.org",
    "",
    "Lead a team; Speak in public",
)


def test_people_are_made_as_the_file_says(cast: Any, bring: Any) -> None:
    of = bring(table(TOP, ANN, BO))
    assert (of.state, outcomes(of)) == ("checked", ["new", "new", "new"])
    assert not User.objects.filter(email="ann@example.org").exists()
    apply(of)
    assert of.state == "applied"
    ann, bo = User.objects.get(email="ann@example.org"), User.objects.get(email="bo@example.org")
    assert (ann.name, ann.zone, ann.has_usable_password()) == ("Ann Ård", "Europe/Berlin", False)
    assert dict(ann.skills.values_list("skill__slug", "level")) == {"negotiation": 3, "sql": 4}
    assert dict(ann.languages.values_list("code", "fluency")) == {"en": 3, "de": 4}
    part = Membership.objects.get(program=cast.program, person=ann)
    assert (part.is_mentor, part.is_mentee, part.is_admin, part.capacity) == (True, False, False, 2)
    assert set(Goal.objects.filter(mentee=bo).values_list("title", flat=True)) == {
        "Lead a team",
        "Speak in public",
    }
    above = ReportingLine.objects.filter(junior=bo).values_list("senior__email", "steps")
    assert set(above) == {("ann@example.org", 1), ("top@example.org", 2)}
    assert AuditEntry.objects.get(action="people imported").details["new"] == 3


def test_audit_names_whom_a_file_lets_run_the_program(cast: Any, bring: Any) -> None:
    User.objects.filter(pk=cast.mentor.person_id).update(email="leila@example.org")
    rows = (("Zed", "zed@example.org", "admin"), ("", "leila@example.org", "mentor, admin"))
    told = (("Name", "Mail", "Role"), *rows, ("Bo", "bo@example.org", "mentee"))

    apply(bring("\n".join(",".join(f'"{cell}"' for cell in row) for row in told).encode()))

    details = AuditEntry.objects.get(action="people imported").details
    assert details["made program admin"] == f"Zed, {cast.mentor.person.name}"


def test_same_file_again_changes_nothing(cast: Any, bring: Any) -> None:
    apply(bring(table(TOP, ANN, BO)))
    before = list(ReportingLine.objects.order_by("pk").values_list("pk", "steps"))
    again = bring(table(TOP, ANN, BO))
    assert outcomes(again) == ["same"] * 3
    apply(again)
    assert again.state == "applied"
    assert list(ReportingLine.objects.order_by("pk").values_list("pk", "steps")) == before
    assert Membership.objects.filter(person__email="ann@example.org").count() == 1
    assert Goal.objects.filter(mentee__email="bo@example.org").count() == 2


def test_changes_are_told_before_and_after(cast: Any, bring: Any) -> None:
    apply(bring(table(TOP, ANN, BO)))
    ann = ("Ann Berg", *ANN[1:7], "3", "")
    again = bring(table(TOP, ann, BO))
    assert outcomes(again) == ["same", "changed", "same"]
    assert again.rows.get(number=3).changes == {"name": ["Ann Ård", "Ann Berg"], "capacity": ["2", "3"]}
    apply(again)
    assert User.objects.get(email="ann@example.org").name == "Ann Berg"


def test_whoever_has_signed_in_keeps_their_own_words(cast: Any, bring: Any) -> None:
    apply(bring(table(TOP, ANN, BO)))
    User.objects.filter(email="ann@example.org").update(last_login=factories.timezone.now())
    again = bring(table(("X", "ann@example.org", "both", "SQL:1", "fr", "Tokyo", "", "5", "")))
    assert again.rows.get().changes.keys() == {"role", "capacity", "manager"}
    apply(again)
    ann = User.objects.get(email="ann@example.org")
    assert (ann.name, ann.zone, ann.skills.count(), ann.languages.count()) == (
        "Ann Ård",
        "Europe/Berlin",
        2,
        2,
    )
    assert Membership.objects.get(person=ann).is_mentee
    assert not ReportingLine.objects.filter(junior=ann).exists()
    # whose manager the file does not name keeps theirs
    assert set(ReportingLine.objects.values_list("junior__email", "senior__email")) == {
        ("bo@example.org", "ann@example.org")
    }


def test_account_elsewhere_is_asked_and_not_told_of(cast: Any, bring: Any) -> None:
    """Neither the dry run nor the result tells which of two addresses has an account somewhere."""
    cast.stranger.email = "stranger@example.org"
    cast.stranger.save()
    rows = [
        ("Some Body", f"{who}@example.org", "mentor", "SQL", "", "", "", "2", "")
        for who in ("stranger", "unknown")
    ]
    of = bring(table(*rows))
    known, unknown = of.rows.all()
    assert (known.outcome, known.changes, known.problems, known.note) == (
        unknown.outcome, unknown.changes, unknown.problems, unknown.note,
    )  # fmt: skip
    apply(of)
    assert not Membership.objects.filter(program=cast.program, person=cast.stranger).exists()
    cast.stranger.refresh_from_db()
    assert (cast.stranger.name, cast.stranger.skills.count()) == ("Stranger", 0)
    invitation = Invitation.objects.get(program=cast.program)
    assert (invitation.email, invitation.is_mentor, invitation.capacity) == ("stranger@example.org", True, 2)
    assert outcomes(bring(table(*rows))) == ["same", "same"]


def test_whoever_is_only_invited_is_the_same_the_second_time(cast: Any, bring: Any) -> None:
    """With an account and without one: a line above them is told of neither."""
    cast.stranger.email = "stranger@example.org"
    cast.stranger.save()
    who = ("stranger@example.org", "unknown@example.org")
    places = [Place(email=email, name="Some Body", is_mentee=True) for email in who]
    invite(cast.program, by=cast.admin.person, rows=places, now=factories.timezone.now())
    rows = [("Some Body", email, "mentee", "", "", "", cast.admin.person.email, "", "") for email in who]
    apply(bring(table(*rows)))
    assert outcomes(bring(table(*rows))) == ["same", "same"]


def test_a_replaced_invitation_takes_its_waiting_mail_along(cast: Any, bring: Any) -> None:
    """The link in it would lead nowhere."""
    places = [Place(email="unknown@example.org", name="Some Body", is_mentee=True)]
    invite(cast.program, by=cast.admin.person, rows=places, now=factories.timezone.now())
    cast.stranger.email = "unknown@example.org"
    cast.stranger.save()
    apply(bring(table(("Some Body", "unknown@example.org", "mentor", *[""] * 6))))
    assert [mail.state for mail in Mail.objects.filter(kind="invitation")] == [Mail.State.WITHDRAWN]


def test_signs_of_a_skill_are_read_with_its_name(bring: Any) -> None:
    apply(bring(table(("Cy", "cy@example.org", "mentor", "C#:2; C++:4", *[""] * 5))))
    cy = User.objects.get(email="cy@example.org")
    assert dict(cy.skills.values_list("skill__name", "level")) == {".NET": 2, "C++": 4}


def test_one_address_quoted_and_not_is_one(bring: Any) -> None:
    of = bring(table(("A", "'-a@example.org", *[""] * 7), ("B", "-a@example.org", *[""] * 7)))
    assert problems(of) == {3: {"email": "Row 2 has this address already."}}


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        (0, '=HYPERLINK("http://x")', "does not begin with “=”"),
        (0, "＠SUM(1)", "formula"),
        (0, "Zo\0e", "could not be read"),
        (0, "", "A name is missing"),
        (1, "no address", "not a mail address"),
        (1, "", "missing"),
        (2, "boss", "A role is"),
        (3, "Negotation", "Do you mean “Negotiation”?"),
        (3, "SQL:9", "A level is"),
        (4, "Germn", "Do you mean “German”?"),
        (4, "German (so so)", "does not say how well"),
        (5, "Europe/Pariis", "Do you mean “Europe/Paris”?"),
        (6, "nobody@example.org", "Nobody in the file or in the program"),
        (6, "new@example.org", "their own manager"),
        (7, "21", "from 0 to 20"),
        (7, "99999999999999999999", "from 0 to 20"),
        (8, "=1+1", "formula"),
    ],
)
def test_reason_stands_beside_the_cell(bring: Any, field: int, text: str, words: str) -> None:
    row = ["New Person", "new@example.org", "mentee", "", "", "", "", "", ""]
    row[field] = text
    of = bring(table(row))
    name = ("name", "email", "role", "skills", "languages", "zone", "manager", "capacity", "goals")[field]
    assert problems(of).keys() == {2}
    assert words in problems(of)[2][name]
    with pytest.raises(services.TransferError, match="in error"):
        services.apply_import(of, sends_invitations=False)


def test_mails_go_out_where_they_are_asked_for(cast: Any, bring: Any) -> None:
    cast.stranger.email = "stranger@example.org"
    cast.stranger.save()
    before = Mail.objects.count()
    apply(bring(table((*ANN[:6], "", "", ""))))
    assert Mail.objects.count() == before
    asked = bring(table((*BO[:6], "", "", ""), ("S", "stranger@example.org", *[""] * 7)))
    apply(asked, sends_invitations=True)
    sent = dict(Mail.objects.order_by("pk")[before:].values_list("kind", "recipients"))
    assert sent == {"place-given": ["bo@example.org"], "invitation": ["stranger@example.org"]}


def test_second_row_of_an_address_says_which_was_first(bring: Any) -> None:
    of = bring(
        table((*ANN[:6], "", "", ""), (*BO[:6], "", "", ""), ("Ann", "ANN@example.ORG", "mentor", *[""] * 6))
    )
    assert problems(of) == {4: {"email": "Row 2 has this address already."}}


def test_circle_in_the_line_is_an_error_for_those_on_it(cast: Any, bring: Any) -> None:
    """Also where a part of it stands in the program already."""
    apply(bring(table(TOP, ANN, BO)))
    of = bring(
        table(
            (*TOP[:6], "bo@example.org", "", ""),
            ("Cy", "cy@example.org", "", "", "", "", "bo@example.org", "", ""),
        )
    )
    assert problems(of).keys() == {2}
    assert "leads back" in problems(of)[2]["manager"]


def test_places_below_engagements_under_way_are_an_error(cast: Any, bring: Any) -> None:
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    row = ("", cast.mentor.person.email, "mentor", "", "", "", "", "0", "")
    of = bring(table(row))
    assert problems(of) == {2: {"capacity": "1 of their places are taken at present."}}
    other = bring(table(("", cast.mentor.person.email, "mentee", "", "", "", "", "", "")))
    assert "they end first" in problems(other)[2]["role"]
    end_engagement(engagement_id=engagement.pk, by=None, now=factories.timezone.now())
    assert outcomes(bring(table(row))) == ["changed"]


def test_a_request_that_waits_for_approval_holds_its_mentee_and_not_its_mentor(cast: Any, bring: Any) -> None:
    factories.make_request(cast.goal, cast.mentor, approved_at=None)
    turned = [(cast.mentor.person.email, "mentee"), (cast.mentee.person.email, "mentor")]
    of = bring(table(*(("", email, role, *[""] * 6) for email, role in turned)))
    assert outcomes(of) == ["changed", "error"]


def test_what_changed_since_the_dry_run_is_shown_first(cast: Any, bring: Any) -> None:
    row = ("", cast.mentor.person.email, "mentor", "", "", "", "", "1", "")
    of = bring(table(row, (*BO[:6], "", "", "")))
    Membership.objects.filter(pk=cast.mentor.pk).update(capacity=5)
    apply(of)
    assert (of.state, of.told) == ("checking", working.STALE)
    assert not User.objects.filter(email="bo@example.org").exists()
    work(of)
    assert of.rows.first().changes == {"capacity": ["5", "1"]}
    apply(of)
    assert of.state == "applied"


def test_row_is_corrected_in_the_page_or_left_out(bring: Any) -> None:
    of = bring(table(("=A", "a@example.org", *[""] * 7), ("B", "b", *[""] * 7)))
    assert problems(of).keys() == {2, 3}
    services.change_row(of.rows.get(number=2), texts={"name": "Ada"})
    work(of)
    services.leave_row_out(of.rows.get(number=3))
    work(of)
    apply(of)
    assert Imported.objects.get().person.name == "Ada"


def test_cancelled_import_leaves_nothing(cast: Any, bring: Any) -> None:
    of = bring(table((*BO[:6], "", "", "")))
    services.cancel_import(of)
    of.refresh_from_db()
    assert (of.state, of.rows.count()) == (Import.State.CANCELLED, 0)
    with pytest.raises(services.TransferError):
        services.apply_import(of, sends_invitations=False)
    work(of)
    assert not User.objects.filter(email="bo@example.org").exists()
