"""A superuser creates a program in a few steps, back and forth without losing what was typed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import reader_of
from mentoring.programs import running
from mentoring.programs.forms_settings import AboutForm, FirstAdminForm, JoiningForm, MatchingForm
from mentoring.programs.models import Program

SESSION_KEY = "new_program"
STEPS: dict[str, type[Any]] = {
    "about": AboutForm,
    "joining": JoiningForm,
    "matching": MatchingForm,
    "admin": FirstAdminForm,
}
REVIEW = "review"


@require_http_methods(["GET", "HEAD", "POST"])
def program_new(request: HttpRequest, step: str) -> HttpResponse:
    if not getattr(request.user, "is_superuser", False):
        raise Http404
    if step == REVIEW:
        return _review(request)
    if step not in STEPS:
        raise Http404
    typed = dict(request.session.get(SESSION_KEY, {}))
    if request.method == "POST":
        typed[step] = request.POST.urlencode()
        request.session[SESSION_KEY] = typed
        if request.POST.get("back") in STEPS:
            return redirect("programs:program-new", step=request.POST["back"])
        form = _form(step, request.POST)
        if form.is_valid():
            return redirect("programs:program-new", step=_after(step))
    else:
        form = _form(step, QueryDict(typed[step]) if step in typed else None)
    names = list(STEPS)
    before = names[names.index(step) - 1] if step != names[0] else ""
    context = {"form": form, "step": step, "before": before, "steps": _steps(step)}
    return render(request, "programs/program_new.html", context)


def _review(request: HttpRequest) -> HttpResponse:
    typed = request.session.get(SESSION_KEY, {})
    bound = {name: _form(name, QueryDict(typed.get(name, ""))) for name in STEPS}
    for name, form in bound.items():
        if not form.is_valid():
            if typed:
                messages.info(request, "This step is not complete yet.")
            return redirect("programs:program-new", step=name)
    if request.method == "POST":
        program = _create(request, bound)
        del request.session[SESSION_KEY]
        messages.success(request, f"{program.name} is created, and its first admin is invited by mail.")
        return redirect("home:home")
    told = [(name, form.title, _told(form)) for name, form in bound.items()]
    return render(request, "programs/program_new_review.html", {"told": told, "steps": _steps(REVIEW)})


def _create(request: HttpRequest, bound: dict[str, Any]) -> Program:
    admin = bound["admin"].cleaned_data
    wanted: dict[str, Any] = {}
    for name, form in bound.items():
        if name != "admin":
            wanted |= form.cleaned_data
    return running.create_program(
        by=reader_of(request),
        wanted=wanted,
        email=admin["email"],
        name=admin["admin_name"],
        now=timezone.now(),
    )


def _form(step: str, typed: Any) -> Any:
    form = STEPS[step]
    return form(typed, instance=Program()) if issubclass(form, forms.ModelForm) else form(typed)


def _after(step: str) -> str:
    names = [*STEPS, REVIEW]
    return names[names.index(step) + 1]


def _steps(here: str) -> list[tuple[str, str, bool]]:
    named = [(name, form.title) for name, form in STEPS.items()] + [(REVIEW, "Review")]
    return [(name, title, name == here) for name, title in named]


def _told(form: Any) -> list[tuple[str, str]]:
    """Each field with what was chosen, in the words of the form."""
    told = []
    for field in form:
        value = form.cleaned_data[field.name]
        choices = dict(_flat(getattr(field.field, "choices", ())))
        if isinstance(value, list):
            value = ", ".join(value)
        if isinstance(value, bool):
            value = "yes" if value else "no"
        told.append((field.label, str(choices.get(value, value)) or "none"))
    return told


def _flat(choices: Any) -> list[tuple[Any, Any]]:
    flat: list[tuple[Any, Any]] = []
    for key, value in choices:
        flat += value if isinstance(value, (list, tuple)) else [(key, value)]
    return flat
