"""Who opens every page of a market, one after the other."""

from __future__ import annotations

from django.test import Client

from tests.factories.many.signed_in import COOKIE_OF_THE_FIRST
from tradepost.market.auth_centre.tenant import COOKIE
from tradepost.market.identity.models import User

HOST = "localhost"


class Visitor(Client):
    """Somebody who is logged in at each visit, whatever the one before ended: its writes are taken back, its cookies are not."""

    def __init__(self, user: int) -> None:
        super().__init__(headers={"accept-language": "zh-hans", "host": HOST})
        self.force_login(User.objects.get(pk=user))
        self._as_logged_in = self.cookies.output(header="", sep=";")

    def come_back(self) -> None:
        self.cookies.load(self._as_logged_in)
        self.cookies[COOKIE] = COOKIE_OF_THE_FIRST
