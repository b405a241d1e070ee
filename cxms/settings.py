"""Settings of the whole house, read from the environment (see README, "Settings")."""

from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.bool("CXMS_DEBUG", default=False)
SECRET_KEY = env.str("CXMS_SECRET_KEY", default="not-for-production-" + "x" * 40)
ALLOWED_HOSTS = env.list("CXMS_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CXMS_ORIGINS", default=[])
SITE_URL = env.str("CXMS_SITE_URL", default=f"http://127.0.0.1:{env.str('CXMS_PORT', default='8000')}")
LIVE_URL = env.str("CXMS_LIVE_URL", default="")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "ledger",
    "tenancy",
    "customers",
    "feedback",
    "complaints",
    "surveys",
    "metrics",
    "journeys",
    "alerts",
    "improvement",
    "integrations",
    "reports",
    "api",
    "web",
    "cxms",
]

MIDDLEWARE = [
    "web.prometheus.Measure",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "web.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "web.middleware.OrganisationMiddleware",
]

ROOT_URLCONF = "cxms.urls"
WSGI_APPLICATION = "cxms.wsgi.application"
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
                "csp.context_processors.nonce",
                "web.shell.context",
            ],
        },
    }
]

# ---- databases: one URL a role ---------------------------------------------------------------------------------
# CXMS_ROLE=migrator makes the default connection the migrating role (migrate, backup, test set-up).
_app_url = env.str("CXMS_DATABASE_URL", default="postgres://cxms_app@127.0.0.1:5432/cxms")
_migrator_url = env.str("CXMS_MIGRATOR_URL", default=_app_url)
_dispatcher_url = env.str("CXMS_DISPATCHER_URL", default=_app_url)


def _database(url: str) -> dict[str, object]:
    return {
        **env.db_url_config(url),
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "cxms"},
    }


DATABASES = {
    "default": _database(_migrator_url if env.str("CXMS_ROLE", default="app") == "migrator" else _app_url),
    "dispatcher": _database(_dispatcher_url),
}
DATABASE_ROUTERS = ["cxms.lib.routers.OneRoad"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- queue and cache -------------------------------------------------------------------------------------------
REDIS_URL = env.str("CXMS_REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cxms",
        "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
    }
}
LEDGER_FLOWS = "cxms.flows.FLOWS"
LEDGER_TIMERS = "cxms.flows.TIMERS"
LEDGER_PUMPS = "cxms.flows.PUMPS"
LEDGER_SCOPE = "tenancy.scope.organisation_scope"

# ---- people ----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenancy.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_ADAPTER = "web.accounts.ClosedAdapter"
ACCOUNT_RATE_LIMITS = {"login_failed": "20/5m/ip,10/5m/key"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# a code from an authenticator app as second factor; the step before and after count too, for clocks that differ
MFA_ADAPTER = "web.accounts.SecretAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "CXMS"
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

# ---- language: 简体中文 is the source language --------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_ZONE = "Asia/Shanghai"

# ---- files and browser -----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, *([LIVE_URL] if LIVE_URL else [])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

# ---- mail ------------------------------------------------------------------------------------------------------
SMTP_URL = env.str("CXMS_SMTP_URL", default="")
MAIL_FROM = env.str("CXMS_MAIL_FROM", default="CXMS <noreply@cxms.localhost>")
if SMTP_URL:
    vars().update(env.email_url_config(SMTP_URL))
EMAIL_TIMEOUT = 10
# who is told by the watchdog when the house itself is late, and when nobody could be told of a complaint
OPS_MAIL = env.list("CXMS_OPS_MAIL", default=[])
# hosts whose mailboxes may be read without encryption: a server on this very machine
IMAP_PLAIN_HOSTS = env.list("CXMS_IMAP_PLAIN_HOSTS", default=[])
DEFAULT_FROM_EMAIL = MAIL_FROM

# ---- webhooks --------------------------------------------------------------------------------------------------
# addresses that webhooks may go to although they are not public, over http and on any port; for development alone
WEBHOOK_ALLOW = env.list("CXMS_WEBHOOK_ALLOW", default=[])
# what opens secrets sealed under an earlier CXMS_SECRET_KEY
SECRET_KEY_FALLBACKS = env.list("CXMS_SECRET_KEY_FALLBACKS", default=[])

# ---- limits (house/API) ------------------------------------------------------------------------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
BODY_LIMIT_BYTES = 1024 * 1024
BULK_LIMIT_BYTES = 10 * 1024 * 1024

# calls a minute / at once, per key; a bulk call counts in its own bucket. "off" for none
API_RATE = env.str("CXMS_API_RATE", default="12000/24000")
API_BULK_RATE = env.str("CXMS_API_BULK_RATE", default="600/1200")
# what a stranger may send to pages without a log-in, a minute / at once, per address
PUBLIC_RATE = env.str("CXMS_PUBLIC_RATE", default="60/120")
# how many proxies of our own stand before the web: the client's address is that far from the end of X-Forwarded-For
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("CXMS_TRUSTED_PROXIES", default=0)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "EXCEPTION_HANDLER": "api.problems.handle",
    "UNAUTHENTICATED_USER": None,
}

# who may read /prometheus: the bearer of this token; without one only this machine
PROMETHEUS_TOKEN = env.str("CXMS_PROMETHEUS_TOKEN", default="")

LOG_LEVEL = env.str("CXMS_LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "cxms.lib.logs.Covered", "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s", "cover": "feedback.masking.covered"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR", "filters": ["not_ready"]},
        "celery": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},
        "fontTools": {"level": "WARNING"},
    },
    # a 503 of /readyz is an answer, not an error
    "filters": {"not_ready": {"()": "cxms.lib.logs.NotReady"}},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
