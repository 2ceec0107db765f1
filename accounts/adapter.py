from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string

from accounts import search
from accounts.models import Profile, User
from accounts.zones import zone_names

CAME_BY = "came_by"  # in the session: provider and id of the identity by which somebody came


class AccountAdapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save a person who signs up, with an empty profile to fill in."""
        user.name = form.cleaned_data["name"]
        user.zone = form.cleaned_data["zone"]
        with transaction.atomic():
            user = super().save_user(request, user, form, commit=commit)
            if commit:
                Profile.objects.get_or_create(person=user)
                search.refresh([user.pk])
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """As allauth does, but mails name the site of SITE_URL: a request's host is its sender's to choose,
        and the mail may go to somebody else."""
        site = SimpleNamespace(name="Holdfast", domain=settings.SITE_URL)
        links = {name: _on_our_site(url) for name, url in context.items() if name.endswith("_url") and url}
        super().send_mail(template_prefix, email, {"current_site": site, **context, **links})

    def render_mail(
        self, template_prefix: str, email: Any, context: dict[str, Any], headers: Any = None
    ) -> Any:
        """As allauth does, in text; and the same words once more in the look of our mails."""
        mail = super().render_mail(template_prefix, email, context, headers)
        paragraphs = [part.strip() for part in mail.body.split("\n\n") if part.strip()]
        shown = {"paragraphs": paragraphs, "code": context.get("code"), "site_url": settings.SITE_URL}
        mail.attach_alternative(render_to_string("emails/account.html", shown), "text/html")
        return mail


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """People who come by the organisation's own sign-in (OpenID Connect)."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """An address that a provider says is confirmed is so only where the provider is trusted to say it."""
        if not settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION:
            for address in sociallogin.email_addresses:
                address.verified = False
        request.session[CAME_BY] = [sociallogin.account.provider, sociallogin.account.uid]

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """The name as the provider tells it, on one line, and the zone where it knows one."""
        user: User = super().populate_user(request, sociallogin, data)
        told = " ".join(str(data.get("name") or "").split())
        user.name = told[:120] or str(data.get("email") or "").split("@")[0][:120]
        claims = sociallogin.account.extra_data
        zone = (claims.get("userinfo") or claims.get("id_token") or {}).get("zoneinfo")
        if zone in zone_names():
            user.zone = zone
        return user

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        with transaction.atomic():
            user: User = super().save_user(request, sociallogin, form)
            Profile.objects.get_or_create(person=user)
            search.refresh([user.pk])
        return user


def _on_our_site(url: str) -> str:
    parts = urlsplit(url)
    return settings.SITE_URL.rstrip("/") + parts._replace(scheme="", netloc="").geturl()


def forget_strangers(request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    """Where an address is first confirmed, what a stranger may have left in the account goes.

    Whoever reads the mail owns the address. Whoever signed up with it before may be a stranger, who waited
    for its owner to come and would share the account: by a password, where the owner confirms by a sign-in
    code, or by an identity of a provider that did not confirm the address, but for one by which the owner
    comes just now. Receives email_confirmed: for these ways of confirming allauth asks no method of the
    adapter.
    """
    person, here = email_address.user, request.resolver_match
    if here is not None and here.url_name == "account_confirm_login_code":
        person.set_unusable_password()
        person.save(update_fields=["password"])
    confirmed = EmailAddress.objects.filter(user=person, verified=True)
    if not confirmed.exclude(pk=email_address.pk).exists():
        provider, uid = request.session.get(CAME_BY, ("", ""))
        SocialAccount.objects.filter(user=person).exclude(provider=provider, uid=uid).delete()
