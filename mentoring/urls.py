from django.urls import URLPattern, URLResolver, include, path

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
    path("", include("mentoring.demo.urls")),  # answers under DEBUG alone
    path("account/", include("allauth.urls")),
]
