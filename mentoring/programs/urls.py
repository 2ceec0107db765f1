from django.urls import path

from mentoring.programs import (
    views,
    views_directory,
    views_exclusions,
    views_mail,
    views_members,
    views_preview,
    views_skills,
)

app_name = "programs"
urlpatterns = [
    path("join/<slug:token>/", views.join, name="join"),
    path("programs/<slug:slug>/membership/", views.membership, name="membership"),
    path("programs/<slug:slug>/membership/pause/", views.membership_pause, name="membership-pause"),
    path("programs/<slug:slug>/membership/unpause/", views.membership_unpause, name="membership-unpause"),
    path("programs/<slug:slug>/membership/leave/", views.membership_leave, name="membership-leave"),
    path("programs/<slug:slug>/preview/", views_preview.profile_preview, name="profile-preview"),
    path("programs/<slug:slug>/people/<uuid:person_id>/", views.person_detail, name="person-detail"),
    path(
        "programs/<slug:slug>/people/<uuid:person_id>/not-this-person/",
        views_exclusions.exclusion_new,
        name="exclusion-new",
    ),
    path("profile/exclusions/", views_exclusions.exclusion_list, name="exclusion-list"),
    path("profile/exclusions/<int:pk>/undo/", views_exclusions.exclusion_delete, name="exclusion-delete"),
    path("programs/<slug:slug>/directory/", views_directory.directory, name="directory"),
    path(
        "programs/<slug:slug>/favourites/<uuid:person_id>/add/",
        views_directory.favourite_add,
        name="favourite-add",
    ),
    path(
        "programs/<slug:slug>/favourites/<uuid:person_id>/remove/",
        views_directory.favourite_remove,
        name="favourite-remove",
    ),
    path("programs/<slug:slug>/members/", views_members.member_list, name="member-list"),
    path("programs/<slug:slug>/members/<uuid:pk>/", views_members.member_edit, name="member-edit"),
    path("programs/<slug:slug>/mail/", views_mail.mail_list, name="mail-list"),
    path("programs/<slug:slug>/mail/retry/", views_mail.mail_retry_all, name="mail-retry-all"),
    path("programs/<slug:slug>/mail/<int:pk>/retry/", views_mail.mail_retry, name="mail-retry"),
    path("programs/<slug:slug>/skills/", views_skills.skill_list, name="skill-list"),
    path("programs/<slug:slug>/skills/new/", views_skills.skill_new, name="skill-new"),
    path("programs/<slug:slug>/skills/<int:pk>/", views_skills.skill_edit, name="skill-edit"),
    path("programs/<slug:slug>/skills/<int:pk>/merge/", views_skills.skill_merge, name="skill-merge"),
    path("programs/<slug:slug>/skills/<int:pk>/unmerge/", views_skills.skill_unmerge, name="skill-unmerge"),
    path("programs/<slug:slug>/skills/<int:pk>/restore/", views_skills.skill_restore, name="skill-restore"),
    path("programs/<slug:slug>/skills/<int:pk>/remove/", views_skills.skill_remove, name="skill-remove"),
]
