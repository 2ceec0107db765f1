import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import reader_of
from accounts.forms_fields import SkillList
from mentoring.goals import services
from mentoring.goals.forms import GoalForm, SkillWantedFormSet
from mentoring.goals.models import Goal
from mentoring.goals.skills import name_skills
from mentoring.programs.access import program_for
from mentoring.programs.models import Membership


@require_safe
def goal_list(request: HttpRequest, slug: str) -> HttpResponse:
    program = _mentee_of(request, slug).program
    goals = list(
        Goal.objects.owned_by(request.user).filter(program=program).prefetch_related("skills_wanted")
    )
    name_skills(program.pk, goals)
    return render(
        request,
        "goals/goal_list.html",
        {
            "program": program,
            "open_goals": [goal for goal in goals if goal.state == Goal.State.OPEN],
            "closed_goals": [goal for goal in goals if goal.state == Goal.State.CLOSED],
            "today": timezone.localdate(),
        },
    )


@sensitive_post_parameters("blocker")
@require_http_methods(["GET", "POST"])
def goal_new(request: HttpRequest, slug: str) -> HttpResponse:
    mentee = _mentee_of(request, slug)
    form = GoalForm(request.POST or None, today=timezone.localdate())
    skills = SkillList(mentee.person, mentee.program_id)
    rows = SkillWantedFormSet(request.POST or None, prefix="skills", form_kwargs={"skills": skills})
    if request.method == "POST" and all([form.is_valid(), rows.is_valid()]):
        wanted = [(row["skill"], row["importance"]) for row in rows.rows()]
        goal = services.create_goal(mentee, form.words(), skills=wanted)
        messages.success(request, "Your goal is written down. Now see who could help with it.")
        return redirect("goals:goal-detail", pk=goal.pk)
    return render(request, "goals/goal_form.html", {"program": mentee.program, "form": form, "rows": rows})


@require_safe
def goal_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    goals = Goal.objects.visible_to(request.user).select_related("program", "mentee")
    goal = get_object_or_404(goals.prefetch_related("skills_wanted"), pk=pk)
    name_skills(goal.program_id, [goal])
    has_words = goal.has_words_for(request.user)
    own = Membership.objects.current().filter(program=goal.program_id, person=goal.mentee_id)
    return render(
        request,
        "goals/goal_detail.html",
        {
            "program": goal.program,
            "goal": goal,
            "is_own": goal.mentee_id == request.user.pk,
            "own_membership": own.first() if goal.mentee_id == request.user.pk else None,
            "has_words": has_words,
            "blocker": goal.read_blocker() if has_words else "",
            "today": timezone.localdate(),
        },
    )


@sensitive_post_parameters("blocker")
@require_http_methods(["GET", "POST"])
def goal_edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    goals = Goal.objects.owned_by(request.user).open().select_related("program")
    goal = get_object_or_404(goals, pk=pk)
    form = GoalForm(request.POST or None, today=timezone.localdate(), initial=_words_of(goal))
    rows = SkillWantedFormSet(
        request.POST or None,
        prefix="skills",
        initial=list(goal.skills_wanted.values("skill", "importance")),
        form_kwargs={"skills": SkillList(reader_of(request), goal.program_id)},
    )
    if request.method == "POST" and all([form.is_valid(), rows.is_valid()]):
        skills = [(row["skill"], row["importance"]) for row in rows.rows()]
        try:
            services.change_goal(goal, form.words(), skills=skills)
        except services.GoalError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Your goal is saved.")
            return redirect("goals:goal-detail", pk=goal.pk)
    page = {"program": goal.program, "goal": goal, "form": form, "rows": rows}
    return render(request, "goals/goal_form.html", page)


@require_POST
def goal_close(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    goal = get_object_or_404(Goal.objects.owned_by(request.user), pk=pk)
    try:
        services.close_goal(goal)
    except services.GoalError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The goal is closed. What you wrote stays here for you.")
    return redirect("goals:goal-detail", pk=goal.pk)


def _mentee_of(request: HttpRequest, slug: str) -> Membership:
    membership = program_for(request.user, slug)
    if not membership.is_mentee:
        raise Http404
    return membership


def _words_of(goal: Goal) -> dict[str, object]:
    return {
        "title": goal.title,
        "why": goal.why,
        "success": goal.success,
        "target_on": goal.target_on,
        "blocker": goal.read_blocker(),
    }
