from django.urls import path

from mentoring.outbox import views_choices

app_name = "outbox"
urlpatterns = [
    path("mail/", views_choices.choices, name="choices"),
    path("mail/stop/<str:token>/", views_choices.mail_stop, name="mail-stop"),
]
