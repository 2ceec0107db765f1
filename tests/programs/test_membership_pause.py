from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from matching.people import load_mentors, load_skills
from mentoring.programs.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def url(cast):
    return reverse("programs:membership-pause", args=[cast.program.slug])


def pausing():
    return set(Membership.objects.pausing().values_list("pk", flat=True))


def open_to(mentee):
    return set(Membership.objects.open_to(mentee).values_list("pk", flat=True))


def paused_in_runs(program):
    loaded = load_mentors(program, load_skills(program), timezone.now().date())
    return {row.membership for row in loaded.rows if row.is_paused}


def set_days(membership, first, last):
    membership.paused_from, membership.paused_until = first, last
    membership.save(update_fields=["paused_from", "paused_until"])


@pytest.mark.parametrize(
    ("first", "last", "is_away"),
    [(0, 0, True), (-3, 0, True), (0, 9, True), (-9, -2, False), (3, 9, False), (-400, 400, True)],
)
def test_pause_from_until_is_one_rule_everywhere(cast, first, last, is_away):
    today = timezone.now().date()
    set_days(cast.mentor, today + first * DAY, today + last * DAY)
    set_days(cast.mentee, today + first * DAY, today + last * DAY)
    away = {cast.mentor.pk} if is_away else set()

    assert pausing() == ({cast.mentor.pk, cast.mentee.pk} if is_away else set())
    assert (cast.mentor.pauses, cast.mentor.will_pause) == (is_away, first > 0)
    assert open_to(cast.mentee) == {cast.mentor.pk} - away
    assert Membership.objects.mentees_open_to(cast.mentor).exists() is not is_away
    assert paused_in_runs(cast.program) == away
    not_pausing = set(Membership.objects.not_pausing().values_list("pk", flat=True))
    assert not_pausing | pausing() == set(Membership.objects.values_list("pk", flat=True))


def test_pause_covers_its_last_day_in_the_last_zone_of_all(cast, monkeypatch):
    last = timezone.now().date()
    set_days(cast.mentor, last - DAY, last)
    noon_after = timezone.now().replace(hour=11, minute=59) + DAY
    monkeypatch.setattr(timezone, "now", lambda: noon_after)
    assert (cast.mentor.pauses, pausing()) == (True, {cast.mentor.pk})

    monkeypatch.setattr(timezone, "now", lambda: noon_after + timedelta(minutes=2))
    assert (cast.mentor.pauses, pausing()) == (False, set())


def test_membership_pauses_in_one_step_and_comes_back_in_one(cast, client_of, url):
    client, today = client_of(cast.mentor.person), timezone.now().date()
    page = reverse("programs:membership", args=[cast.program.slug])

    assert client.post(url, {"paused_from": today, "paused_until": today + 7 * DAY}).status_code == 302
    cast.mentor.refresh_from_db()
    said = f"You pause until {(today + 7 * DAY).strftime('%-d %B %Y')}"
    shown = client.get(page).content.decode()
    assert said in " ".join(shown.split())
    assert f'value="{today + 7 * DAY}"' in shown  # changing one day leaves the other
    assert not open_to(cast.mentee)

    client.post(url, {"paused_from": today})
    cast.mentor.refresh_from_db()
    assert (cast.mentor.is_paused, cast.mentor.paused_from) == (True, None)

    client.post(reverse("programs:membership-unpause", args=[cast.program.slug]))
    assert open_to(cast.mentee) == {cast.mentor.pk}


@pytest.mark.parametrize(
    ("first", "last"), [(0, -1), (5, 4), (5, None), (0, 400), ("\0", "x"), ("9" * 30, ""), (-3, -2)]
)
def test_membership_pause_says_what_is_wrong_and_changes_nothing(cast, client_of, url, first, last):
    today = timezone.localdate()
    typed = [
        str(today + one * DAY) if isinstance(one, int) else "" if one is None else one
        for one in (first, last)
    ]
    response = client_of(cast.mentor.person).post(url, {"paused_from": typed[0], "paused_until": typed[1]})

    assert response.context["pause"].errors
    assert not pausing()


def test_membership_pause_is_for_the_member_alone_and_never_by_get(cast, client_of, url):
    today = timezone.now().date()
    assert client_of(cast.stranger).post(url, {"paused_from": today}).status_code == 404
    assert client_of(cast.mentor.person).get(url).status_code == 405
    assert not pausing()


def test_member_list_finds_who_pauses(cast, client_of):
    today = timezone.now().date()
    set_days(cast.mentor, today, today + DAY)
    factories.make_mentor(cast.program, name="Not pausing")
    url = reverse("programs:member-list", args=[cast.program.slug])

    page = client_of(cast.admin.person).get(url, {"role": "paused"})

    assert [one.pk for one in page.context["page"].object_list] == [cast.mentor.pk]
    assert f"pauses until {(today + DAY).strftime('%-d %B %Y')}" in page.content.decode()
