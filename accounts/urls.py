from django.urls import path

from accounts import views, views_evidence

app_name = "accounts"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("profile/basics/", views.basics, name="basics"),
    path("profile/skills/", views.skills, name="skills"),
    path("profile/exchange/", views.exchange, name="exchange"),
    path("profile/availability/", views.availability, name="availability"),
    path("profile/accomplishments/new/", views_evidence.accomplishment_new, name="accomplishment-new"),
    path("profile/accomplishments/<int:pk>/", views_evidence.accomplishment_edit, name="accomplishment-edit"),
    path(
        "profile/accomplishments/<int:pk>/delete/",
        views_evidence.accomplishment_delete,
        name="accomplishment-delete",
    ),
    path("profile/learning/new/", views_evidence.learning_new, name="learning-new"),
    path("profile/learning/<int:pk>/", views_evidence.learning_edit, name="learning-edit"),
    path("profile/learning/<int:pk>/delete/", views_evidence.learning_delete, name="learning-delete"),
]
