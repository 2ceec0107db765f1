from django.urls import path

from mentoring.engagements import views, views_approving, views_empathy

app_name = "engagements"
urlpatterns = [
    path("programs/<slug:slug>/requests/", views.request_list, name="request-list"),
    path("programs/<slug:slug>/people/<uuid:person_id>/request/", views.request_new, name="request-new"),
    path(
        "programs/<slug:slug>/people/<uuid:person_id>/request/times/",
        views.request_times,
        name="request-times",
    ),
    path("requests/<uuid:pk>/", views.request_detail, name="request-detail"),
    path("requests/<uuid:pk>/accept/", views.request_accept, name="request-accept"),
    path("requests/<uuid:pk>/other-terms/", views.other_terms, name="other-terms"),
    path("requests/<uuid:pk>/other-terms/times/", views.other_terms_times, name="other-terms-times"),
    path("requests/<uuid:pk>/decline/", views.request_decline, name="request-decline"),
    path("requests/<uuid:pk>/approve/", views_approving.request_approve, name="request-approve"),
    path("requests/<uuid:pk>/refuse/", views_approving.request_refuse, name="request-refuse"),
    path("requests/<uuid:pk>/withdraw/", views.request_withdraw, name="request-withdraw"),
    path("programs/<slug:slug>/engagements/", views.engagement_list, name="engagement-list"),
    path("engagements/<uuid:pk>/", views.engagement_detail, name="engagement-detail"),
    path("engagements/<uuid:pk>/end/", views.engagement_end, name="engagement-end"),
    path("engagements/<uuid:pk>/empathy/", views_empathy.empathy, name="empathy"),
]
