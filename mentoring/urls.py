from django.urls import URLPattern, URLResolver, include, path

from mentoring.outbox import webhooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("mentoring.home.urls")),
    path("", include("mentoring.outbox.urls")),
    path("", include("accounts.urls")),
    path("", include("mentoring.programs.urls")),
    path("", include("mentoring.goals.urls")),
    path("", include("mentoring.schedule.urls")),
    path("", include("mentoring.engagements.urls")),
    path("", include("mentoring.notes.urls")),
    path("", include("matching.urls")),
    path("", include("mentoring.transfer.urls")),
    path("", include("mentoring.owndata.urls")),
    path("", include("mentoring.demo.urls")),  # answers under DEBUG alone
    path("account/", include("allauth.urls")),
    path("anymail/", include(webhooks.urls())),  # empty unless a provider and its secret are set
]
