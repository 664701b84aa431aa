"""A person who opens every page of a market in turn."""

from __future__ import annotations

from django.test import Client

from tests.factories.many.signed_in import COOKIE_OF_THE_FIRST
from tradepost.market.auth_centre.tenant import COOKIE
from tradepost.market.identity.models import User

HOST = "localhost"


class Visitor(Client):
    """A client that is signed in at each visit, even if the previous visit signed it out. The test rolls back its
    writes, but not its cookies."""

    def __init__(self, user: int) -> None:
        super().__init__(headers={"accept-language": "zh-hans", "host": HOST})
        self.force_login(User.objects.get(pk=user))
        self._as_logged_in = self.cookies.output(header="", sep=";")

    def restore_session(self) -> None:
        self.cookies.load(self._as_logged_in)
        self.cookies[COOKIE] = COOKIE_OF_THE_FIRST
