"""Group *secrets*: what must be encrypted is, what must not be shown is not (saas-v1-license §A1.4).

``LAST`` names the checks that read every answer of the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.protocols.excerpt import excerpt
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

SHORTEST_KEY = 8
LAST = frozenset({"secrets.key_hidden", "secrets.no_details"})

_DETAILS = re.compile(
    rb"Traceback \(most recent call last\)|\bat [a-z]\w*(?:\.\w+)+\([A-Za-z]\w*\.(?:java|kt):\d+\)"
    rb"|\.(?:py|go|php|rb)\W{1,6}(?:on )?line \d+|\.php\(\d+\)|\.(?:go|rb):\d+\b|\bat .+\.(?:js|ts|cs):(?:line )?\d+"
    rb"|(?:SELECT|INSERT INTO|UPDATE|DELETE FROM) [\w`\"*., ()]+ (?:FROM|VALUES|SET|WHERE)\b"
    rb"|\bgoroutine \d+ \[|SQLSTATE\[|\bORA-\d{5}|Duplicate entry '|duplicate key value violates|in your SQL syntax"
    rb"|\b(?:javax?|org|com|net)\.(?:[a-z_]\w*\.)+[A-Z]\w*(?:Exception|Error)\b|\bSystem\.(?:\w+\.)*\w*Exception\b"
)


@check_factory
def checks(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "secrets")
    yield make(
        "key_hidden", "signature", _key_hidden,
        Text(en="No answer shows the signing key", zh="任何响应都不泄露签名密钥"),
        Text(en="neither headers nor bodies hold it", zh="响应头与响应体均不含密钥"),
        alone=True,
    )  # fmt: skip
    yield make(
        "no_details", "answer", _no_details,
        Text(en="No answer shows the server's inside", zh="任何响应都不泄露服务器内部信息"),
        Text(en="no stack trace, no SQL, no file of the server", zh="没有堆栈、SQL或服务器文件"),
        alone=True,
    )  # fmt: skip


def _key_hidden(caller: Caller) -> None:
    key = caller.options.key.encode()
    if len(key) < SHORTEST_KEY:
        # Somebody's ordinary text.
        raise Skipped(Text(en="the key is too short to look for", zh="密钥过短，无法查找"))
    for answer in caller.history.answers:
        if key in answer.received.raw:
            raise Failed("key_in_answer", Text(en="an answer holds the key", zh="有响应含有密钥"))


def _no_details(caller: Caller) -> None:
    for answer in caller.history.answers:
        found = _DETAILS.search(answer.received.body)
        if found:
            quoted = excerpt(found[0])
            raise Failed("details_in_answer", Text(en=f"an answer holds {quoted}", zh=f"有响应含有{quoted}"))
