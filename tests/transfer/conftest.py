from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mentoring.transfer import services, working
from mentoring.transfer.models import Import
from tests import factories

HEADINGS = ("Name", "E-mail", "Role", "Skills", "Languages", "Time zone", "Manager", "Places", "Goals")


def table(*rows: Sequence[str], headings: Sequence[str] = HEADINGS) -> bytes:
    """Rows as CSV, cut by semicolons."""
    quoted = ['"' + str(cell).replace('"', '""') + '"' for row in (headings, *rows) for cell in (*row, "\n")]
    return ";".join(quoted).replace(';"\n";', "\n").removesuffix(';"\n"').encode()


@pytest.fixture
def bring(cast: Any) -> Callable[..., Import]:
    """Upload a file and go through its steps up to the dry run, as a worker does."""
    for name in ("negotiation", "sql"):
        factories.make_skill(name)

    def brought(content: bytes, *, by: Any = None, mapping: dict[str, int] | None = None) -> Import:
        admin = by or cast.admin
        made = services.upload(
            admin.program,
            by=admin.person,
            filename="people.csv",
            pieces=[content],
            now=factories.timezone.now(),
        )
        work(made)
        if made.state == Import.State.MAPPING:
            services.choose_columns(made, mapping=mapping or made.mapping, usual_role="mentee")
            work(made)
        return made

    return brought


def work(of: Import) -> None:
    working.work_on(of.pk)
    of.refresh_from_db()


def apply(of: Import, *, sends_invitations: bool = False) -> None:
    services.apply_import(of, sends_invitations=sends_invitations)
    work(of)


def outcomes(of: Import) -> list[str]:
    return list(of.rows.order_by("number").values_list("outcome", flat=True))


def problems(of: Import) -> dict[int, dict[str, str]]:
    return {row.number: row.problems for row in of.rows.order_by("number") if row.problems}
