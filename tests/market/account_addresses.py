"""Addresses of accounts, most of which are allauth's, and of the auth centre: a part of ``every_address``."""

from __future__ import annotations

from tests.market.auth_centre_addresses import OF_AUTH_CENTRE
from tests.market.who_may import ANYBODY, BUYER, NOBODY, PERSONS, Address, pages

WRONG_KEY = "MQ:1abcde:not-a-signature"
ACCOUNT = {
    "account/login/": Address(get=ANYBODY, post=ANYBODY, data={"login": "{email}", "password": "wrong"}),
    "account/login/code/": Address(get=ANYBODY, post=ANYBODY, data={"code": "123456"}),
    "account/privacy/": Address(get=ANYBODY, post=ANYBODY, data={"privacy": "on"}),
    "account/security/": pages(PERSONS),
    "account/security/two-step/": Address(get=PERSONS, post=PERSONS, data={"code": "123456", "password": "wrong"}),
    "account/security/two-step/off/": Address(get=PERSONS, post=PERSONS, data={"code": "123456", "password": "wrong"}),
    "account/security/codes/": Address(get=PERSONS, post=PERSONS, data={"code": "123456", "password": "wrong"}),
    "account/security/log-ins/others/end/": Address(post=PERSONS),
    "account/security/log-ins/<int:pk>/end/": Address({"pk": "1"}),
    "account/this-browser/<str:token>/": Address({"token": WRONG_KEY}),  # web/test_guesses.py opens it with a valid one
    "invitation/<str:token>/": Address({"token": "{market_token}"}, get=ANYBODY),
    "account/logout/": Address(get=ANYBODY, post=ANYBODY),
    "account/inactive/": pages(ANYBODY),
    "account/signup/": Address(
        get=ANYBODY, post=ANYBODY, data={"email": "{email}", "password1": "a fresh password 7", "privacy": "on"}
    ),
    "account/reauthenticate/": Address(get=PERSONS, post=PERSONS, data={"password": "wrong"}),
    "account/email/": Address(get=PERSONS, post=PERSONS, data={"action_remove": "", "email": "{email}"}),
    "account/confirm-email/": pages(ANYBODY),
    "account/password/change/": Address(get=PERSONS, post=PERSONS, data={"oldpassword": "wrong", "password1": "x"}),
    "account/password/set/": Address(get=PERSONS, post=PERSONS, data={"password1": "a fresh password 7"}),
    "account/password/reset/": Address(get=ANYBODY, post=ANYBODY, data={"email": "nobody@nowhere.example"}),
    "account/login/code/confirm/": Address(get=ANYBODY, post=ANYBODY, data={"code": "123456"}),
    "account/^confirm-email/(?P<key>[-:\\w]+)/$": Address({"key": WRONG_KEY}, get=ANYBODY, post=NOBODY),
    "account/password/reset/key/done/": pages(ANYBODY),
    "account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": Address(
        {"uidb36": "1", "key": "set-password"}, get=ANYBODY, post=ANYBODY, data={"password1": "a fresh password 7"}
    ),
    "account/password/reset/done/": pages(ANYBODY),
    "profile/data/": Address(get=PERSONS, post=PERSONS, data={"password": "wrong"}),
    "profile/data/file/": pages(frozenset({BUYER})),
    "profile/data/delete/": Address(post=frozenset({BUYER})),
    "profile/erasure/": Address(get=PERSONS, post=PERSONS, data={"password": "wrong"}),
    "profile/erasure/withdraw/": Address(post=PERSONS),
    "account/oidc/ended/": pages(ANYBODY),
    "account/oidc/failed/": pages(ANYBODY),
    "account/oidc/sign-up/": pages(ANYBODY),
    "account/oidc/connected/": pages(ANYBODY),
    "account/oidc/<slug:provider_id>/login/": Address(
        {"provider_id": "no-such-provider"}
    ),  # web/test_providers.py tests it
    "account/oidc/<slug:provider_id>/login/callback/": Address({"provider_id": "no-such-provider"}),
    **OF_AUTH_CENTRE,
}
