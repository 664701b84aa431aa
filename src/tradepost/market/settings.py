"""Django's settings, made from the market's own ``Config``; nothing else reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.csp import CSP

from tradepost.market.base.config import config

CONFIG = config()

SECRET_KEY, *SECRET_KEY_FALLBACKS = CONFIG.secrets()
DEBUG = CONFIG.debug
ALLOWED_HOSTS = list(CONFIG.allowed_hosts) or [
    urlsplit(CONFIG.base_url).hostname or "localhost",
    "127.0.0.1",
    "localhost",
]
if CONFIG.auth_centre.auth_centre_domain:
    ALLOWED_HOSTS.append("." + CONFIG.auth_centre.auth_centre_domain.partition(":")[0])
CSRF_TRUSTED_ORIGINS = [CONFIG.base_url]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "tradepost.market.web",
    "tradepost.market.sites.storefront",
    "tradepost.market.sites.seller_center",
    "tradepost.market.sites.console",
    "tradepost.market.auth_centre",
    "tradepost.market.open_api",
    "tradepost.market.scim",
    "tradepost.market.personal_data",
    "tradepost.market.notifications",
    "tradepost.market.work_queue",
    "tradepost.market.service_desk",
    "tradepost.market.industrial_road",
    "tradepost.market.review",
    "tradepost.market.settlement",
    "tradepost.market.invoices",
    "tradepost.market.billing",
    "tradepost.market.supervision",
    "tradepost.market.images",
    "tradepost.market.probes",
    "tradepost.market.metering",
    "tradepost.market.fulfilment",
    "tradepost.market.applications",
    "tradepost.market.licenses",
    "tradepost.market.app_keys",
    "tradepost.market.debugging",
    "tradepost.market.production",
    "tradepost.market.compute",
    "tradepost.market.orders",
    "tradepost.market.payments",
    "tradepost.market.approvals",
    "tradepost.market.subscriptions",
    "tradepost.market.organisations",
    "tradepost.market.catalog",
    "tradepost.market.branding",
    "tradepost.market.assets",
    "tradepost.market.web_scan",
    "tradepost.market.audit",
    "tradepost.market.exports",
    "tradepost.market.identity",
    "tradepost.market.base",
    # Below ours, so that our templates of its pages are found first.
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "tradepost.market.web.logs.AccessLog",
    "tradepost.market.web.health.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tradepost.market.web.compression.CompressPages",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    # What follows is for people: programs have no session, no language and no form.
    "tradepost.market.open_api.api_middleware.ApiMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tradepost.market.web.pending_login.PendingLogin",
    "tradepost.market.web.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tradepost.market.web.polled.Polled",
    # Last: its process_view opens the transaction of a state-changing request around the view itself.
    "tradepost.market.web.middleware.RequestMiddleware",
]

ROOT_URLCONF = "tradepost.market.urls"
AUTH_USER_MODEL = "identity.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tradepost.market.web.context.market",
            ],
            "builtins": [
                *(f"django.templatetags.{name}" for name in ("i18n", "l10n", "static")),
                *(
                    f"tradepost.market.web.templatetags.{name}"
                    for name in ("ui", "navigation", "lists", "forms", "names", "probes", "charts", "scans")
                ),
            ],
        },
    }
]


NOTICES_SILENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""A network that drops everything without a word is noticed within half a minute; the system's own limits are hours."""


def database(url: str) -> dict[str, object]:
    """Django's database settings from a postgresql:// URL; SQLite in the data folder when it is empty."""
    if not url:
        CONFIG.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {
            "ENGINE": "tradepost.market.base.django_internals.sqlite",
            "NAME": str(CONFIG.data / "tradepost.sqlite3"),
            "CONN_MAX_AGE": 600,  # opening the file and its pragmas costs more than a page's queries
            "OPTIONS": {
                # Writers queue at BEGIN instead of failing in the middle; money is written: full durability.
                "transaction_mode": "IMMEDIATE",
                # Seconds. Who waits longer is told to come again (web/busy.py); a worker comes by itself.
                "timeout": 5,
                # A connection keeps as many read statements; the market has about five hundred, and Python keeps 128 by itself.
                "cached_statements": 600,
                # What was written is moved from the journal after 32 MB, not after 4: a page that changes often is moved once.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-32000;"
                " PRAGMA wal_autocheckpoint=8000;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL must start with postgresql:// (got {parts.scheme}://)")
    options: dict[str, object] = {**NOTICES_SILENCE, **dict(parse_qsl(parts.query))}
    host = str(options.pop("host", "") or parts.hostname or "")
    return {
        "ENGINE": "tradepost.market.base.django_internals.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": database(CONFIG.database_url)}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [Path(__file__).parent / "locale"]  # words of the contexts; each site has its own folder
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "static/"
# Hashed and compressed by scripts/collect_static.py at set-up; a wheel carries the folder. Browsers keep such a file for ever.
STATIC_ROOT = Path(__file__).parent / "collected"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

PASSWORD_HASHERS = [
    "tradepost.market.web.passwords.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Only if every sign-up ends with "look into your mailbox" does none tell whether an address has an account already.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if CONFIG.notifications.mail_url else "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # the way in for an owner whose network is held up for wrong passwords
ACCOUNT_RATE_LIMITS = False  # its counts are in one process's memory; ours: web/limits.py and the adapter
ACCOUNT_ADAPTER = "tradepost.market.web.accounts.Adapter"
SOCIALACCOUNT_ADAPTER = "tradepost.market.web.provider_adapter.ProviderAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = (
    True  # a form that ends at another server is refused by form-action; the state holds the browser
)
SOCIALACCOUNT_STORE_TOKENS = False  # what is kept of them is sealed: identity.ProviderSignIn
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
_TLS = CONFIG.base_url.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _TLS
SECURE_HSTS_SECONDS = 31_536_000 if _TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 8000  # a hundred SKUs, each with a dozen prices, are one form


def mail(url: str) -> dict[str, object]:
    """Where mail goes: ``smtp://``, ``smtps://`` (TLS) or ``smtp+starttls://``; files in the data folder when empty."""
    backends = "django.core.mail.backends"
    if not url:
        return {"BACKEND": f"{backends}.filebased.EmailBackend", "OPTIONS": {"file_path": str(CONFIG.data / "mail")}}
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps", "smtp+starttls"}:
        raise ValueError(
            f"TRADEPOST_MAIL_URL must start with smtp://, smtps:// or smtp+starttls:// (got {parts.scheme}://)"
        )
    return {
        "BACKEND": "tradepost.market.base.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname or "localhost",
            "port": parts.port or (465 if parts.scheme == "smtps" else 25),
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_ssl": parts.scheme == "smtps",
            "use_tls": parts.scheme == "smtp+starttls",
            "timeout": 20,
            "authorities": CONFIG.outbound.authorities,
        },
    }


def sms(url: str, *, sandbox: bool) -> dict[str, object]:
    """Who sends SMS: a folder of ``notifications/sms/`` and what it needs; nobody where nothing is set outside of a sandbox.

    ``<adapter>://<key>:<secret>@<host>/?<option>=…``: keys, host and options are that adapter's.
    """
    parts = urlsplit(url or ("file://" if sandbox else ""))
    options = dict(parse_qsl(parts.query))
    return {
        "adapter": parts.scheme,
        "key": unquote(parts.username or ""),
        "secret": unquote(parts.password or ""),
        "host": parts.hostname or "",
        "port": parts.port,
        "options": options,
        "folder": str(CONFIG.data / "sms"),
        "authorities": CONFIG.outbound.authorities,
    }


SMS = sms(CONFIG.notifications.sms_url.get_secret_value(), sandbox=CONFIG.sandbox)
DIGEST_AT = CONFIG.notifications.digest_at
DEFAULT_LEVEL = CONFIG.subscriptions.default_level
PERIOD_GRACE_DAYS = CONFIG.subscriptions.period_grace_days
PERIOD_RETENTION_DAYS = CONFIG.subscriptions.period_retention_days
CLOUD = CONFIG.cloud_name
COMPUTE: dict[str, Any] = {
    "file": CONFIG.compute.compute_file,
    "outbound": CONFIG.outbound,
    "access_key": CONFIG.compute.compute_access_key.get_secret_value(),
    "secret_key": CONFIG.compute.compute_secret_key.get_secret_value(),
    "orphan_hours": CONFIG.compute.orphan_server_hours,
}
REMIND_DAYS = CONFIG.subscriptions.remind_days
REMIND_AT = CONFIG.subscriptions.remind_at
AUTO_RENEW_DAYS_BEFORE = CONFIG.orders.auto_renew_days_before
AUTO_RENEW_AT = CONFIG.orders.auto_renew_at
MAILERS = {"default": mail(CONFIG.notifications.mail_url)}
DEFAULT_FROM_EMAIL = SERVER_EMAIL = CONFIG.notifications.mail_from
LOGGING_CONFIG = None  # structlog is set up by web/logs.py and the worker
