"""Personal data of servers. An erasure empties names, addresses and logins; the servers no longer exist by then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Emptied, Exported, Personal

from .models import Server, Task

EXPORTED = (
    Exported(
        name="servers", title=_("Servers"), model=Server, whose="buyer",
        columns="name size cloud status address created_at released_at",
    ),
    Exported(
        name="server_changes", title=_("Server operations"), model=Task, whose="server__buyer",
        columns="server__name action status created_at ended_at",
    ),
)  # fmt: skip

PERSONAL = Personal(
    emptied=(
        Emptied(model=Server, whose="buyer", columns={"name": "", "address": "", "sealed_login": ""}),
        Emptied(model=Task, whose="server__buyer", columns={"sealed_login": "", "error": ""}),
    ),
    exported=EXPORTED,
)
