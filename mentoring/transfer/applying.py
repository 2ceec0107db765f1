"""Writing what an import planned, in bulk: the same number of statements for any 2,000 rows.

Called within the one transaction of the import. Where two do the same at once, the database refuses one of
them (IntegrityError), which undoes all of it.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models import Q

from accounts import search
from accounts.models import PersonSkill, Profile, SpokenLanguage, User
from accounts.services import words_changed
from accounts.tokens import digest_of, new_token
from mentoring.celery import publish_on_commit
from mentoring.goals.models import Goal
from mentoring.programs.joining import OPEN_FOR, mail_invitation, mailed_often, unanswered_by_address
from mentoring.programs.models import Invitation, Membership, Program
from mentoring.programs.services import take_back
from mentoring.transfer.invitations import tell_placed
from mentoring.transfer.models import Import, Imported, ImportRow
from mentoring.transfer.planning import Plan
from mentoring.transfer.surveying import Survey

Outcome = ImportRow.Outcome

# Above each person of the file stands whom the file says; above the others whoever stood there before.
DIRECT = """
CREATE TEMPORARY TABLE direct_lines ON COMMIT DROP AS
SELECT j.id AS junior, s.id AS senior
FROM said_lines d
JOIN accounts_user j ON lower(j.email) = d.junior
JOIN accounts_user s ON lower(s.email) = d.senior
UNION
SELECT l.junior_id, l.senior_id
FROM programs_reportingline l JOIN accounts_user j ON j.id = l.junior_id
WHERE l.program_id = %(program)s AND l.steps = 1
  AND NOT EXISTS (SELECT 1 FROM said_lines d WHERE d.junior = lower(j.email))
"""
REBUILD = """
WITH RECURSIVE chain AS (
    SELECT junior, senior, 1 AS steps FROM direct_lines
    UNION
    SELECT c.junior, d.senior, c.steps + 1
    FROM chain c JOIN direct_lines d ON d.junior = c.senior WHERE c.steps < 50
), line AS (
    SELECT junior, senior, min(steps) AS steps FROM chain WHERE junior <> senior GROUP BY junior, senior
), gone AS (
    DELETE FROM programs_reportingline l
    WHERE l.program_id = %(program)s
      AND NOT EXISTS (SELECT 1 FROM line WHERE line.junior = l.junior_id AND line.senior = l.senior_id)
)
INSERT INTO programs_reportingline (program_id, junior_id, senior_id, steps)
SELECT %(program)s, junior, senior, steps FROM line
ON CONFLICT ON CONSTRAINT reporting_line_once DO UPDATE SET steps = excluded.steps
WHERE programs_reportingline.steps <> excluded.steps
"""


class Writer:
    def __init__(self, program: Program, of: Import, now: datetime) -> None:
        self.program, self.of, self.now = program, of, now
        self.counts: Counter[str] = Counter()
        self.admins: list[str] = []  # names of who becomes one

    def write(self, plans: Sequence[Plan]) -> None:
        self.counts.update(plan.outcome for plan in plans)
        new = [plan for plan in plans if plan.outcome == Outcome.NEW]
        changed = [plan for plan in plans if plan.outcome == Outcome.CHANGED]
        self.admins += [plan.new_admin for plan in (*new, *changed) if plan.new_admin]
        self._make_people([plan for plan in new if plan.known.person is None])
        self._invite([plan for plan in new if plan.known.person is not None])
        self._invite([plan for plan in changed if plan.known.membership is None])
        self._change_members([plan for plan in changed if plan.known.membership is not None])

    def told(self) -> dict[str, Any]:
        """For the audit: how many, and by name whom the file lets run the program."""
        told: dict[str, Any] = {**self.counts, "file": self.of.filename}
        return told | {"made program admin": ", ".join(self.admins)} if self.admins else told

    def finish(self, found: Survey) -> None:
        if "manager" in self.of.mapping:
            self._rebuild_lines(found)
        words_changed()
        publish_on_commit("matching.suggest_mentors", str(self.program.pk))

    def _make_people(self, plans: list[Plan]) -> None:
        """Accounts without a password: one signs in by a code that goes to the address."""
        people = User.objects.bulk_create(
            User(email=plan.email, name=plan.name, zone=plan.zone, password=make_password(None))
            for plan in plans
        )
        EmailAddress.objects.bulk_create(
            EmailAddress(user=person, email=person.email, primary=True, verified=False) for person in people
        )
        Profile.objects.bulk_create(Profile(person=person) for person in people)
        Imported.objects.bulk_create(
            Imported(person=person, program=self.program, at=self.now) for person in people
        )
        Membership.objects.bulk_create(
            Membership(program=self.program, person=person, joined_at=self.now, **_part(plan))
            for person, plan in zip(people, plans, strict=True)
        )
        self._describe([(person, plan) for person, plan in zip(people, plans, strict=True)])
        if self.of.sends_invitations:
            for person in people:
                tell_placed(self.program, person, now=self.now)

    def _describe(self, people: list[tuple[User, Plan]]) -> None:
        PersonSkill.objects.bulk_create(
            PersonSkill(person=person, skill_id=skill, level=level)
            for person, plan in people
            for skill, level in (plan.skills or {}).items()
        )
        SpokenLanguage.objects.bulk_create(
            SpokenLanguage(person=person, code=code, fluency=fluency)
            for person, plan in people
            for code, fluency in (plan.languages or {}).items()
        )
        ends_on = self.now.date() + timedelta(weeks=self.program.usual_weeks)
        Goal.objects.bulk_create(
            Goal(program=self.program, mentee=person, title=title, target_on=ends_on)
            for person, plan in people
            for title in plan.goals
        )
        search.refresh([person.pk for person, _ in people])

    def _invite(self, plans: list[Plan]) -> None:
        """Whoever has an account somewhere is asked: no admin of one program puts others into it."""
        plans = [
            plan
            for plan in plans
            if not plan.known.invitation or plan.changes.keys() & {"name", "role", "capacity"}
        ]
        before = unanswered_by_address(self.program, [plan.email for plan in plans])
        take_back(list(before.values()), self.now)
        tokens = [new_token() for _ in plans]
        made = Invitation.objects.bulk_create(
            Invitation(
                program=self.program, by=self.of.by, email=plan.email, name=plan.name, sent_at=self.now,
                token_digest=digest_of(token), expires_at=self.now + OPEN_FOR,
                **_part(plan),
            )
            for plan, token in zip(plans, tokens, strict=True)
        )  # fmt: skip
        if self.of.sends_invitations:
            often = mailed_often(self.program, [plan.email for plan in plans], self.now)
            for invitation, token in zip(made, tokens, strict=True):
                if invitation.email not in often:
                    mail_invitation(invitation, token, self.now)

    def _change_members(self, plans: list[Plan]) -> None:
        members = []
        for plan in plans:
            if plan.changes.keys() & {"role", "capacity"}:
                assert plan.known.membership is not None
                for name, value in _part(plan).items():
                    setattr(plan.known.membership, name, value)
                members.append(plan.known.membership)
        if members:
            Membership.objects.bulk_update(members, ["is_mentor", "is_mentee", "is_admin", "capacity"], 500)
        self._change_profiles([plan for plan in plans if plan.known.is_ours])

    def _change_profiles(self, plans: list[Plan]) -> None:
        people: list[tuple[User, Plan]] = []
        for plan in plans:
            assert plan.known.person is not None
            plan.known.person.name, plan.known.person.zone = plan.name, plan.zone
            people.append((plan.known.person, plan))
        if not people:
            return
        User.objects.bulk_update([person for person, _ in people], ["name", "zone"], 500)
        with_skills = [person.pk for person, plan in people if plan.skills is not None]
        with_languages = [person.pk for person, plan in people if plan.languages is not None]
        # what another program added is not of this file
        here = Q(skill__program=None) | Q(skill__program=self.program)
        PersonSkill.objects.filter(here, person__in=with_skills).delete()
        SpokenLanguage.objects.filter(person__in=with_languages).delete()
        self._describe(people)

    def _rebuild_lines(self, found: Survey) -> None:
        """The program's whole reporting line anew; what stays as it is is not touched."""
        program, pairs = {"program": str(self.program.pk)}, list(found.manager.items())
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE said_lines (junior text PRIMARY KEY, senior text) ON COMMIT DROP"
            )
            for start in range(0, len(pairs), 10_000):
                some = pairs[start : start + 10_000]
                cursor.execute(
                    "INSERT INTO said_lines SELECT * FROM unnest(%s::text[], %s::text[])",
                    [[junior for junior, _ in some], [senior for _, senior in some]],
                )
            cursor.execute("ANALYZE said_lines")
            cursor.execute(DIRECT, program)
            cursor.execute("ANALYZE direct_lines")
            cursor.execute(REBUILD, program)
            cursor.execute("DROP TABLE said_lines, direct_lines")


def _part(plan: Plan) -> dict[str, Any]:
    mentor, mentee, admin = plan.roles
    return {"is_mentor": mentor, "is_mentee": mentee, "is_admin": admin, "capacity": plan.capacity}
