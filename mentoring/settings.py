"""Settings, all from the environment. docs/operations.md lists the variables.

Without DEBUG nothing insecure is accepted: a missing secret stops the start, naming the variable.
"""

import os
import zoneinfo
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from mentoring import local
from mentoring.local.places import compiled_folder

# Zones come from the pinned tzdata package on every machine, never from whatever the system has installed:
# docs/decisions/0008-zones-come-from-one-package.md.
zoneinfo.reset_tzpath(to=())

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / "var"))
# Read when numba is imported, which is not before a run needs it.
os.environ.setdefault("NUMBA_CACHE_DIR", str(compiled_folder(VAR_DIR, BASE_DIR / "matching/engine")))


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "").strip().lower()
    return value in {"1", "true", "yes", "on"} if value else default


def listed(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def secret(name: str, debug_value: str) -> str:
    """The variable's value; under DEBUG alone a fixed, public one does when it is missing."""
    value = os.environ.get(name, "")
    if DEBUG:
        return value or debug_value
    if not value or value == debug_value:
        raise ImproperlyConfigured(
            f"Set {name} to a secret value of your own (or DEBUG=1 to try things out)."
        )
    return value


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


DEBUG = flag("DEBUG")
SECRET_KEY = secret("SECRET_KEY", "insecure-and-public-for-debug-alone-0123456789abcdefghij")
if len(SECRET_KEY) < 50 and not DEBUG:
    raise ImproperlyConfigured("SECRET_KEY needs at least 50 characters.")
# Key ring of what is confidential, newest first: "name:base64 of 32 bytes, name:…". Not SECRET_KEY,
# so that each can be changed alone. `manage.py rotate_keys` wraps data keys anew under the first.
CONFIDENTIAL_KEYS = secret("CONFIDENTIAL_KEYS", "debug:aG9sZGZhc3QtZGVidWcta2V5LW5vdC1zZWNyZXQtMDE=")

SITE_URL = os.environ.get("SITE_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8000')}" if DEBUG else "")
if not SITE_URL:
    raise ImproperlyConfigured(
        "Set SITE_URL to the address people use, such as https://mentoring.example.org."
    )
ALLOWED_HOSTS = listed("ALLOWED_HOSTS") or (["127.0.0.1", "localhost", "[::1]"] if DEBUG else [])
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names people use, separated by commas.")
CSRF_TRUSTED_ORIGINS = listed("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "mentoring.confidential",
    "mentoring.outbox",
    "accounts",
    "mentoring.programs",
    "mentoring.schedule",
    "mentoring.goals",
    "mentoring.engagements",
    "mentoring.notes",
    "matching",
    "mentoring.transfer",
    "mentoring.owndata",
    "mentoring.home",
    "mentoring.demo",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "anymail",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.ReaderMiddleware",
]

ROOT_URLCONF = "mentoring.urls"
WSGI_APPLICATION = "mentoring.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mentoring.home.context.navigation",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or local.database_url(VAR_DIR),
        conn_max_age=60,
        conn_health_checks=True,  # pages are right at once after the server restarted
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sessions and the cache that rate limits count in live in PostgreSQL: no page needs Redis.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Beyond the limit counters are thrown away, and whoever guesses passwords starts anew. Django's own
        # limit of 300 is reached by a few requests for addresses that nobody has.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

REDIS_URL = os.environ.get("REDIS_URL") or local.redis_url(VAR_DIR)
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is away is waited for, however long
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,  # a killed worker's task is given to another after two minutes
    "socket_timeout": 1,  # how long a page may wait for a broker that hangs
    "socket_connect_timeout": 1,
    "retry_on_timeout": False,
    "max_retries": 0,  # who publishes does not wait for a broker that is away; worker and beat do
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_TIME_LIMIT = 110  # below the visibility timeout: no task runs twice at once for being slow
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# Mail: the application writes to the outbox; the dispatcher sends through DELIVERY_BACKEND.
EMAIL_BACKEND = "mentoring.outbox.backend.OutboxBackend"
DELIVERY_BACKEND = os.environ.get(
    "DELIVERY_BACKEND",
    "django.core.mail.backends.filebased.EmailBackend"
    if DEBUG and not os.environ.get("EMAIL_HOST")
    else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = float(os.environ.get("EMAIL_TIMEOUT", "15"))  # seconds for each answer
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Holdfast <holdfast@localhost>")
# A provider's interface instead of SMTP: DELIVERY_BACKEND=anymail.backends.<provider>.EmailBackend and what
# Anymail asks of it, each setting as ANYMAIL_<name>. Its reports are taken only where a secret is set.
ANYMAIL: dict[str, Any] = {
    name.removeprefix("ANYMAIL_"): value for name, value in os.environ.items() if name.startswith("ANYMAIL_")
} | {"REQUESTS_TIMEOUT": EMAIL_TIMEOUT, "DEBUG_API_REQUESTS": False}
if ANYMAIL.get("WEBHOOK_SECRET"):
    ANYMAIL["WEBHOOK_SECRET"] = listed("ANYMAIL_WEBHOOK_SECRET")
# How long a dispatcher may hold a mail that it is sending before another may take it.
OUTBOX_LEASE = timedelta(seconds=int(os.environ.get("OUTBOX_LEASE_SECONDS", "120")))

# Plans a person's reminders anew when their mail choices change: the outbox does not know what they are of.
REMINDER_PLANNER = "mentoring.schedule.replanning.replan_for"
# What binds a member of a program to others, and what undoes it when they leave.
MEMBER_TIES = "mentoring.engagements.leaving.ties_of"
MEMBER_RELEASER = "mentoring.engagements.leaving.release"

# Whoever monitors shows it ("Authorization: Bearer …") to read /healthz/due; without one nobody can.
MONITORING_TOKEN = os.environ.get("MONITORING_TOKEN", "")

# A match run is left to another worker when its own has not said for so long that it is alive.
MATCH_STALE_AFTER = timedelta(seconds=float(os.environ.get("MATCH_STALE_SECONDS", "30")))
# From so many pairs on, a run's scoring is shared out over all workers.
MATCH_TILES_FROM = int(os.environ.get("MATCH_TILES_FROM", "1000000000"))

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home:home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home:home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]  # without a password one signs in by a code
ACCOUNT_FORMS = {
    "signup": "accounts.forms.SignupForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
MFA_FORMS = {"add_webauthn": "accounts.forms.AddPasskeyForm"}
MFA_ADAPTER = "accounts.second_factor.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Holdfast"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG  # browsers offer passkeys at https://, and at http://localhost
# Whoever runs the installation has a second factor; a program's admins where its settings ask for one.
STAFF_NEED_SECOND_FACTOR = flag("STAFF_NEED_SECOND_FACTOR", default=not DEBUG)

# One OpenID Connect provider, such as an organisation's own: docs/sign-in.md has a worked example.
OIDC_SERVER_URL = os.environ.get("OIDC_SERVER_URL", "").rstrip("/")
# Where its pages are, if elsewhere too.
OIDC_ORIGINS = ([_origin(OIDC_SERVER_URL)] if OIDC_SERVER_URL else []) + listed("OIDC_ORIGINS")
SOCIALACCOUNT_FORMS = {"signup": "accounts.forms.SocialSignupForm"}
SOCIALACCOUNT_ADAPTER = "accounts.adapter.SocialAccountAdapter"
# That a provider says an address is confirmed lets one into the account of that address only where the
# provider is trusted to say so.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = flag(
    "OIDC_TRUST_ADDRESSES"
)
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "organisation",
                "name": os.environ.get("OIDC_NAME", "your organisation"),
                "client_id": os.environ.get("OIDC_CLIENT_ID", ""),
                "secret": os.environ.get("OIDC_CLIENT_SECRET", ""),
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ]
        if OIDC_SERVER_URL
        else [],
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", VAR_DIR / "static"))
WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # data: for the QR code of a second factor
        "font-src": [SELF],
        "connect-src": [SELF],
        # Signing in by a provider is a form that leads on to it.
        "form-action": [
            SELF,
            *([_origin(OIDC_SERVER_URL)] if OIDC_SERVER_URL else []),
            *listed("OIDC_ORIGINS"),
        ],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT")
SECURE_HSTS_SECONDS = int(os.environ.get("SECURE_HSTS_SECONDS", "0"))
if flag("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Without it everybody shares the proxy's address, and one stranger uses up the sign-in limit of all.
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_HANDLERS = [
    "mentoring.uploads.LimitedUploadHandler",  # first: what it throws away, none after it sees
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "filters": {"hide_tokens": {"()": "mentoring.logs.HideTokens"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["hide_tokens"]}
    },
    # Here too, for handlers that an installation adds, to report errors elsewhere.
    "loggers": {"django.request": {"filters": ["hide_tokens"]}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
}
