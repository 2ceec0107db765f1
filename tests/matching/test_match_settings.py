import pytest
from django.urls import reverse

from matching.engine import CRITERIA
from matching.forms_settings import MatchSettingsForm, current_settings
from mentoring.programs.models import AuditEntry
from tests import factories

pytestmark = pytest.mark.django_db
DEFAULTS = {criterion.name: criterion.weight for criterion in CRITERIA}


@pytest.fixture
def url(cast):
    return reverse("matching:match-settings", args=[cast.program.slug])


@pytest.fixture
def admin(cast, client_of):
    return client_of(cast.admin.person)


def posted(**over):
    fields = {f"weight_{name}": round(weight) for name, weight in DEFAULTS.items()}
    fields |= {f"least_{name}": 0 for name in DEFAULTS}
    return fields | {"tilt": 30} | over


def stored(program):
    program.refresh_from_db()
    return program.weights, program.must_haves, program.tilt


def test_match_settings_show_the_defaults_with_their_shares(admin, url):
    form = admin.get(url).context["form"]

    assert [(row.label, row.weight.value()) for row in form.rows()] == [
        (criterion.label, criterion.weight) for criterion in CRITERIA
    ]
    assert [row.share for row in form.rows()] == [
        round(100 * criterion.weight / sum(DEFAULTS.values())) for criterion in CRITERIA
    ]


def test_match_settings_are_kept_and_shown_again(cast, admin, url):
    response = admin.post(url, posted(weight_time=40, least_language=70, least_technical=10, tilt=0))

    assert response.url == url
    must_haves = {"language": 0.7, "technical": 0.1}
    assert stored(cast.program) == (DEFAULTS | {"time": 40}, must_haves, 0)
    rows = {row.label: row for row in admin.get(url).context["form"].rows()}
    assert (rows["Time"].weight.value(), rows["Time"].share) == (40, 31)
    assert '<option value="70" selected>70%</option>' in str(rows["Language"].least)


def test_match_settings_of_another_release_are_passed_over(cast, admin, url):
    factories.set_matching(
        cast.program, weights={"no longer here": 3, "time": 12.5}, must_haves={"gone": 0.5}
    )

    response = admin.get(url)

    assert {row.label: row.weight.value() for row in response.context["form"].rows()}["Time"] == 12


def test_match_settings_offer_a_must_have_that_lies_between(cast, admin, url):
    factories.set_matching(cast.program, weights={}, must_haves={"time": 0.45})

    assert admin.post(url, posted(least_time=45)).status_code == 302
    assert stored(cast.program)[1] == {"time": 0.45}


def test_purpose_counts_15_percent_at_most(cast, admin, url):
    others = sum(DEFAULTS.values()) - DEFAULTS["purpose"]
    most = int(15 * others // 85)

    refused = admin.post(url, posted(weight_purpose=most + 1, weight_time=10))
    kept = admin.post(url, posted(weight_purpose=most))

    assert list(refused.context["form"].errors) == ["weight_purpose"]
    assert refused.context["form"].errors["weight_purpose"] == [
        f"At most {most} beside the other weights as they are: likeness of words misleads too often to count "
        "for more than 15% of the whole."
    ]
    assert kept.status_code == 302
    assert stored(cast.program)[0]["purpose"] == most


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"weight_time": 101}, "weight_time"),
        ({"weight_time": -1}, "weight_time"),
        ({"weight_time": "much"}, "weight_time"),
        ({"weight_time": ""}, "weight_time"),
        ({"least_time": 15}, "least_time"),
        ({"least_time": "NaN"}, "least_time"),
        ({"tilt": 51}, "tilt"),
        ({"tilt": ""}, "tilt"),
    ],
)
def test_what_is_refused_says_so_beside_its_field_and_loses_nothing(cast, admin, url, over, field):
    before = stored(cast.program)

    response = admin.post(url, posted(weight_language=7) | over)

    form = response.context["form"]
    assert list(form.errors) == [field]
    assert f'id="id_{field}_error"' in response.text
    assert (form["weight_language"].value(), form[field].value()) == ("7", str(over[field]))
    assert stored(cast.program) == before


def test_weights_of_nothing_are_refused(cast, admin, url):
    response = admin.post(url, posted(**{f"weight_{name}": 0 for name in DEFAULTS}))

    assert response.context["form"].non_field_errors() == ["Give at least one criterion a weight above 0."]
    assert {row.share for row in response.context["form"].rows()} == {0}
    assert stored(cast.program)[0] == {}


def test_match_settings_go_back_to_the_defaults(cast, admin, url):
    factories.set_matching(cast.program, weights=DEFAULTS | {"time": 1}, must_haves={"time": 0.5}, tilt=5)

    response = admin.post(reverse("matching:match-settings-reset", args=[cast.program.slug]))

    assert response.url == url
    assert stored(cast.program) == ({}, {}, 30)
    told = dict(AuditEntry.objects.get(by=cast.admin.person, action="settings changed").told)
    assert told["must haves"] == "time 0.5 → as usual"


def test_form_serves_any_settings_given(cast):
    form = MatchSettingsForm(
        posted(weight_passion=9, least_empathy=50, tilt=10), initial=current_settings(cast.program)
    )

    assert form.is_valid()
    assert form.cleaned_data["weights"] == DEFAULTS | {"passion": 9}
    assert (form.cleaned_data["must_haves"], form.cleaned_data["tilt"]) == ({"empathy": 0.5}, 10)


def test_must_have_keeps_a_mentor_out_of_the_list(cast, admin, client_of, url):
    mentors = reverse("matching:mentor-list", args=[cast.program.slug])
    mentee = client_of(cast.mentee.person)
    assert [card["name"] for card in mentee.get(mentors).context["cards"]] == ["Leila Haddad"]

    admin.post(url, posted(least_political=70))  # three quarters of the level, backed by nothing

    assert mentee.get(mentors).context["cards"] == []
