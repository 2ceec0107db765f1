from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("mentoring.home.urls")),
    path("", include("accounts.urls")),
    path("", include("mentoring.programs.urls")),
    path("", include("mentoring.goals.urls")),
    path("", include("mentoring.schedule.urls")),
    path("", include("mentoring.engagements.urls")),
    path("", include("matching.urls")),
    path("account/", include("allauth.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("demo/", include("mentoring.demo.urls")))
