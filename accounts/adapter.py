from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Profile, User


class AccountAdapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save a person who signs up, with an empty profile to fill in."""
        user.name = form.cleaned_data["name"]
        user.zone = form.cleaned_data["zone"]
        with transaction.atomic():
            user = super().save_user(request, user, form, commit=commit)
            if commit:
                Profile.objects.get_or_create(person=user)
        return user
