from django.urls import path

from accounts import (
    views,
    views_availability,
    views_confirmations,
    views_evidence,
    views_photos,
    views_sign_ins,
    views_skills,
)

app_name = "accounts"
urlpatterns = [
    path("account/sessions/<int:pk>/end/", views_sign_ins.sign_in_end, name="sign-in-end"),
    path("profile/", views.profile, name="profile"),
    path("profile/preview/", views.profile_preview, name="profile-preview"),
    path("profile/basics/", views.basics, name="basics"),
    path("profile/skills/", views.skills, name="skills"),
    path("skills/", views_skills.skill_search, name="skill-search"),
    path("profile/exchange/", views.exchange, name="exchange"),
    path("profile/availability/", views_availability.availability, name="availability"),
    path("profile/photo/", views_photos.photo_edit, name="photo-edit"),
    path("profile/photo/remove/", views_photos.photo_remove, name="photo-remove"),
    path("people/<uuid:person_id>/photo/<slug:key>/<slug:size>/", views_photos.photo, name="photo"),
    path("profile/accomplishments/new/", views_evidence.accomplishment_new, name="accomplishment-new"),
    path("profile/accomplishments/<int:pk>/", views_evidence.accomplishment_edit, name="accomplishment-edit"),
    path(
        "profile/accomplishments/<int:pk>/delete/",
        views_evidence.accomplishment_delete,
        name="accomplishment-delete",
    ),
    path(
        "profile/accomplishments/<int:pk>/confirmation/",
        views_confirmations.confirmation_ask,
        name="confirmation-ask",
    ),
    path(
        "profile/accomplishments/<int:pk>/confirmation/withdraw/",
        views_confirmations.confirmation_withdraw,
        name="confirmation-withdraw",
    ),
    path(
        "profile/accomplishments/<int:pk>/confirmation/accept/",
        views_confirmations.correction_accept,
        name="correction-accept",
    ),
    path(
        "profile/accomplishments/<int:pk>/confirmation/refuse/",
        views_confirmations.correction_refuse,
        name="correction-refuse",
    ),
    path("confirm/<str:token>/", views_confirmations.confirm, name="confirm"),
    path("profile/learning/new/", views_evidence.learning_new, name="learning-new"),
    path("profile/learning/why/", views_evidence.learning_why, name="learning-why"),
    path("profile/learning/<int:pk>/", views_evidence.learning_edit, name="learning-edit"),
    path("profile/learning/<int:pk>/delete/", views_evidence.learning_delete, name="learning-delete"),
]
