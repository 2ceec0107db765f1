"""The skills of a program, for its admins."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import reader_of
from accounts.forms_fields import SkillList
from accounts.models import PersonSkill
from accounts.plain import plain
from accounts.skill_search import find
from accounts.vocabulary import Vocabulary, vocabulary_of
from mentoring.programs import skills
from mentoring.programs.access import admin_of
from mentoring.programs.forms_skills import SkillFilter, SkillMergeForm, SkillNameForm, SkillNewForm
from mentoring.programs.models import Membership, Program
from mentoring.programs.services import ProgramError

PAGE_SIZE = 50


@dataclass(frozen=True)
class Row:
    """A skill as the admins see it; `own_name` where others call it otherwise, `counts_as` if another."""

    pk: int
    name: str
    kind: str
    parent: str
    own_name: str
    counts_as: str
    is_added: bool
    people: int = 0


@require_safe
def skill_list(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    chosen = SkillFilter(request.GET or None)
    wanted = chosen.cleaned_data if chosen.is_valid() else {}
    vocabulary = vocabulary_of(program.pk)
    found = _wanted(vocabulary, wanted.get("q", ""), wanted.get("show", ""))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    people = _people(program, page.object_list)
    return render(
        request,
        "programs/skill_list.html",
        {
            "program": program,
            "page": page,
            "rows": [_row(vocabulary, pk, people.get(pk, 0)) for pk in page.object_list],
            "filter": chosen,
            "is_filtered": any(wanted.values()),
        },
    )


@require_http_methods(["GET", "POST"])
def skill_new(request: HttpRequest, slug: str) -> HttpResponse:
    admin = admin_of(request.user, slug)
    form = SkillNewForm(request.POST or None, skills=SkillList(admin.person, admin.program_id))
    if request.method == "POST" and form.is_valid():
        try:
            skill = skills.add_skill(admin.program, by=admin.person, **form.cleaned_data, now=timezone.now())
        except ProgramError as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, f"{skill.name} is in the list. Members find it from now on.")
            return redirect("programs:skill-list", slug=slug)
    return render(request, "programs/skill_new.html", {"program": admin.program, "form": form})


@require_http_methods(["GET", "POST"])
def skill_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The name; what else can be done with the skill stands on the page as forms of their own."""
    admin, vocabulary = _admin_and_skills(request, slug, pk)
    form = SkillNameForm(request.POST or None, initial={"name": vocabulary.names[pk]})
    if request.method == "POST" and form.is_valid():
        try:
            skills.rename_skill(
                admin.program, pk, by=admin.person, name=form.cleaned_data["name"], now=timezone.now()
            )
        except ProgramError as refusal:
            form.add_error("name", str(refusal))
        else:
            return _done(request, slug, f"In {admin.program.name} it is called {form.cleaned_data['name']}.")
    return _edit_page(request, admin, vocabulary, pk, name_form=form)


@require_POST
def skill_merge(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    admin, vocabulary = _admin_and_skills(request, slug, pk)
    form = SkillMergeForm(request.POST, skills=SkillList(admin.person, admin.program_id))
    if form.is_valid():
        try:
            skills.merge_skill(
                admin.program, pk, into=form.cleaned_data["into"], by=admin.person, now=timezone.now()
            )
        except ProgramError as refusal:
            form.add_error("into", str(refusal))
        else:
            into = vocabulary.names[form.cleaned_data["into"]]
            return _done(request, slug, f"{vocabulary.names[pk]} counts as {into} from now on.")
    return _edit_page(request, admin, vocabulary, pk, merge_form=form)


@require_POST
def skill_unmerge(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    admin, vocabulary = _admin_and_skills(request, slug, pk)
    try:
        skills.unmerge_skill(admin.program, pk, by=admin.person, now=timezone.now())
    except ProgramError as refusal:
        return _refused(request, slug, pk, refusal)
    return _done(request, slug, f"{vocabulary.names[pk]} counts as itself again.")


@require_POST
def skill_restore(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Back to the name that it has without this program."""
    admin, vocabulary = _admin_and_skills(request, slug, pk)
    try:
        skills.rename_skill(admin.program, pk, by=admin.person, name="", now=timezone.now())
    except ProgramError as refusal:
        return _refused(request, slug, pk, refusal)
    return _done(request, slug, f"It is called {vocabulary.listed[pk].name} again.")


@require_POST
def skill_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    admin, vocabulary = _admin_and_skills(request, slug, pk)
    try:
        skills.remove_skill(admin.program, pk, by=admin.person, now=timezone.now())
    except ProgramError as refusal:
        return _refused(request, slug, pk, refusal)
    return _done(request, slug, f"{vocabulary.names[pk]} is taken out of the list.")


def _admin_and_skills(request: HttpRequest, slug: str, pk: int) -> tuple[Membership, Vocabulary]:
    """404 for a skill that another program added, as for one that does not exist."""
    admin = admin_of(request.user, slug)
    vocabulary = vocabulary_of(admin.program_id)
    if vocabulary.of(pk) is None:
        raise Http404
    return admin, vocabulary


def _edit_page(
    request: HttpRequest, admin: Membership, vocabulary: Vocabulary, pk: int, **forms: Any
) -> HttpResponse:
    merged = sorted(
        vocabulary.names[other] for other, into in vocabulary.counts_as.items() if into == pk and other != pk
    )
    page = {
        "program": admin.program,
        "row": _row(vocabulary, pk, _people(admin.program, [pk]).get(pk, 0)),
        "merged": merged,
        "name_form": SkillNameForm(initial={"name": vocabulary.names[pk]}),
        "merge_form": SkillMergeForm(skills=SkillList(reader_of(request), admin.program_id)),
    }
    return render(request, "programs/skill_edit.html", page | forms)


def _wanted(vocabulary: Vocabulary, words: str, show: str) -> list[int]:
    """Primary keys by name; for words, by how well they answer, then what counts as another by its name."""
    by_name = sorted(vocabulary.listed, key=lambda pk: vocabulary.names[pk].casefold())
    if words:
        found = [one.skill.pk for one in find(vocabulary, words, len(by_name))]
        asked = plain(words)
        found += [pk for pk in by_name if pk not in found and asked and asked in plain(vocabulary.names[pk])]
        by_name = found
    return [pk for pk in by_name if _answers(_row(vocabulary, pk), show)]


def _answers(row: Row, show: str) -> bool:
    told = {"": True, "own": row.is_added, "renamed": bool(row.own_name), "merged": bool(row.counts_as)}
    return told.get(show, row.kind == show)


def _row(vocabulary: Vocabulary, pk: int, people: int = 0) -> Row:
    skill, called = vocabulary.listed[pk], vocabulary.of(pk)
    assert called is not None
    parent = vocabulary.parent_of(pk)
    return Row(
        pk=pk,
        name=vocabulary.names[pk],
        kind=skill.kind,
        parent=parent.name if parent else "",
        own_name=skill.name if vocabulary.names[pk] != skill.name else "",
        counts_as=called.name if called.pk != pk else "",
        is_added=skill.program is not None,
        people=people,
    )


def _people(program: Program, pks: Any) -> dict[int, int]:
    """How many members list each of these themselves."""
    members = Membership.objects.current().filter(program=program).values("person")
    rows = PersonSkill.objects.filter(skill__in=list(pks), person__in=members).order_by().values("skill_id")
    return dict(rows.annotate(people=Count("pk")).values_list("skill_id", "people"))


def _done(request: HttpRequest, slug: str, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("programs:skill-list", slug=slug)


def _refused(request: HttpRequest, slug: str, pk: int, refusal: ProgramError) -> HttpResponse:
    messages.error(request, str(refusal))
    return redirect(reverse("programs:skill-edit", args=[slug, pk]))
