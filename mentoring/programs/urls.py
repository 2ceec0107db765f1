from django.urls import path

from mentoring.programs import views, views_mail, views_members

app_name = "programs"
urlpatterns = [
    path("join/<slug:token>/", views.join, name="join"),
    path("programs/<slug:slug>/membership/", views.membership, name="membership"),
    path("programs/<slug:slug>/membership/pause/", views.membership_pause, name="membership-pause"),
    path("programs/<slug:slug>/membership/unpause/", views.membership_unpause, name="membership-unpause"),
    path("programs/<slug:slug>/membership/leave/", views.membership_leave, name="membership-leave"),
    path("programs/<slug:slug>/people/<uuid:person_id>/", views.person_detail, name="person-detail"),
    path("programs/<slug:slug>/members/", views_members.member_list, name="member-list"),
    path("programs/<slug:slug>/members/<uuid:pk>/", views_members.member_edit, name="member-edit"),
    path("programs/<slug:slug>/mail/", views_mail.mail_list, name="mail-list"),
    path("programs/<slug:slug>/mail/retry/", views_mail.mail_retry_all, name="mail-retry-all"),
    path("programs/<slug:slug>/mail/<int:pk>/retry/", views_mail.mail_retry, name="mail-retry"),
]
