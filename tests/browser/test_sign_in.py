"""Signing in by more than a password: an authenticator app by keyboard alone, a passkey, an organisation."""

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Browser

from tests.browser.audit import Audit
from tests.browser.test_keyboard import enter, write
from tests.browser.visitor import Visitor
from tests.factories import PASSWORD
from tests.running import Site

pytestmark = pytest.mark.browser


def test_authenticator_app_is_set_up_and_used_by_keyboard(
    site: Site, manage: Callable[..., str], visitor: Callable[..., Visitor], audit: Audit
) -> None:
    site.start_web()
    manage("tests.browser.cohort", "riverside", "--new")
    marta = visitor("Marta Silva", "Europe/Lisbon", audit)
    marta.sign_in()
    marta.open("/account/2fa/")
    enter(marta, "Set it up")
    if marta.page.locator("[name=password]").count():
        write(marta, "password:", PASSWORD)
        enter(marta, "Confirm")
    secret = marta.page.locator("form strong").inner_text()
    write(marta, "code:", format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    enter(marta, "Turn it on")
    marta.open("/account/2fa/recovery-codes/")
    spare = re.findall(r"\b\d{8}\b", marta.page.get_by_role("main").inner_text())
    assert len(spare) == 10
    again = visitor("Marta Silva", "Europe/Lisbon", audit)
    again.sign_in()
    again.reads("Your second factor")
    write(again, "code:", spare[0])
    enter(again, "Sign in")
    again.open("/account/sessions/")
    again.reads("Where you are signed in", "here")
    enter(again, "Sign out everywhere else")
    marta.page.goto("/profile/")
    assert "/account/login/" in marta.page.url
    assert marta.reported == again.reported == []
    assert not audit.faults, "\n".join(audit.faults)


def test_passkey_opens_the_account_without_a_password(
    site: Site, manage: Callable[..., str], browser: Browser, audit: Audit
) -> None:
    site.start_web()
    manage("tests.browser.cohort", "riverside", "--new")
    # An address of numbers has no passkeys.
    grace = Visitor(browser, site.url.replace("127.0.0.1", "localhost"), "Grace Hall", "Europe/London", audit)
    device = grace.context.new_cdp_session(grace.page)
    device.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": kind | {"isUserVerified": True}})
    grace.sign_in()
    grace.open("/account/2fa/webauthn/add/")
    if grace.page.locator("[name=password]").count():
        grace.fill(password=PASSWORD)
        grace.press("Confirm")
    grace.page.get_by_label("Sign in with it instead of the password").check()
    grace.press("Add it")
    grace.open("/account/2fa/webauthn/")
    grace.reads("Passkey, instead of a password")
    grace.context.clear_cookies()
    grace.open("/account/login/")
    grace.press("Sign in with a passkey")
    grace.open("/profile/")
    grace.reads("Grace Hall")
    assert grace.reported == []
    assert not audit.faults, "\n".join(audit.faults)
    grace.context.close()


def test_organisation_s_sign_in_makes_an_account(
    site: Site, visitor: Callable[..., Visitor], audit: Audit
) -> None:
    claims = {
        "email": "wren@example.org",
        "email_verified": True,
        "name": "Wren Okafor",
        "zoneinfo": "Africa/Lagos",
    }
    with run_server_in_thread(user_claims=[User(sub="wren", claims=claims)]) as provider:
        site.env |= {
            "OIDC_SERVER_URL": f"http://localhost:{provider.server_port}",
            "OIDC_CLIENT_ID": "holdfast",
            "OIDC_CLIENT_SECRET": "of no consequence",
            "OIDC_NAME": "Riverside Trust",
            "OIDC_TRUST_ADDRESSES": "1",
        }
        site.start_web()
        wren = visitor("Wren Okafor", "Europe/London", audit)
        wren.open("/account/login/")
        with wren.page.expect_navigation():
            wren.page.get_by_role("button", name="Sign in with Riverside Trust").click()
        wren.press("wren")
        wren.open("/profile/")
        wren.reads("Wren Okafor", "Lagos")
        wren.open("/account/social/connections/")
    assert [told for told in wren.reported if told.startswith(site.url)] == []
    assert not audit.faults, "\n".join(audit.faults)
