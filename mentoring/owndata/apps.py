from django.apps import AppConfig


class OwnDataConfig(AppConfig):
    name = "mentoring.owndata"
