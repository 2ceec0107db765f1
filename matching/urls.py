from django.urls import path

from matching import views

app_name = "matching"
urlpatterns = [
    path("programs/<slug:slug>/mentors/", views.mentor_list, name="mentor-list"),
]
