from django.apps import AppConfig


class EngagementsConfig(AppConfig):
    name = "mentoring.engagements"
    label = "engagements"
