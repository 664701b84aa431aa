"""Reports readable but invalid settings when a command starts, rather than at their first use.

Without Django, since commands that only supervise others do not load it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from tradepost.market.base.money import MINOR_DIGITS

if TYPE_CHECKING:
    from tradepost.market.base.config import Config


IMAP_SCHEMES = ("imaps", "imap+starttls", "imap")
SMS_SCHEMES = ("aliyun", "huaweicloud", "file")
"""The folders of notifications/sms/."""


def settings_problems(config: Config) -> Iterator[str]:
    """Yield one line for each problem, with the setting's name and without secret parts of its value."""
    for name, url, schemes in (
        ("DATABASE_URL", config.database_url, ("postgresql", "postgres")),
        ("TRADEPOST_MAIL_URL", config.notifications.mail_url, ("smtp", "smtps", "smtp+starttls")),
        ("TRADEPOST_PUBLIC_URL", config.public_url, ("https", "http")),
    ):
        if url and (problem := _url_problem(url, schemes, may_lack_host=name == "DATABASE_URL")):
            yield f"{name}: {problem}"
    mailbox = config.service_desk.demand_mailbox.get_secret_value()
    if mailbox and (problem := _url_problem(mailbox, IMAP_SCHEMES, may_lack_host=False)):
        yield f"TRADEPOST_DEMAND_MAILBOX: {problem}"
    sms = config.notifications.sms_url.get_secret_value()
    if sms and (problem := _url_problem(sms, SMS_SCHEMES, may_lack_host=True)):
        yield f"TRADEPOST_SMS_URL: {problem}"
    if config.database_url and not _names_database(config.database_url):
        yield "DATABASE_URL: it must end with the database's name, as postgresql://user:password@host:port/name"
    if config.currency not in MINOR_DIGITS:
        yield f"TRADEPOST_CURRENCY: {config.currency} is not known; there are {', '.join(sorted(MINOR_DIGITS))}"
    if config.log_level.upper() not in logging.getLevelNamesMapping():
        yield "TRADEPOST_LOG_LEVEL: it is DEBUG, INFO, WARNING or ERROR"
    if "open_api_rate" in config.open_api.model_fields_set and not _is_rate(config.open_api.open_api_rate):
        yield "TRADEPOST_OPEN_API_RATE: write it as 100/second or 600 per minute"


def _url_problem(url: str, schemes: tuple[str, ...], *, may_lack_host: bool) -> str:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "this is not a URL; characters such as / and @ in a password are written as %2F and %40"
    if parts.scheme not in schemes:
        return f"it must start with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    return "" if host or may_lack_host else "it names no host"


def _names_database(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return True  # reported already
    return bool(parts.path.strip("/")) or "service" in dict(parse_qsl(parts.query))


def _is_rate(text: str) -> bool:
    from limits import parse

    try:
        parse(text)
    except ValueError:
        return False
    return True
