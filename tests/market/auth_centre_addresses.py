"""Addresses of the auth centre: a part of ``every_address``. A session of the market opens none of them; visitors
without a session of the enterprise are sent to its sign-in page, which is public.
"""

from __future__ import annotations

from http import HTTPStatus

from tests.market.who_may import ANYBODY, Address, pages

OF = {"code": "{enterprise}"}
WRONG = {"name": "nobody", "password": "wrong"}
CODE = {"code": "123456", "password": "wrong"}
NEW = {"new_password": "a long enough one", "new_password_again": "a long enough one"}
TOKEN = {"grant_type": "authorization_code", "client_id": "nobody", "client_secret": "x", "code": "x"}
OF_AUTH_CENTRE = {
    "t/<str:code>/": pages(ANYBODY, **OF),
    "t/<str:code>/sign-ins/": pages(ANYBODY, **OF),
    "t/<str:code>/sign-ins/others/end/": Address(OF, post=ANYBODY),
    "t/<str:code>/sign-ins/<int:pk>/end/": Address(OF | {"pk": "1"}, post=ANYBODY),
    "t/<str:code>/access/": pages(ANYBODY, **OF),
    "t/<str:code>/access/<int:pk>/end/": Address(OF | {"pk": "1"}, post=ANYBODY),
    "t/<str:code>/sign-in/": Address(OF, get=ANYBODY, post=ANYBODY, data=WRONG),
    "t/<str:code>/two-step/": pages(ANYBODY, **OF),
    "t/<str:code>/two-step/on/": Address(OF, get=ANYBODY, post=ANYBODY, data=CODE),
    "t/<str:code>/two-step/off/": Address(OF, get=ANYBODY, post=ANYBODY, data=CODE),
    "t/<str:code>/two-step/codes/": Address(OF, get=ANYBODY, post=ANYBODY, data=CODE),
    "t/<str:code>/sign-in/second-step/": Address(OF, get=ANYBODY, post=ANYBODY, data=CODE),
    "t/<str:code>/sign-in/set-up/": Address(OF, get=ANYBODY, post=ANYBODY, data=CODE),
    "t/<str:code>/sign-in/password/": Address(OF, get=ANYBODY, post=ANYBODY, data=NEW),
    "t/<str:code>/sign-in/forgot/": Address(OF, get=ANYBODY, post=ANYBODY, data={"name": "nobody"}),
    "t/<str:code>/sign-in/reset/<str:token>/": Address(OF | {"token": "nobodys"}),
    "t/<str:code>/password/": Address(OF, get=ANYBODY, post=ANYBODY, data=NEW | {"old_password": "wrong"}),
    "t/<str:code>/password/address/": Address(OF, post=ANYBODY, data={"email": "a@b.example", "password": "wrong"}),
    "t/<str:code>/password/address/remove/": Address(OF, post=ANYBODY),
    "t/<str:code>/password/address/<str:token>/": Address(OF | {"token": "nobodys"}, get=ANYBODY, post=ANYBODY),
    "t/<str:code>/manage/": pages(ANYBODY, **OF),
    "t/<str:code>/sign-in/account/": Address(OF, post=ANYBODY),
    "t/<str:code>/sign-out/": Address(OF, post=ANYBODY),
    "t/<str:code>/api/v1/oauth2/authorize": Address(OF, get=ANYBODY, post=ANYBODY),
    "t/<str:code>/api/v1/oauth2/token": Address(OF, post=ANYBODY, data=TOKEN),
    "t/<str:code>/api/v1/oauth2/userinfo": Address(OF, gateway=True),
    "t/<str:code>/api/v1/logout": Address(OF, get=ANYBODY, post=ANYBODY),
    "t/<str:code>/api/v1/cas/p3/serviceValidate": pages(ANYBODY, **OF),
    "t/<str:code>/cas/login": pages(ANYBODY, **OF),
    "t/<str:code>/cas/logout": Address(OF, get=ANYBODY, post=ANYBODY),
    "t/<str:code>/cas/serviceValidate": pages(ANYBODY, **OF),
    "t/<str:code>/cas/p3/serviceValidate": pages(ANYBODY, **OF),
    "t/<str:code>/.well-known/openid-configuration": pages(ANYBODY, **OF),
    "t/<str:code>/.well-known/jwks.json": pages(ANYBODY, **OF),
    "unified-login/": pages(ANYBODY),
    "orgid/openapi/v1/oauth2/token": Address(post=ANYBODY, data=TOKEN),
    "orgid/openapi/v1/oauth2/userinfo": Address(gateway=True),
    "orgid/openapi/v1/cas/p3/serviceValidate": pages(ANYBODY),
}
BY_A_SECRET = {"t/<str:code>/api/v1/oauth2/token", "orgid/openapi/v1/oauth2/token"}
"""Programs call these addresses with a secret; a session cookie is ignored."""
FORMS_OF_APPLICATIONS = {
    "t/<str:code>/api/v1/oauth2/authorize", "t/<str:code>/api/v1/logout", "t/<str:code>/cas/logout",
}  # fmt: skip
"""Other sites may post a form there, which only redirects to the same address by GET (OpenID Connect Core §3.1.2.1)."""
ELSEWHERE_AT_THE_AUTH_CENTRE = {
    "t/<str:code>/api/v1/oauth2/authorize": [
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FOUND,
    ],  # without a scope; back to a callback
    "t/<str:code>/api/v1/logout": [HTTPStatus.FOUND],
    "t/<str:code>/cas/logout": [HTTPStatus.FOUND],
    "t/<str:code>/cas/login": [HTTPStatus.FOUND],
    "t/<str:code>/two-step/on/": [HTTPStatus.FOUND],  # the member has it turned on
    "t/<str:code>/sign-in/second-step/": [HTTPStatus.FOUND],  # no sign-in is pending in this browser
    "t/<str:code>/sign-in/set-up/": [HTTPStatus.FOUND],
    "t/<str:code>/sign-in/password/": [HTTPStatus.FOUND],
    "t/<str:code>/sign-in/reset/<str:token>/": [HTTPStatus.NOT_FOUND],
    "t/<str:code>/password/address/<str:token>/": [HTTPStatus.NOT_FOUND],
    "t/<str:code>/manage/": [HTTPStatus.FOUND],
}
"""Responses to a signed-in user."""
MORE_AT_THE_AUTH_CENTRE = {
    "t/<str:code>/api/v1/oauth2/authorize": ("response_type=code&client_id=signed-in",),
    "t/<str:code>/cas/login": ("service=https://signed-in.many.example/cb",),
    "t/<str:code>/cas/p3/serviceValidate": ("service=https://signed-in.many.example/cb&ticket=x",),
    "t/<str:code>/api/v1/logout": ("redirect_url=https://signed-in.many.example/",),
    "unified-login/": ("appId=signed-in",),
}
