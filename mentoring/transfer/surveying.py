"""What can only be seen of a file as a whole: addresses that stand in it twice, and who is above whom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone

from mentoring.programs.models import Invitation, Membership, ReportingLine
from mentoring.transfer.cells import CellError, mail_of, unquoted
from mentoring.transfer.models import Import

# Longer chains are mistakes; stored whole, they would fill the table.
MOST_STEPS = 30
CHUNK = 5_000


@dataclass
class Survey:
    first: dict[str, int] = field(default_factory=dict)  # address -> its row
    manager: dict[str, str] = field(default_factory=dict)  # address -> address of the one above, or ""
    problems: dict[int, dict[str, str]] = field(
        default_factory=lambda: defaultdict(dict)
    )  # row -> field -> why


def survey(of: Import) -> Survey:
    found = Survey()
    mail, above = of.mapping["email"], of.mapping.get("manager")
    for number, address, manager in _addresses(of, mail, above):
        if not address:
            continue  # its own cell says so
        if address in found.first:
            why = f"Row {found.first[address]} has this address already."
            found.problems[number]["email"] = why
            continue
        found.first[address] = number
        if above is not None:
            found.manager[address] = manager
    if above is not None:
        _check_managers(of, found)
    return found


def _addresses(of: Import, mail: int, above: int | None) -> Iterable[tuple[int, str, str]]:
    rows = of.rows.filter(is_left_out=False).order_by("number").values_list("number", "cells")
    for number, cells in rows.iterator(chunk_size=CHUNK):
        yield number, _address(cells, mail), "" if above is None else _address(cells, above)


def _address(cells: list[str], column: int) -> str:
    """The address in a cell, or nothing where there is none that can be one."""
    try:
        return mail_of(unquoted(cells[column].strip())) if column < len(cells) and cells[column] else ""
    except CellError:
        return ""


def _check_managers(of: Import, found: Survey) -> None:
    named = {manager for manager in found.manager.values() if manager}
    unknown = named - found.first.keys() - _known(of, named - found.first.keys())
    above: dict[str, set[str]] = defaultdict(set)
    lines = ReportingLine.objects.filter(program=of.program_id, steps=1)
    for junior, senior in lines.values_list(Lower("junior__email"), Lower("senior__email")).iterator():
        if junior not in found.manager:
            above[junior].add(senior)
    for junior, senior in found.manager.items():
        if senior and senior not in unknown:
            above[junior].add(senior)
    wrong = unsound(above)
    for junior, senior in found.manager.items():
        if senior == junior:
            why = "Nobody is their own manager."
        elif senior in unknown:
            why = "Nobody in the file or in the program has this address."
        elif junior in wrong:
            why = wrong[junior]
        else:
            continue
        found.problems[found.first[junior]]["manager"] = why


def _known(of: Import, addresses: set[str]) -> set[str]:
    """Those among the addresses that are members, or invited; of others nothing is said."""
    known: set[str] = set()
    listed = sorted(addresses)
    members = (
        Membership.objects.current().filter(program=of.program_id).annotate(at=Lower(F("person__email")))
    )
    invited = (
        Invitation.objects.open(timezone.now()).filter(program=of.program_id).annotate(at=Lower("email"))
    )
    for start in range(0, len(listed), CHUNK):
        some = listed[start : start + CHUNK]
        known.update(members.filter(at__in=some).values_list("at", flat=True))
        known.update(invited.filter(at__in=some).values_list("at", flat=True))
    return known


def unsound(above: Mapping[str, set[str]]) -> dict[str, str]:
    """Whose line leads back to themselves, or is longer than any line is, and why."""
    below: dict[str, list[str]] = defaultdict(list)
    open_ends = {junior: len(seniors) for junior, seniors in above.items()}
    for junior, seniors in above.items():
        for senior in seniors:
            below[senior].append(junior)
    steps = {top: 0 for top in below if not open_ends.get(top)}
    done = list(steps)
    for senior in done:  # grows while it is gone through: from the top down
        for junior in below.get(senior, ()):
            steps[junior] = max(steps.get(junior, 0), steps[senior] + 1)
            open_ends[junior] -= 1
            if not open_ends[junior]:
                done.append(junior)
    wrong = {one: _told_long() for one in done if steps[one] > MOST_STEPS}
    caught = {junior for junior, ends in open_ends.items() if ends > 0}
    return wrong | {one: _told_circle(one, above, caught) for one in _on_circles(caught, above)}


def _on_circles(caught: set[str], above: Mapping[str, set[str]]) -> set[str]:
    """Without those who only report to somebody on a circle."""
    reports = dict.fromkeys(caught, 0)
    for one in caught:
        for senior in above[one] & caught:
            reports[senior] += 1
    bare = [one for one, count in reports.items() if not count]
    for one in bare:
        for senior in above[one] & caught:
            reports[senior] -= 1
            if not reports[senior]:
                bare.append(senior)
    return caught - set(bare)


def _told_long() -> str:
    return f"There are more than {MOST_STEPS} steps above this person."


def _told_circle(one: str, above: Mapping[str, set[str]], caught: set[str]) -> str:
    path = [one]
    while len(path) < 5:
        onward = sorted(above[path[-1]] & caught)
        if not onward:
            break
        path.append(onward[0])
        if onward[0] == one:
            break
    return f"The line leads back to where it begins: {' → '.join(path)}" + (
        "." if path[-1] == one else " → …"
    )
