"""Run as a program beside a server: create what ``guessing`` attacks, an enterprise with a member and an account with
two-step sign-in.

It must not import modules that import the tests' settings, which name another folder.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.chaos.people import PASSWORD, email

MEMBER = "zhang01"


def main() -> dict[str, Any]:
    import django

    django.setup()
    from django.core import signing
    from django.urls import reverse

    from tests.factories.organisations import make_admin, make_managed
    from tests.factories.second_step import turn_on
    from tradepost.market.identity.models import User
    from tradepost.market.notifications.sign_in_reactions import LINK_SALT

    admin = make_admin(User.objects.get(email=email(2)), code="acme")
    member = make_managed(admin, MEMBER).member
    member.user.set_password(PASSWORD)
    member.user.save()
    member.password_temporary = False  # the member changed the first password
    member.save()
    link = reverse("web:known_browser", args=[signing.dumps(User.objects.get(email=email(0)).pk, salt=LINK_SALT)])
    codes = turn_on(User.objects.get(email=email(1))).codes
    return {"home": f"/t/{admin.enterprise.code}/", "codes": codes, "link": link}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")
