from allauth.account.signals import email_confirmed
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.adapter import forget_a_stranger_s_password

        email_confirmed.connect(forget_a_stranger_s_password)
