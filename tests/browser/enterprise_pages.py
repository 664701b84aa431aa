"""Pages of an enterprise in every relevant state: a part of ``pages``."""

from __future__ import annotations

from tests.browser.view import View

E = "/enterprise/lantian"
SAVE = "main form button[type=submit]"

OF_ENTERPRISES: dict[str, dict[str, View]] = {
    "": {
        "enterprise-invited": View("/enterprise/join/{enterprise token}/"),
        "enterprise-invitation-ended": View("/enterprise/join/nobodys/", status=404),
    },
    "newcomer": {"no-enterprise": View("/enterprise/"), "enterprise-new": View("/enterprise/new/", press=SAVE)},
    "buyer": {
        "enterprises": View("/enterprise/"),
        "enterprise": View(f"{E}/"),
        "enterprise-settings": View(f"{E}/settings/", (("[name=typed]", "another"),), 'form[action$="/dissolve/"] button'),
        "enterprise-directory": View(f"{E}/settings/directory/", press=SAVE),
        "enterprise-members": View(f"{E}/members/"),
        "enterprise-members-no-password": View(f"{E}/members/?show=passwords"),
        "enterprise-members-nobody": View(f"{E}/members/?q=nobody"),
        "enterprise-member": View(f"{E}/members/{{enterprise member}}/"),
        "enterprise-member-password": View(f"{E}/members/{{enterprise member}}/", press='[data-dialog="sf-password"]'),
        "enterprise-member-disabled": View(f"{E}/members/{{disabled member}}/", press='[data-dialog="sf-remove"]'),
        "enterprise-member-removed": View(f"{E}/members/{{removed member}}/"),
        "enterprise-member-new": View(f"{E}/members/new/", press=SAVE),
        "enterprise-invite": View(f"{E}/members/invite/"),
        "enterprise-departments": View(f"{E}/departments/"),
        "enterprise-department": View(f"{E}/departments/{{research}}/", press='[data-dialog="sf-remove"]'),
        "enterprise-department-new": View(f"{E}/departments/new/"),
        "enterprise-groups": View(f"{E}/groups/"),
        "enterprise-group": View(f"{E}/groups/{{enterprise group}}/", press='form[action$="/add/"] .btn-primary'),
        "enterprise-imports": View(f"{E}/import/"),
        "enterprise-imported": View(f"{E}/import/{{imported}}/"),
        "enterprise-import-wrong": View(f"{E}/import/{{import wrong}}/"),
        "enterprise-history": View(f"{E}/history/"),
        "enterprise-move": View(f"{E}/members/move/?people={{enterprise member}}", press=SAVE),
        "enterprise-move-everyone": View(f"{E}/departments/{{research}}/move/"),
        "enterprise-sign-ins": View(f"{E}/sign-ins/"),
        "enterprise-sign-ins-nobody": View(f"{E}/sign-ins/?q=nobody"),
    },
}  # fmt: skip
