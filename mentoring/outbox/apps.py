from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "mentoring.outbox"
    label = "outbox"

    def ready(self) -> None:
        from mentoring.outbox import webhooks  # noqa: F401 (it receives what Anymail reports)
