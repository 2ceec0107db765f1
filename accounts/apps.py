from allauth.account.signals import email_confirmed
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.adapter import forget_strangers

        email_confirmed.connect(forget_strangers)
