"""Rows in error: corrected one by one, or downloaded together."""

import uuid
from collections.abc import Iterator

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mentoring.transfer import services, writing
from mentoring.transfer.fields import LABELS
from mentoring.transfer.forms import RowForm
from mentoring.transfer.models import Import, ImportRow
from mentoring.transfer.views import own_import


@require_http_methods(["GET", "POST"])
def import_row(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    of = own_import(request, pk)
    row = _row(of, number)
    if request.method == "GET" and of.state != Import.State.CHECKED:
        return redirect("transfer:import-detail", pk=pk)
    form = RowForm(row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_row(row, texts=form.cleaned_data)
        except services.TransferError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Row {number} is changed.")
            return redirect("transfer:import-detail", pk=pk)
    unmapped = [why for name, why in row.problems.items() if name not in of.mapping]
    return render(
        request,
        "transfer/import_row.html",
        {
            "import": of,
            "program": of.program,
            "row": row,
            "row_title": f"Row {number}",
            "form": form,
            "unmapped": unmapped,
        },
    )


@require_POST
def import_row_leave_out(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    of = own_import(request, pk)
    try:
        services.leave_row_out(_row(of, number))
    except services.TransferError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Row {number} is left out.")
    return redirect("transfer:import-detail", pk=pk)


@require_safe
def import_errors(request: HttpRequest, pk: uuid.UUID, kind: str) -> HttpResponseBase:
    """The rows in error as they were uploaded, with the reasons in a last column."""
    of = own_import(request, pk)
    if kind not in writing.KINDS:
        raise Http404
    return writing.download(f"errors-{of.created_at:%Y-%m-%d}", kind, _errors(of))


def _errors(of: Import) -> Iterator[list[str]]:
    yield [*of.headings, "Reason"]
    rows = of.rows.filter(outcome=ImportRow.Outcome.ERROR, is_left_out=False).order_by("number")
    width = len(of.headings)
    for row in rows.iterator(chunk_size=1000):
        reasons = [f"{LABELS.get(name, name)}: {why}" for name, why in row.problems.items()]
        yield [*(row.cells + [""] * width)[:width], " ".join(reasons)]


def _row(of: Import, number: int) -> ImportRow:
    try:
        return get_object_or_404(ImportRow.objects.select_related("of__program"), of=of, number=number)
    except (OverflowError, ValueError) as error:
        raise Http404 from error
