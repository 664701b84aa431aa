"""The chats that a notice can go to, each by its bot's address, and what of it apprise is given.

Apprise makes its own HTTP requests, past the guard. So nobody enters an address of apprise: a person pastes the bot's, which
must be one of these services' at their one host; only its token goes into an address that we build, redirects are off, and no
option of apprise can be set. What is called is then always one of the hosts below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

MAX_ADDRESS_LENGTH = 300
_URL_KEY = r"[A-Za-z0-9_-]{8,128}"
_SECRET = re.compile(r"[A-Za-z0-9]{8,128}")


class ChatService(Struct, frozen=True):
    title: str | Promise
    example: str
    """How such an address looks."""
    pattern: re.Pattern[str]
    """The whole address; its group ``token`` is the secret."""
    apprise: str
    """``{token}`` and, where the service signs, ``{secret}``."""
    signs: bool = False
    """A bot may ask for a signature: its secret is entered beside the address."""

    @property
    def host(self) -> str:
        return urlsplit(self.example).netloc

    def token(self, address: str) -> str:
        """The secret part of a bot's address; empty for what is none of this service's."""
        match = self.pattern.fullmatch(address.strip()) if len(address) <= MAX_ADDRESS_LENGTH else None
        return match["token"] if match else ""

    def takes(self, secret: str) -> bool:
        """Whether a secret is one that this service gives out; none is needed."""
        return not secret or (self.signs and bool(_SECRET.fullmatch(secret)))

    def url(self, token: str, secret: str = "") -> str:
        """What apprise is given."""
        credential = f"{secret}@" if secret and self.signs else ""
        return self.apprise.format(token=token, secret=credential)


SERVICES: Mapping[str, ChatService] = {
    "dingtalk": ChatService(
        _("DingTalk"),
        "https://oapi.dingtalk.com/robot/send?access_token=…",
        re.compile(rf"https://oapi\.dingtalk\.com/robot/send\?access_token=(?P<token>{_URL_KEY})"),
        "dingtalk://{secret}{token}/",
        signs=True,
    ),
    "feishu": ChatService(
        _("Feishu"),
        "https://open.feishu.cn/open-apis/bot/v2/hook/…",
        re.compile(rf"https://open\.feishu\.cn/open-apis/bot/v2/hook/(?P<token>{_URL_KEY})/?"),
        "feishu://{token}/",
    ),
    "wecom": ChatService(
        _("WeCom"),
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
        re.compile(rf"https://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=(?P<token>{_URL_KEY})"),
        "wecombot://{token}/",
    ),
    "lark": ChatService(
        _("Lark"),
        "https://open.larksuite.com/open-apis/bot/v2/hook/…",
        re.compile(rf"https://open\.larksuite\.com/open-apis/bot/v2/hook/(?P<token>{_URL_KEY})/?"),
        "lark://{token}/",
    ),
    "slack": ChatService(
        "Slack",
        "https://hooks.slack.com/services/…/…/…",
        re.compile(r"https://hooks\.slack\.com/services/(?P<token>[A-Z0-9]{8,16}/[A-Z0-9]{8,16}/[A-Za-z0-9]{20,32})"),
        "slack://{token}/",
    ),
}


def token_hint(token: str) -> str:
    """The end of a token, enough to recognise it."""
    return f"…{token[-4:]}"
