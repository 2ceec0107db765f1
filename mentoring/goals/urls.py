from django.urls import path

from mentoring.goals import views

app_name = "goals"
urlpatterns = [
    path("programs/<slug:slug>/goals/", views.goal_list, name="goal-list"),
    path("programs/<slug:slug>/goals/new/", views.goal_new, name="goal-new"),
    path("goals/<uuid:pk>/", views.goal_detail, name="goal-detail"),
    path("goals/<uuid:pk>/edit/", views.goal_edit, name="goal-edit"),
    path("goals/<uuid:pk>/close/", views.goal_close, name="goal-close"),
]
