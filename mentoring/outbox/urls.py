from django.urls import path

from mentoring.outbox import views_choices, views_returned

app_name = "outbox"
urlpatterns = [
    path("mail/", views_choices.choices, name="choices"),
    path("mail/again/", views_returned.mail_again, name="mail-again"),
    path("mail/stop/<str:token>/", views_choices.mail_stop, name="mail-stop"),
]
