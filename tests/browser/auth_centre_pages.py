"""Pages of an auth centre in every relevant state: a part of ``pages``. The buyer founded the enterprise and is signed
in to the market, so one click signs in here too.
"""

from __future__ import annotations

from tests.browser.view import View

T = "/t/lantian"
ONE_CLICK = 'form[action$="/sign-in/account/"] button'
WRONG = (("[name=name]", "nobody"), ("[name=password]", "wrong"))

IN_TWO_STEPS = (("[name=name]", "zhao.two"), ("[name=password]", "a telephone beside it"))
"""A member for whom ``signing_in`` turned on two-step sign-in."""


def inside(page: str, **more: str) -> View:
    return View(f"{T}/sign-in/?next={T}/{page}", press=ONE_CLICK, **more)  # type: ignore[arg-type]  # as of View


OF_AUTH_CENTRE: dict[str, dict[str, View]] = {
    "": {
        "sign-in": View(f"{T}/sign-in/"),
        "sign-in-forgot": View(f"{T}/sign-in/forgot/", press="main form button[type=submit]"),
        "sign-in-reset-ended": View(f"{T}/sign-in/reset/nobodys/", status=404),
        "sign-in-wrong": View(f"{T}/sign-in/", WRONG, 'form[action$="/sign-in/"] button'),
        "sign-in-for-an-application": View(f"{T}/api/v1/oauth2/authorize?response_type=code&client_id={{client}}"),
        "sign-in-second-step": View(f"{T}/sign-in/", IN_TWO_STEPS, 'form[action$="/sign-in/"] button'),
        "unified-login": View("/unified-login/#/portal-login?ind=UNOP&appId={app id}"),
        "unified-login-unknown": View("/unified-login/?appId=nobody"),
        "unified-login-wrong": View("/unified-login/?appId={app id}&tenant=nobody", status=422),
    },
    "buyer": {
        "authorise-nobody": View(f"{T}/api/v1/oauth2/authorize?client_id=nobody", status=400),
        "sign-in-by-account": View(f"{T}/sign-in/"),
        "workbench": inside(""),
        "sign-ins": inside("sign-ins/"),
        "two-step": inside("two-step/"),
        "member-password": inside("password/"),
        "member-two-step-on": inside("two-step/on/"),
        "shared-details": inside("access/"),
        "application-refused": inside("api/v1/oauth2/authorize%3Fresponse_type=code%26client_id={other client}"),
    },
}
