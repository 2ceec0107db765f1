from django.urls import path

from matching import (
    views,
    views_compare,
    views_desk,
    views_publishing,
    views_runs,
    views_settings,
    views_suggestions,
    views_wishes,
)

app_name = "matching"
urlpatterns = [
    path("programs/<slug:slug>/mentors/", views.mentor_list, name="mentor-list"),
    path("suggestions/<uuid:pk>/dismiss/", views_suggestions.suggestion_dismiss, name="suggestion-dismiss"),
    path("programs/<slug:slug>/what-matters/", views_wishes.what_matters, name="what-matters"),
    path(
        "programs/<slug:slug>/preferences/mentors/", views_wishes.preferred_mentors, name="preferred-mentors"
    ),
    path(
        "programs/<slug:slug>/preferences/mentees/", views_wishes.preferred_mentees, name="preferred-mentees"
    ),
    path("programs/<slug:slug>/match-settings/", views_settings.match_settings, name="match-settings"),
    path(
        "programs/<slug:slug>/match-settings/reset/",
        views_settings.match_settings_reset,
        name="match-settings-reset",
    ),
    path("programs/<slug:slug>/match-runs/", views_runs.match_run_list, name="match-run-list"),
    path("programs/<slug:slug>/match-runs/new/", views_runs.match_run_new, name="match-run-new"),
    path("match-runs/<uuid:pk>/", views_runs.match_run_detail, name="match-run-detail"),
    path("match-runs/<uuid:pk>/progress/", views_runs.match_run_progress, name="match-run-progress"),
    path("match-runs/<uuid:pk>/left-out/", views_runs.match_run_left_out, name="match-run-left-out"),
    path(
        "match-runs/<uuid:pk>/compare/<uuid:other>/",
        views_compare.match_run_compare,
        name="match-run-compare",
    ),
    path("match-runs/<uuid:pk>/costs/", views_runs.match_run_costs, name="match-run-costs"),
    path("match-runs/<uuid:pk>/load/", views_runs.match_run_load, name="match-run-load"),
    path("match-runs/<uuid:pk>/changes/", views_runs.match_run_changes, name="match-run-changes"),
    path("match-runs/<uuid:pk>/cancel/", views_runs.match_run_cancel, name="match-run-cancel"),
    path("match-runs/<uuid:pk>/solve-again/", views_runs.match_run_solve_again, name="match-run-solve-again"),
    path("match-runs/<uuid:pk>/publish/", views_publishing.match_run_publish, name="match-run-publish"),
    path(
        "match-runs/<uuid:pk>/publishing/", views_publishing.match_run_publishing, name="match-run-publishing"
    ),
    path(
        "match-runs/<uuid:pk>/cancel-publishing/",
        views_publishing.match_run_cancel_publishing,
        name="match-run-cancel-publishing",
    ),
    path("match-runs/<uuid:pk>/take-back/", views_publishing.match_run_take_back, name="match-run-take-back"),
    path("pairings/<uuid:pk>/take-back/", views_publishing.pairing_take_back, name="pairing-take-back"),
    path("match-runs/<uuid:pk>/assign/", views_desk.match_run_assign, name="match-run-assign"),
    path("pairings/<uuid:pk>/lock/", views_desk.pairing_lock, name="pairing-lock"),
    path("pairings/<uuid:pk>/unlock/", views_desk.pairing_unlock, name="pairing-unlock"),
    path("pairings/<uuid:pk>/remove/", views_desk.pairing_remove, name="pairing-remove"),
    path("pairings/<uuid:pk>/swap/", views_desk.pairing_swap, name="pairing-swap"),
]
