"""An operator's phone: the authenticator app, on the market's clock."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from tests.journeys.corporate_network import wait
from tests.journeys.market_steps import PASSWORD
from tests.journeys.real_market import RealMarket
from tests.journeys.visitor import Visitor
from tradepost.market.identity import totp


@dataclass(slots=True)
class Phone:
    """``used``: the time step of the last code. A code works once."""

    market: RealMarket
    secret: str
    used: int = 0

    def code(self) -> str:
        self.used = wait(self._free_step, "a code that was not used")
        return totp.code_at(self.secret, self.used)

    def _free_step(self) -> int:
        here = int(time.time() + self.market.ahead.total_seconds()) // totp.STEP
        step = max(self.used + 1, here - totp.TOLERANCE)
        return step if step <= here + totp.TOLERANCE else 0


def turn_on_two_steps(market: RealMarket, person: Visitor) -> Phone:
    person.read("/account/security/two-step/")
    shown = re.search(r"secret=([A-Z2-7]+)", person.text)
    assert shown, person.words
    phone = Phone(market, shown[1])
    person.send("/account/security/two-step/", code=phone.code(), password=PASSWORD, status=200)
    assert "Your recovery codes" in person.words
    return phone
