from django.urls import path

from mentoring.schedule import views

app_name = "schedule"
urlpatterns = [path("calendar/", views.calendar, name="calendar")]
