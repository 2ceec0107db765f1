from django.apps import AppConfig


class NotesConfig(AppConfig):
    name = "mentoring.notes"
    label = "notes"
