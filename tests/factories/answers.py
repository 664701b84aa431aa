"""Statuses of the pages of ``everything`` that do not answer with a page, and addresses that are skipped."""

from __future__ import annotations

from http import HTTPStatus

from tests.market.auth_centre_addresses import ELSEWHERE_AT_THE_AUTH_CENTRE

from . import server_facts

OTHER_STATUSES = {
    "enterprise/<slug:code>/enter/": [HTTPStatus.FOUND],  # redirects to the auth centre
    "favicon.ico": [HTTPStatus.FOUND],  # redirects to the market's icon
    "seller/enter/": [HTTPStatus.FOUND],  # redirects a person who acts for a seller to its seller center
    "complaints/new/": [HTTPStatus.FOUND, HTTPStatus.OK],  # redirects to the list if no item is named
    "account/security/two-step/": [HTTPStatus.FOUND],  # the buyer has already turned it on
    **ELSEWHERE_AT_THE_AUTH_CENTRE,
    **server_facts.OTHER_SERVER_STATUSES,
    "services/<int:pk>/manifests/<int:number>.json": [
        HTTPStatus.NOT_FOUND
    ],  # the largest buyer's service is not a container
    "demands/<int:pk>/": [HTTPStatus.FOUND],  # redirects to the page to follow the demand
    "enterprise/<slug:code>/pick/people/": [HTTPStatus.BAD_REQUEST],  # a field is required
    "enterprise/<slug:code>/pick/departments/": [HTTPStatus.BAD_REQUEST],
    "console/enterprises/<int:pk>/people/": [HTTPStatus.BAD_REQUEST],
    "seller/debug/": [HTTPStatus.FOUND],  # redirects to the first case
    "seller/debug/<int:pk>/": [HTTPStatus.FOUND],
    "seller/company/draft/<slug:kind>/": [HTTPStatus.FOUND],
}
SKIPPED = {
    "console/clock/": "moves the clock of a sandbox: it belongs to the process, not to the database",
    **dict.fromkeys(
        (
            f"account/{page}"
            for page in ("log", "inact", "signup", "reauth", "email", "confirm", "password", "privacy", "oidc", "^")
        ),
        "these pages know one person only; a session and a password are no matter of how many orders there are",
    ),
    "i18n/setlang/": "asks no database",
    "enterprise/<slug:code>/applications/<int:pk>/departments/": "writes a row for each person in the department",
    "enterprise/<slug:code>/applications/<int:pk>/groups/": "writes a row for each member of the group",
}
"""Addresses that are skipped, with the reason."""
