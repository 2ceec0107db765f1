from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "mentoring.demo"
    label = "demo"
