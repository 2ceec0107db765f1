from django.urls import path

from mentoring.home import views, views_monitoring

app_name = "home"
urlpatterns = [
    path("", views.home, name="home"),
    path("programs/<slug:slug>/", views.program_home, name="program-home"),
    path("healthz", views.health, name="health"),
    path("healthz/due", views_monitoring.due, name="due"),
]
