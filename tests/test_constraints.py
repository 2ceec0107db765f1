"""Every named constraint of the project, violated once through the ORM: the database itself refuses."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import F, Model
from django.utils import timezone

from accounts.models import Confirmation, EmpathyAggregate, EmpathyRating, SkillHere
from matching.models import Emphasis, LeftOut, MatchRun, Meaning, Pairing, Preference, Suggestion, Tile
from mentoring.confidential.models import DataKey
from mentoring.engagements.models import Engagement, Request
from mentoring.notes.models import Commitment, PrivateNote
from mentoring.outbox.models import Mail, MailChoices, Undeliverable
from mentoring.owndata.models import Download
from mentoring.programs.models import Applicant, Exclusion, Favourite, Invitation, ReportingLine
from mentoring.schedule.models import Change, Mark, Move, Reminder, Reservation, Series, Session, TimeAway
from mentoring.transfer.models import Import, ImportPiece, ImportRow
from tests import factories

NOW = timezone.now()
WEEK = timedelta(weeks=1)

# constraint -> the row, and what an update sets in it
CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "mail_sent_has_instant": ("mail", {"state": "sent"}),
    "mail_lease_has_end": ("mail", {"leased_until": NOW}),
    "profile_week_is_336_bits": ("profile", {"week": bytes(41)}),
    "language_fluency_known": ("language", {"fluency": 5}),
    "skill_kind_known": ("skill", {"kind": "magical"}),
    "skill_not_own_parent": ("skill", {"parent": F("id")}),
    "skill_here_says_something": ("skill_here", {"name": ""}),
    "skill_here_not_into_itself": ("skill_here", {"into": F("skill")}),
    "skill_level_1_to_4": ("person_skill", {"level": 5}),
    "empathy_answers_0_to_4": ("rating", {"honest": 5}),
    "empathy_not_of_oneself": ("rating", {"mentee": F("mentor")}),
    "empathy_aggregate_of_three": ("aggregate", {"raters": 2}),
    "empathy_aggregate_within_scale": ("aggregate", {"total": 3.5}),
    "confirmation_answered_or_waiting": ("confirmation", {"state": "confirmed"}),
    "confirmation_corrected_has_words": ("confirmation", {"state": "corrected", "answered_at": NOW}),
    "confirmation_expires_later": ("confirmation", {"expires_at": F("asked_at")}),
    "program_longest_weeks_1_to_26": ("program", {"longest_weeks": 27}),
    "program_usual_weeks_fit": ("program", {"usual_weeks": 21, "longest_weeks": 20}),
    "program_request_days_1_to_60": ("program", {"request_days": 0}),
    "program_open_requests_1_to_10": ("program", {"open_requests": 11}),
    "program_mode_known": ("program", {"mode": "anarchy"}),
    "program_mentors_by_known": ("program", {"mentors_by": "nobody"}),
    "program_line_rule_known": ("program", {"line_rule": "none"}),
    "program_usual_cadence_known": ("program", {"usual_cadence": "3w"}),
    "membership_pause_from_until": ("membership", {"paused_from": NOW.date()}),
    "reporting_line_steps_from_1": ("reporting_line", {"steps": 0}),
    "invitation_has_a_role": ("invitation", {"is_mentee": False}),
    "invitation_capacity_0_to_20": ("invitation", {"capacity": 21}),
    "invitation_expires_later": ("invitation", {"expires_at": F("sent_at")}),
    "invitation_accepted_or_withdrawn": ("invitation", {"accepted_at": NOW, "withdrawn_at": NOW}),
    "applicant_has_a_role": ("applicant", {"is_mentee": False}),
    "applicant_capacity_1_to_20": ("applicant", {"capacity": 0}),
    "membership_removed_has_left": ("membership", {"was_removed": True}),
    "membership_has_a_role": ("membership", {"is_mentor": False}),
    "membership_capacity_0_to_20": ("membership", {"capacity": 21}),
    "reporting_line_of_two": ("reporting_line", {"senior": F("junior")}),
    "exclusion_of_another": ("exclusion", {"other": F("by")}),
    "favourite_of_another": ("favourite", {"by": F("whom")}),
    "series_starts_before_end": ("series", {"ends_on": F("starts_on") - timedelta(days=1)}),
    "series_minutes_15_to_180": ("series", {"minutes": 181}),
    "series_cadence_known": ("series", {"cadence": "3w"}),
    "series_of_two": ("series", {"mentee": F("mentor")}),
    "session_outcome_of_planned": ("session", {"state": "skipped", "outcome": "held"}),
    "series_link_is_web_address": ("series", {"link": "javascript:alert(1)"}),
    "session_link_is_web_address": ("session", {"link": "https://a b"}),
    "move_starts_before_end": ("move", {"ends_at": F("starts_at")}),
    "move_open_until_closed": ("move", {"closed_at": NOW}),
    "change_starts_before_end": ("change", {"ends_on": F("starts_on") - timedelta(days=1)}),
    "change_minutes_15_to_180": ("change", {"minutes": 14}),
    "change_cadence_known": ("change", {"cadence": "m6"}),
    "change_open_until_closed": ("change", {"state": "declined"}),
    "time_away_starts_before_end": ("time_away", {"ends_on": F("starts_on") - timedelta(days=1)}),
    "quiet_hours_have_both_ends": ("mail_choices", {"quiet_from": "22:00"}),
    "late_reminder_after_early": ("mail_choices", {"late_minutes": F("early_minutes")}),
    "commitment_open_until_closed": ("commitment", {"state": "done"}),
    "session_starts_before_end": ("session", {"ends_at": F("starts_at")}),
    "goal_has_title": ("goal", {"title": ""}),
    "skill_wanted_importance_1_to_3": ("skill_wanted", {"importance": 4}),
    "request_cadence_known": ("request", {"cadence": "3w"}),
    "request_accepted_was_approved": (
        "request",
        {"state": "accepted", "closed_at": NOW, "mentor_yes_at": NOW, "approved_at": None},
    ),
    "request_of_two": ("request", {"mentee": F("mentor")}),
    "request_starts_before_end": ("request", {"ends_on": F("starts_on")}),
    "request_open_until_closed": ("request", {"closed_at": NOW}),
    "request_accepted_by_both": ("request", {"state": "accepted", "closed_at": NOW}),
    "request_by_mentee_has_words": ("request", {"offer": ""}),
    "engagement_starts_before_end": ("engagement", {"ends_on": F("starts_on") + 26 * WEEK + timedelta(1)}),
    "engagement_of_two": ("engagement", {"mentee": F("mentor")}),
    "engagement_ended_has_instant": ("engagement", {"state": "ended"}),
    "download_waits_or_is_whole": ("download", {"made_at": NOW}),
    "program_tilt_0_to_50": ("program", {"tilt": 51}),
    "emphasis_not_both": ("emphasis", {"less": ["time"]}),
    "preference_rank_1_to_5": ("preference", {"rank": 6}),
    "preference_not_oneself": ("preference", {"whom": F("by")}),
    "suggestion_points_0_to_10000": ("suggestion", {"points": 10_001}),
    "meaning_of_one": ("meaning", {"goal": None}),
    "import_applied_has_instant": ("import", {"state": "applied"}),
    "import_usual_role_known": ("import", {"usual_role": "admin"}),
    "match_run_progress_0_to_100": ("match_run", {"progress": 101}),
    "match_run_published_has_instant": ("match_run", {"state": "published"}),
    "pairing_points_0_to_10000": ("pairing", {"points": 10_001}),
    "pairing_removed_is_not_planned": ("pairing", {"is_removed": True, "publish_at": NOW}),
    "pairing_locked_or_removed": ("pairing", {"is_locked": True, "is_removed": True}),
}
# constraint -> the row of which a second is made, and what is different in that one
TWINS: dict[str, tuple[str, dict[str, Any]]] = {
    "user_email_unique_any_case": ("user", {"email": "AMARA@EXAMPLE.ORG"}),
    "language_once": ("language", {}),
    "skill_name_once_in_program": ("own_skill", {"slug": "another", "name": "WARD ROUNDS"}),
    "skill_here_once": ("skill_here", {}),
    "skill_name_once": ("skill", {"slug": "another", "name": "NEGOTIATION"}),
    "skill_once": ("person_skill", {}),
    "wish_once": ("wish", {}),
    "offer_once": ("offer", {}),
    "empathy_once_per_closing": ("rating", {}),
    "empathy_aggregate_once": ("aggregate", {"raters": 4}),
    "membership_once": ("membership", {}),
    "invitation_one_open_per_address": (
        "invitation",
        {"email": "NEW@example.org", "token_digest": "1" * 64},
    ),
    "applicant_once": ("applicant", {}),
    "reporting_line_once": ("reporting_line", {}),
    "exclusion_once": ("exclusion", {}),
    "favourite_once": ("favourite", {}),
    "session_number_once": ("session", {}),
    "reservation_never_twice": ("reservation", {"session": "another_session"}),
    "reservation_once_per_session": ("reservation", {"is_live": False}),
    "reminder_once_per_kind": ("reminder", {}),
    "mark_once_per_person": ("mark", {"was_held": False}),
    "move_one_open_per_session": ("move", {}),
    "change_one_open_per_series": ("change", {}),
    "time_away_once": ("time_away", {}),
    "undeliverable_once": ("undeliverable", {"email": "NOBODY@example.org"}),
    "private_note_once_per_author": ("private_note", {}),
    "skill_wanted_once": ("skill_wanted", {}),
    "request_one_open_per_pair": ("request", {}),
    "engagement_one_active_per_pair": ("engagement", {"request": "request"}),
    "match_run_one_at_a_time": ("match_run", {}),
    "pairing_one_mentor_per_mentee": ("pairing", {"mentor": "mentee_membership"}),
    "pairing_once": ("pairing", {"is_removed": True}),
    "preference_once": ("preference", {"rank": 2}),
    "preference_one_a_rank": ("preference", {"whom": "admin_membership"}),
    "suggestion_once": ("suggestion", {}),
    "left_out_once": ("left_out", {}),
    "tile_once": ("tile", {}),
    "import_piece_once": ("import_piece", {}),
    "import_row_once": ("import_row", {}),
    "download_one_at_a_time": ("download", {}),
    "download_token_once": ("made_download", {}),
    "download_part_once": ("download_part", {}),
}


@pytest.fixture
def world(cast) -> dict[str, Model]:
    """One valid row of everything."""
    mentor, mentee = cast.mentor.person, cast.mentee.person
    mentee.email = "amara@example.org"
    mentee.save(update_fields=["email"])
    engagement = factories.make_engagement(cast.goal, cast.mentor)
    session, another = Session.objects.order_by("number")[:2]
    run = MatchRun.objects.create(program=cast.program, created_at=NOW)
    people = Import.objects.create(program=cast.program, filename="people.csv", created_at=NOW)
    pair = {"run": run, "mentee": cast.mentee, "goal": cast.goal}
    made = Download.objects.create(
        person=mentor, asked_at=NOW, made_at=NOW, expires_at=NOW + WEEK, token_digest="abc", size=1
    )
    return {
        "mail": Mail.objects.first(),
        "user": mentee,
        "profile": mentee.profile,
        "language": mentee.languages.get(),
        "skill": factories.make_skill("negotiation"),
        "own_skill": factories.make_skill("ward-rounds", program=cast.program),
        "skill_here": SkillHere.objects.create(
            program=cast.program, skill=factories.make_skill("negotiation"), name="Haggling"
        ),
        "person_skill": mentor.skills.get(),
        "wish": mentor.wishes.get(),
        "offer": mentee.offers.get(),
        "rating": EmpathyRating.objects.create(
            closing=engagement, mentee=mentee, mentor=mentor, understood=4, listened=4, context=4, honest=4,
            created_at=NOW,
        ),
        "aggregate": EmpathyAggregate.objects.create(
            program=cast.program, mentor=mentor, raters=3, total=2.5, released_at=NOW
        ),
        "confirmation": Confirmation.objects.create(
            accomplishment=mentor.accomplishments.create(what="A ward", how="Kindly", on=NOW.date()),
            name="Ada", email="ada@example.org", token_digest="0" * 64, asked_at=NOW, expires_at=NOW + WEEK,
        ),
        "program": cast.program,
        "membership": cast.mentor,
        "invitation": Invitation.objects.create(
            program=cast.program, email="new@example.org", is_mentee=True, token_digest="0" * 64,
            sent_at=NOW, expires_at=NOW + WEEK,
        ),
        "applicant": Applicant.objects.create(
            program=cast.program, person=mentee, is_mentee=True, asked_at=NOW
        ),
        "mentee_membership": cast.mentee,
        "reporting_line": ReportingLine.objects.create(program=cast.program, junior=mentee, senior=mentor),
        "exclusion": Exclusion.objects.create(by=mentee, other=mentor),
        "favourite": Favourite.objects.create(by=cast.mentee, whom=cast.mentor, created_at=NOW),
        "series": Series.objects.get(),
        "session": session,
        "another_session": another,
        "reservation": Reservation.objects.get(session=session, person=mentor),
        "reminder": Reminder.objects.get(session=session, person=mentor, kind="late"),
        "mark": Mark.objects.create(session=session, person=mentor, was_held=True, marked_at=NOW),
        "move": Move.objects.create(
            session=session, by=mentor, starts_at=NOW, ends_at=NOW + WEEK, created_at=NOW
        ),
        "change": Change.objects.create(
            series=session.series, by=mentor, zone="UTC", at="09:00", cadence="m5", minutes=60,
            starts_on=NOW.date(), ends_on=NOW.date() + WEEK, created_at=NOW,
        ),
        "time_away": TimeAway.objects.create(
            person=mentor, starts_on=NOW.date(), ends_on=NOW.date() + WEEK, created_at=NOW
        ),
        "mail_choices": MailChoices.objects.create(person=mentor),
        "undeliverable": Undeliverable.objects.create(email="nobody@example.org", why="bounced", since=NOW),
        "commitment": Commitment.objects.create(
            engagement=engagement, by=mentee, text_sealed=b"sealed", created_at=NOW
        ),
        "private_note": PrivateNote.objects.create(
            session=session, author=mentor, text_sealed=b"sealed", written_at=NOW
        ),
        "goal": cast.goal,
        "skill_wanted": cast.goal.skills_wanted.get(),
        "request": factories.make_request(cast.goal, cast.mentor),
        "engagement": engagement,
        "match_run": run,
        "import": people,
        "import_piece": ImportPiece.objects.create(of=people, number=1, octets=b"-"),
        "import_row": ImportRow.objects.create(of=people, number=2),
        "pairing": Pairing.objects.create(mentor=cast.mentor, points=5000, **pair),
        "left_out": LeftOut.objects.create(reason="Nobody is free.", **pair),
        "tile": Tile.objects.create(run=run, attempt=run.pk, number=1, asked=b""),
        "admin_membership": cast.admin,
        "emphasis": Emphasis.objects.create(membership=cast.mentee, more=["time"]),
        "preference": Preference.objects.create(by=cast.mentee, whom=cast.mentor, rank=1),
        "suggestion": Suggestion.objects.create(
            goal=cast.goal, mentor=cast.mentor, points=5000, created_at=NOW
        ),
        "download": Download.objects.create(person=mentee, asked_at=NOW),
        "made_download": made,
        "download_part": made.parts.create(number=0, packed=b"PK"),
        "meaning": Meaning.objects.create(goal=cast.goal, model="letters"),
    }  # fmt: skip


def named_constraints() -> set[str]:
    ours = [model for model in apps.get_models() if not model.__module__.startswith(("django", "allauth"))]
    return {constraint.name for model in ours for constraint in model._meta.constraints}


def test_every_constraint_has_its_violation() -> None:
    assert CHANGES.keys() | TWINS.keys() == named_constraints()


@pytest.mark.parametrize("name", CHANGES)
def test_change_is_refused(world: dict[str, Model], name: str) -> None:
    row, changes = CHANGES[name]
    rows = type(world[row]).objects.filter(pk=world[row].pk)
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        rows.update(**changes)


@pytest.mark.parametrize("name", TWINS)
def test_twin_is_refused(world: dict[str, Model], name: str) -> None:
    row, over = TWINS[name]
    twin = type(world[row]).objects.get(pk=world[row].pk)
    twin.pk = twin._meta.pk.get_default()
    for field, value in over.items():
        is_row = twin._meta.get_field(field).is_relation
        setattr(twin, field, world[value] if is_row else value)
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        twin.save(force_insert=True)


@pytest.mark.parametrize("model", [Request, Engagement])
def test_engagement_lasts_26_weeks_at_most(world: dict[str, Model], model: type[Model]) -> None:
    rows = model.objects.all()
    rows.update(ends_on=F("starts_on") + 26 * WEEK)
    with pytest.raises(IntegrityError, match="starts_before_end"), transaction.atomic():
        rows.update(ends_on=F("starts_on") + 26 * WEEK + timedelta(days=1))
    with pytest.raises(IntegrityError, match="starts_before_end"), transaction.atomic():
        rows.update(ends_on=F("starts_on") - timedelta(days=1))


@pytest.mark.parametrize(("model", "field"), [(Mail, "key"), (DataKey, "owner"), (Engagement, "request")])
def test_key_is_unique(world: dict[str, Model], model: type[Model], field: str) -> None:
    twin = model.objects.first()
    twin.pk = twin._meta.pk.get_default()
    with pytest.raises(IntegrityError, match=field), transaction.atomic():
        twin.save(force_insert=True)


def test_ended_engagement_makes_room_for_another(world: dict[str, Model]) -> None:
    """The uniqueness is of what is under way; the past may hold many of the same two."""
    first = world["engagement"]
    Engagement.objects.update(state="ended", ended_at=NOW)
    Engagement.objects.create(
        program=first.program, mentor=first.mentor, mentee=first.mentee, goal=first.goal, created_at=NOW,
        request=world["request"], starts_on=first.starts_on, ends_on=first.ends_on,
    )  # fmt: skip
    assert Engagement.objects.count() == 2


def test_adjoining_and_released_reservations_are_no_overlap(world: dict[str, Model]) -> None:
    held = world["reservation"]
    other = Reservation.objects.filter(session=world["another_session"], person=held.person)
    other.update(during=(held.during.upper, held.during.upper + timedelta(hours=1)))
    with pytest.raises(IntegrityError, match="reservation_never_twice"), transaction.atomic():
        other.update(during=held.during)
    Reservation.objects.filter(pk=held.pk).update(is_live=False)
    other.update(during=held.during)
    assert other.get().during == held.during
