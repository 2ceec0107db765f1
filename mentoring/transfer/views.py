"""An import from its file to its end, for the program's admins."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mentoring.programs.access import admin_of
from mentoring.transfer import services
from mentoring.transfer.fields import HINTS, LABELS
from mentoring.transfer.forms import TOO_LARGE, ApplyForm, MappingForm, RowFilter, UploadForm
from mentoring.transfer.models import Import, ImportRow
from mentoring.uploads import was_too_large

PAGE_SIZE = 50
PIECE = 1_000_000
SAMPLE = 3


def own_import(request: HttpRequest, pk: uuid.UUID) -> Import:
    rows = Import.objects.visible_to(request.user).select_related("program", "by")
    return get_object_or_404(rows, pk=pk)


@require_safe
def import_list(request: HttpRequest, slug: str) -> HttpResponse:
    program = admin_of(request.user, slug).program
    imports = Import.objects.filter(program=program).select_related("by")
    page = Paginator(imports, PAGE_SIZE).get_page(request.GET.get("page"))
    columns = [(LABELS[name], HINTS[name]) for name in LABELS]
    return render(
        request, "transfer/import_list.html", {"program": program, "page": page, "columns": columns}
    )


@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest, slug: str) -> HttpResponse:
    admin = admin_of(request.user, slug)
    form = UploadForm()
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if was_too_large(request, "file"):
            form.errors.pop("file", None)
            form.add_error("file", TOO_LARGE)
        elif form.is_valid():
            file = form.cleaned_data["file"]
            try:
                made = services.upload(
                    admin.program,
                    by=admin.person,
                    filename=file.name,
                    pieces=file.chunks(PIECE),
                    now=timezone.now(),
                )
            except services.TransferError as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("transfer:import-detail", pk=made.pk)
    return render(request, "transfer/import_new.html", {"program": admin.program, "form": form})


@require_http_methods(["GET", "POST"])
def import_map(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    of = own_import(request, pk)
    if of.state not in (Import.State.MAPPING, Import.State.CHECKED):
        return redirect("transfer:import-detail", pk=pk)
    sample = list(of.rows.order_by("number")[:SAMPLE])
    form = MappingForm(of, request.POST or None, first=sample[0].cells if sample else ())
    if request.method == "POST" and form.is_valid():
        try:
            services.choose_columns(of, mapping=form.mapping(), usual_role=form.cleaned_data["usual_role"])
        except services.TransferError as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("transfer:import-detail", pk=pk)
    columns = [
        (heading, [(row.number, row.cells[n] if n < len(row.cells) else "") for row in sample])
        for n, heading in enumerate(of.headings)
    ]
    return render(
        request,
        "transfer/import_map.html",
        {
            "import": of,
            "program": of.program,
            "form": form,
            "columns": columns,
            "numbers": [row.number for row in sample],
        },
    )


@require_safe
def import_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    of = own_import(request, pk)
    if of.state == Import.State.MAPPING:
        return redirect("transfer:import-map", pk=pk)
    context: dict[str, Any] = {"import": of, "program": of.program}
    if of.state in (Import.State.CHECKED, Import.State.APPLIED):
        context |= _results(of, request)
    return render(request, "transfer/import_detail.html", context)


@require_safe
def import_progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The bar alone; once the work is done, the whole page is asked for."""
    of = own_import(request, pk)
    answer = render(request, "transfer/_progress.html", {"import": of})
    if not of.is_at_work:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
def import_apply(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    of = own_import(request, pk)
    form = ApplyForm(request.POST)
    form.full_clean()
    try:
        services.apply_import(of, sends_invitations=form.cleaned_data.get("sends_invitations", False))
    except services.TransferError as refusal:
        messages.error(request, str(refusal))
    return redirect("transfer:import-detail", pk=pk)


@require_POST
def import_cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    of = own_import(request, pk)
    try:
        services.cancel_import(of)
    except services.TransferError as refusal:
        messages.error(request, str(refusal))
        return redirect("transfer:import-detail", pk=pk)
    messages.success(request, f"The import of {of.filename} is cancelled; nothing of it is written.")
    return redirect("transfer:import-list", slug=of.program.slug)


def _results(of: Import, request: HttpRequest) -> dict[str, Any]:
    chosen = RowFilter(request.GET)
    show = chosen.cleaned_data["show"] if chosen.is_valid() else ""
    counts = _counts(of)
    rows = of.rows.filter(is_left_out=show == "left")
    if show not in ("", "left"):
        rows = rows.filter(outcome=show)
    page = Paginator(rows.order_by("number"), PAGE_SIZE).get_page(request.GET.get("page"))
    return {
        "counts": counts,
        "show": show,
        "filters": [(key, label, counts[key or "all"]) for key, label in chosen.fields["show"].choices],  # type: ignore[attr-defined]
        "page": page,
        "rows": [_told(row, of) for row in page.object_list],
        "apply_form": ApplyForm(),
    }


def _counts(of: Import) -> dict[str, int]:
    counts = dict.fromkeys(("all", "error", "new", "changed", "same", "left"), 0)
    counted = of.rows.order_by().values_list("is_left_out", "outcome").annotate(Count("pk"))
    for is_left_out, outcome, count in counted:
        counts["left" if is_left_out else outcome or "all"] += count
    counts["all"] = counts["error"] + counts["new"] + counts["changed"] + counts["same"]
    return counts


def _told(row: ImportRow, of: Import) -> dict[str, Any]:
    """A row as its table shows it: who it is, and beside each cell that matters what is to be said of it."""
    texts = {name: row.cells[column] for name, column in of.mapping.items() if column < len(row.cells)}
    told: list[dict[str, Any]] = []
    for name, label in LABELS.items():
        if name in row.problems:
            told.append({"label": label, "text": texts.get(name, ""), "problem": row.problems[name]})
        elif name in row.changes:
            before, after = row.changes[name]
            told.append({"label": label, "text": after, "before": before, "is_changed": True})
        elif row.outcome == ImportRow.Outcome.NEW and name not in ("name", "email") and texts.get(name):
            told.append({"label": label, "text": texts[name]})
    return {"row": row, "name": texts.get("name", ""), "email": texts.get("email", ""), "told": told}
