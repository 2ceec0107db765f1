from django.apps import AppConfig


class ConfidentialConfig(AppConfig):
    name = "mentoring.confidential"
    label = "confidential"
