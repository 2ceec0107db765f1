"""What a row of a file would do to the program as it is now. Nothing is written here.

Whether an address that is not in the program has an account somewhere is known to `Known` and `Plan` alone,
and decides what is written; no outcome, reason or word that an admin reads differs by it
(docs/decisions/0014).
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.languages import Fluency, language_name
from accounts.models import PersonSkill, Skill, SkillHere, SpokenLanguage, User
from accounts.plain import plain
from mentoring.engagements.models import Engagement, Request
from mentoring.goals.models import Goal
from mentoring.programs.models import Invitation, Membership, ReportingLine
from mentoring.transfer import cells
from mentoring.transfer.cells import CellError, SkillNames
from mentoring.transfer.models import Import, Imported, ImportRow
from mentoring.transfer.surveying import Survey

Roles = tuple[bool, bool, bool]
Outcome = ImportRow.Outcome
THEIRS = "In the program already: name, time zone, skills, languages and goals are theirs to say, and stay."


@dataclass
class Known:
    """What the program and the installation hold about an address."""

    person: User | None = None
    membership: Membership | None = None  # current
    is_ours: bool = False  # made by an import of this program, and nobody has signed in yet
    invitation: Invitation | None = None
    managers: set[str] = field(default_factory=set)
    skills: dict[int, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)
    goals: set[str] = field(default_factory=set)
    taken: int = 0
    ties_as_mentor: int = 0
    ties_as_mentee: int = 0


@dataclass
class Plan:
    """What to do about one row."""

    row: ImportRow
    email: str
    known: Known
    roles: Roles = (False, False, False)
    capacity: int = 1
    name: str = ""
    zone: str = "UTC"
    skills: dict[int, int] | None = None  # None: not said
    languages: dict[str, int] | None = None
    goals: list[str] = field(default_factory=list)
    outcome: str = Outcome.UNKNOWN
    problems: dict[str, str] = field(default_factory=dict)
    changes: dict[str, list[str]] = field(default_factory=dict)
    note: str = ""

    @property
    def new_admin(self) -> str:
        """The name of who becomes an admin of the program by it, or is offered to; empty otherwise."""
        person, member = self.known.person, self.known.membership
        standing = member or self.known.invitation
        if not self.roles[2] or (standing and standing.is_admin):
            return ""
        return person.name if person and member else self.name

    @property
    def says(self) -> tuple[Any, ...]:
        return self.outcome, self.problems, self.changes, self.note


@dataclass(frozen=True)
class Planner:
    of: Import
    survey: Survey
    skills: SkillNames

    def plan(self, rows: Sequence[ImportRow], *, lock: bool = False) -> list[Plan]:
        """In the order of the rows; the same number of queries for however many."""
        addresses = {row.number: self._address(row) for row in rows}
        known = load({address for address in addresses.values() if address}, self.of, lock=lock)
        return [self._plan(row, known.get(addresses[row.number]) or Known()) for row in rows]

    def _address(self, row: ImportRow) -> str:
        try:
            return cells.mail_of(self.text(row, "email"))
        except CellError:
            return ""

    def text(self, row: ImportRow, of_field: str) -> str:
        column = self.of.mapping.get(of_field)
        text = row.cells[column].strip() if column is not None and column < len(row.cells) else ""
        return cells.unquoted(text)

    def _plan(self, row: ImportRow, known: Known) -> Plan:
        plan = Plan(row, self._address(row), known)
        plan.problems = dict(self.survey.problems.get(row.number, {}))
        said = self._understood(row, plan.problems)
        if not plan.email:
            plan.problems.setdefault("email", "A mail address is missing.")
        self._place(plan, said)
        if known.membership is None or known.is_ours:
            self._profile(plan, said)
        elif said.keys() & {"name", "zone", "skills", "languages", "goals"}:
            plan.note = THEIRS
        self._line(plan)
        if plan.problems:
            plan.outcome, plan.changes, plan.note = Outcome.ERROR, {}, ""
        elif known.membership is None and known.invitation is None:
            plan.outcome, plan.changes = Outcome.NEW, {}
        else:
            plan.outcome = Outcome.CHANGED if plan.changes else Outcome.SAME
        return plan

    def _understood(self, row: ImportRow, problems: dict[str, str]) -> dict[str, Any]:
        """What the cells that are not empty say."""
        readers: dict[str, Callable[[str], Any]] = {
            "email": cells.mail_of,
            "name": cells.name_of,
            "role": cells.roles_of,
            "skills": lambda text: cells.skills_of(text, self.skills),
            "languages": cells.languages_of,
            "zone": cells.zone_of,
            "manager": cells.mail_of,
            "capacity": cells.places_of,
            "goals": cells.goals_of,
        }
        said: dict[str, Any] = {}
        for name, read in readers.items():
            if text := self.text(row, name):
                try:
                    said[name] = read(text)
                except CellError as error:
                    problems[name] = str(error)
        return said

    def _place(self, plan: Plan, said: dict[str, Any]) -> None:
        """Roles and places, which are the program's."""
        known = plan.known
        standing: Any = known.membership or known.invitation
        was: Roles = (standing.is_mentor, standing.is_mentee, standing.is_admin) if standing else (False,) * 3
        mentor, mentee, admin = said.get("role") or (was if standing else cells.ROLES[self.of.usual_role])
        plan.roles = (mentor, mentee, admin or was[2])
        plan.capacity = said.get("capacity", standing.capacity if standing else 1)
        if standing is None:
            return
        if plan.roles != was:
            plan.changes["role"] = [told_roles(was), told_roles(plan.roles)]
        if plan.capacity != standing.capacity:
            plan.changes["capacity"] = [str(standing.capacity), str(plan.capacity)]
        if mentor and plan.capacity < known.taken:
            plan.problems["capacity"] = f"{known.taken} of their places are taken at present."
        if was[0] and not mentor and known.ties_as_mentor:
            plan.problems["role"] = "Engagements or requests as mentor are under way; they end first."
        if was[1] and not mentee and known.ties_as_mentee:
            plan.problems["role"] = "Engagements or requests as mentee are under way; they end first."

    def _profile(self, plan: Plan, said: dict[str, Any]) -> None:
        """What people say of themselves; written only where nobody has said it yet."""
        known = plan.known
        standing = known.person if known.is_ours else None
        was_name = standing.name if standing else known.invitation.name if known.invitation else ""
        plan.name = said.get("name", was_name)
        if plan.name != was_name or not was_name:
            try:
                cells.check_new_name(plan.name)
            except CellError as error:
                plan.problems.setdefault("name", str(error))
            plan.changes["name"] = [was_name, plan.name]
        plan.zone = said.get("zone", standing.zone if standing else "UTC")
        plan.skills, plan.languages = said.get("skills"), said.get("languages")
        plan.goals = [title for title in said.get("goals", []) if title not in known.goals]
        if plan.goals and not plan.roles[1]:
            plan.problems.setdefault("goals", "Only mentees have goals.")
        if standing is None:
            return
        if plan.zone != standing.zone:
            plan.changes["zone"] = [standing.zone, plan.zone]
        if plan.skills is not None and plan.skills != known.skills:
            plan.changes["skills"] = [self.told_skills(known.skills), self.told_skills(plan.skills)]
        if plan.languages is not None and plan.languages != known.languages:
            plan.changes["languages"] = [told_languages(known.languages), told_languages(plan.languages)]
        if plan.goals:
            plan.changes["goals"] = ["", "; ".join(plan.goals)]

    def _line(self, plan: Plan) -> None:
        """Of who is only invited nothing is said: lines are kept of those alone who have an account."""
        if plan.known.membership is None or plan.email not in self.survey.manager:
            return
        manager = self.survey.manager[plan.email]
        wanted = {manager} if manager else set()
        if wanted != plan.known.managers:
            plan.changes["manager"] = [", ".join(sorted(plan.known.managers)), manager]

    def told_skills(self, levels: dict[int, int]) -> str:
        return told_skills((self.skills.names.get(skill, "?"), level) for skill, level in levels.items())


def told_roles(roles: Roles) -> str:
    mentor, mentee, admin = roles
    return ", ".join(
        word for word, is_so in (("mentor", mentor), ("mentee", mentee), ("admin", admin)) if is_so
    )


def told_skills(levels: Iterable[tuple[str, int]]) -> str:
    return "; ".join(f"{name}:{level}" for name, level in sorted(levels))


def told_languages(spoken: dict[str, int]) -> str:
    named = sorted((language_name(code), Fluency(fluency).label) for code, fluency in spoken.items())
    return ", ".join(f"{name} ({fluency})" for name, fluency in named)


def skill_names(program_id: uuid.UUID) -> SkillNames:
    """The shared list and the program's own; a name goes before another skill's synonym."""
    skills = list(Skill.objects.filter(Q(program=None) | Q(program=program_id)))
    by_name: dict[str, int] = {}
    for skill in skills:
        by_name.update({plain(str(word)): skill.pk for word in (*skill.synonyms, skill.slug)})
    by_name.update({plain(skill.name): skill.pk for skill in skills})
    here = SkillHere.objects.filter(program=program_id).exclude(name="")
    by_name.update({plain(name): skill for name, skill in here.values_list("name", "skill")})
    return SkillNames(by_name, {skill.pk: skill.name for skill in skills})


def load(addresses: set[str], of: Import, *, lock: bool = False) -> dict[str, Known]:
    """What is known of these addresses. With a lock on the memberships, so that what is counted holds when
    they are written: whatever opens an engagement locks the same rows first."""
    known: dict[str, Known] = defaultdict(Known)
    people = User.objects.annotate(at=Lower("email")).filter(at__in=addresses)
    by_id: dict[uuid.UUID, Known] = {}
    for person in people:
        by_id[person.pk] = known[person.at]
        known[person.at].person = person
    invited = Invitation.objects.open(timezone.now()).filter(program=of.program_id)
    for invitation in invited.annotate(at=Lower("email")).filter(at__in=addresses):
        known[invitation.at].invitation = invitation
    ids = list(by_id)
    members = Membership.objects.current().filter(program=of.program_id, person__in=ids).order_by("pk")
    if lock:
        members = members.select_for_update(of=("self",), no_key=True)
    for membership in members:
        by_id[membership.person_id].membership = membership
    for person_id in Imported.objects.filter(
        program=of.program_id, person__in=ids, person__last_login=None
    ).values_list("pk", flat=True):
        by_id[person_id].is_ours = by_id[person_id].membership is not None
    lines = ReportingLine.objects.filter(program=of.program_id, junior__in=ids, steps=1)
    for junior, senior in lines.values_list("junior", Lower("senior__email")):
        by_id[junior].managers.add(senior)
    _load_profiles({pk: one for pk, one in by_id.items() if one.is_ours}, of)
    _load_ties({pk: one for pk, one in by_id.items() if one.membership}, of)
    return known


def _load_profiles(ours: dict[uuid.UUID, Known], of: Import) -> None:
    ids = list(ours)
    # what another program added is not of this file
    here = Q(skill__program=None) | Q(skill__program=of.program_id)
    for person, skill, level in PersonSkill.objects.filter(here, person__in=ids).values_list(
        "person", "skill", "level"
    ):
        ours[person].skills[skill] = level
    for person, code, fluency in SpokenLanguage.objects.filter(person__in=ids).values_list(
        "person", "code", "fluency"
    ):
        ours[person].languages[code] = fluency
    goals = Goal.objects.open().filter(program=of.program_id, mentee__in=ids)
    for person, title in goals.values_list("mentee", "title"):
        ours[person].goals.add(title)


def _load_ties(members: dict[uuid.UUID, Known], of: Import) -> None:
    here = {"program": of.program_id}
    engagements = Engagement.objects.active().filter(**here)
    waiting = Request.objects.open().filter(**here)
    # of what waits for approval its mentor has not heard: it holds nobody
    heard = {"mentor": waiting.approved(), "mentee": waiting}
    for role in ("mentor", "mentee"):
        for rows, is_engagement in ((engagements, True), (heard[role], False)):
            counted = rows.filter(**{f"{role}__in": list(members)}).values_list(role).annotate(Count("pk"))
            for person, count in counted.order_by():
                if role == "mentor":
                    members[person].ties_as_mentor += count
                    members[person].taken += count * is_engagement
                else:
                    members[person].ties_as_mentee += count
