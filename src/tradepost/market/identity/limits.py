"""Every rate limit in one table; ``throttling`` counts them in the database for all processes.

A *limit* allows a number of tries in a fixed window, which begins with the first try. *Delays* follow wrong guesses
at a secret. *Places* limit how many run at the same time. A refused try is answered with 429 and ``Retry-After`` if
the caller receives an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

MINUTE, TEN_MINUTES, HOUR, DAY = "minute", "10 minutes", "hour", "day"


class Limit(Struct, frozen=True, kw_only=True):
    """A number of tries in a window of ``per``."""

    name: str
    by: str
    """What is counted: the key that callers pass."""
    most: int = 0
    """0: the caller passes the setting."""
    setting: str = ""
    per: str = MINUTE
    refusal: str = ""
    """Code of the refusal; empty if the try is skipped silently, or an API answers in its own format."""


class Delays(Struct, frozen=True, kw_only=True):
    """``free`` wrong guesses in a row are not delayed; the next is followed by ``first``, and each further one by
    twice as long."""

    name: str
    by: str
    free: int = 4
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=15)
    forgets_after_delay: bool = False
    """Whether the count restarts after a delay; otherwise after ``GUESS_MEMORY``."""
    refusal: str = ""

    def after(self, wrong: int) -> timedelta:
        """Return the delay after a number of wrong guesses in a row."""
        if wrong <= self.free:
            return timedelta()
        return min(self.first * (1 << min(wrong - self.free - 1, 20)), self.longest)

    def still_counted(self, wrong: int, until: datetime, now: datetime) -> int:
        """Return how many of these wrong guesses still count. ``until``: end of the delay, or time of the last
        guess."""
        if until + GUESS_MEMORY <= now:
            return 0
        return 0 if self.forgets_after_delay and until <= now and self.after(wrong) else wrong


class ConcurrencyLimit(Struct, frozen=True, kw_only=True):
    """At most ``most`` at the same time. The slot of a process that died is released after ``lease``."""

    name: str
    by: str
    most: int
    lease: timedelta
    refusal: str = ""


GUESS_MEMORY = timedelta(days=1)
"""How long wrong guesses are remembered after their delay."""

_CLIENT = "account, or network of a visitor without one"
_PAGES = {
    "account_login": 30,
    "sign_in": 120,  # a whole company may sign in from one network in the morning; each name has its own delays
    "sign_in_account": 120,
    "account_signup": 20,
    "account_reset_password": 20,
    "account_reset_password_from_key": 20,
    "account_reauthenticate": 10,
    "account_email": 10,
    "account_change_password": 5,
    "account_set_password": 5,
    "second_step": 30,
    "privacy_consent": 30,
    "second_step_of_member": 120,
    "two_step_on": 10,
    "two_step_off": 10,
    "two_step_codes": 10,
    "receiver_confirm": 20,
    "picture_upload": 60,
    "proof_upload": 30,
    "uploads": 60,
    "renewal_change_check": 10,
    "demand_new": 10,
    "complaint_new": 10,
}
FORMS: Mapping[str, Limit] = {
    page: Limit(name=page, by=_CLIENT, most=max_count, refusal="account.too_often")
    for page, max_count in _PAGES.items()
}
"""Submitted forms and files, by the URL name of the page in allauth or the market."""
SEARCHES = Limit(name="search", by="account", most=120, refusal="account.too_often")
SEARCHES_OF_A_NETWORK = Limit(
    name="search of visitors", by="network of visitors without an account", most=600, refusal="account.too_often"
)
SUGGESTIONS = Limit(name="suggest", by="account", most=360, refusal="account.too_often")
SUGGESTIONS_OF_A_NETWORK = Limit(
    name="suggest for visitors", by="network of visitors without an account", most=1800, refusal="account.too_often"
)
"""Three times as many as searches: a page requests suggestions while the user types."""
EXPORTS = Limit(name="export", by=_CLIENT, most=60, refusal="account.too_often")
EXPORTS_AT_ONCE = ConcurrencyLimit(
    name="exporting", by=_CLIENT, most=2, lease=timedelta(minutes=2), refusal="account.too_often"
)  # fmt: skip
PERSONAL_EXPORTS = Limit(
    name="copies of personal data", by="account", most=1, per=DAY, refusal="personal_export.too_often"
)

ACCOUNT_MAILS = Limit(name="account mail", by="kind of mail and email", most=5, per=HOUR)
INVITATIONS = Limit(
    name="invitations", by="seller", setting="invitations_a_day", per=DAY, refusal="member.too_often"
)  # fmt: skip
OPERATOR_INVITATIONS = Limit(
    name="invitations of operators", by="operator who invites", setting="invitations_a_day", per=DAY,
    refusal="operator.too_often",
)  # fmt: skip
ENTERPRISE_INVITATIONS = Limit(
    name="invitations of enterprise", by="enterprise", setting="enterprise_invitations_a_day", per=DAY,
    refusal="invitation.too_often",
)  # fmt: skip
LOOKS = Limit(name="looks", by="seller", setting="looks_an_hour", per=HOUR, refusal="seller.looks_too_often")
DEMANDS = Limit(name="demands", by="sender", setting="demands_a_day", per=DAY, refusal="demand.too_often")
DEMANDS_FOR_AN_EMAIL = Limit(
    name="demands for an email", by="email", setting="demands_a_day", per=DAY, refusal="demand.too_often"
)
SMS = Limit(name="sms", by="phone number", setting="sms_a_day", per=DAY)
CONFIRMATIONS = Limit(
    name="confirmations", by="owner of the receivers", setting="receiver_mails_a_day", per=DAY,
    refusal="receiver.too_often",
)  # fmt: skip
CONFIRMATIONS_TO = Limit(
    name="confirmations to", by="email or phone number", most=3, per=DAY, refusal="receiver.too_often"
)  # fmt: skip
ENDPOINT_TESTS = Limit(name="endpoint tests", by="endpoint", most=30, per=HOUR, refusal="endpoint.too_often")
OWN_ADDRESS_MAILS = Limit(
    name="mails to own address", by="member", most=5, per=HOUR, refusal="own_address.too_often"
)  # fmt: skip
RESETS = Limit(
    name="resets", by="enterprise and network", most=20, per=HOUR, refusal="own_address.too_often"
)  # fmt: skip
RESETS_OF_A_MEMBER = Limit(name="resets of a member", by="member", most=5, per=HOUR)
DIRECTORY_CALLS = Limit(name="directory calls", by="token", setting="directory_calls_a_minute")
WRONG_TOKENS = Limit(name="wrong tokens", by="network", most=60)

PASSWORD = Delays(name="password", by="email and origin")
PASSWORD_FROM_NEW_ORIGINS = Delays(
    name="password from new origins", by="email, or enterprise and user name", free=10, refusal="auth.locked"
)
"""From all unknown origins together (decision 0082)."""
MEMBER_PASSWORD = Delays(name="password of a member", by="email or name, and origin", refusal="auth.locked")
"""Its numbers are settings: ``sign_in_free_tries``, ``sign_in_lock_seconds``, ``sign_in_lock_most_seconds``."""
CODE = Delays(name="second step", by="account and origin", refusal="second_step.too_often")
CODES_FROM_NEW_ORIGINS = Limit(
    name="second step from new origins", by="account", most=30, per=DAY, refusal="second_step.too_often"
)
PASSWORD_AT_THE_SECOND_STEP = Delays(
    name="password at the second step", by="account", refusal="second_step.too_often"
)  # fmt: skip
NAMES_FROM_NEW_NETWORKS = Limit(
    name="wrong names from new networks", by="enterprise", most=20, per=TEN_MINUTES, refusal="auth.locked"
)
"""Wrong passwords at one enterprise, for any names, from all networks without a member."""
NAMES_FROM_A_NETWORK = Limit(
    name="wrong names", by="enterprise and network", most=60, per=TEN_MINUTES, refusal="auth.locked"
)
"""The same from a network in which members have signed in: many employees may mistype in the morning."""
RECEIVER_CODE = Delays(name="code of a receiver", by="receiver", refusal="receiver.too_often")
SIGNATURES = Delays(
    name="signature", by="network and access key", free=5, first=timedelta(minutes=5), longest=timedelta(minutes=5),
    forgets_after_delay=True,
)  # fmt: skip
"""More than five failures in a row lock the caller for five minutes (openapi-jointkit §C.1)."""
WRONG_SIGNATURES = Limit(name="wrong signatures", by="network", most=300)
"""Further failures with invented keys share a few counts, so that they do not fill the table."""

LOGGED_FAILURES = Limit(name="failures in the sign-in log", by="enterprise", most=5_000, per=DAY)
"""Further failures are not recorded, so that an attacker cannot fill the table."""
WRONG_CODES = Limit(name="wrong codes", by="account", most=7, per=DAY)
"""The next wrong code notifies the owner."""
PASSWORD_WARNINGS = Limit(name="warned of passwords", by="email", most=1, per=DAY)
CODE_WARNINGS = Limit(name="warned of codes", by="account", most=1, per=DAY)
ENTERPRISE_WARNINGS = Limit(name="warned of guesses", by="enterprise", most=1, per=DAY)


def all_limits() -> Iterator[Limit | Delays | ConcurrencyLimit]:
    """Yield each limit of this table once."""
    yield from FORMS.values()
    yield from (value for value in globals().values() if isinstance(value, Limit | Delays | ConcurrencyLimit))
