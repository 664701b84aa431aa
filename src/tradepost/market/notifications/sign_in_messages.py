"""What notices say of how an account is signed in to: none can be switched off (business-rules §7.2)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Category
from .notice_parts import Words

_THE_SIGN_IN = About(category=Category.SECURITY, mandatory=True)

OF_SIGN_INS: Mapping[str, Words] = {
    "second_step_on": Words(
        _("Two-step sign-in is on"),
        _("From now on your account asks for a code of your authenticator app after the password. All other browsers were signed "
          "out. If this was not you, set a new password by e-mail and write to the operator at once."),
        _("See how you sign in"), "good", "shield-check", _THE_SIGN_IN,
    ),
    "second_step_off": Words(
        _("Two-step sign-in is off"),
        _("Your password alone opens your account now. All other browsers were signed out. If this was not you, set a new password "
          "by e-mail and write to the operator at once."),
        _("See how you sign in"), "warning", "alert-triangle", _THE_SIGN_IN,
    ),
    "second_step_reset": Words(
        _("Two-step sign-in was turned off for you"),
        _("An operator, or an administrator of your enterprise, did it, as is done for somebody who lost the telephone. All browsers "
          "were signed out. Turn it on anew. If you did not ask for this, set a new password and write to the operator at once."),
        _("See how you sign in"), "warning", "alert-triangle", _THE_SIGN_IN,
    ),
    "second_step_guessed": Words(
        _("Wrong codes were entered for your account"),
        _("Someone entered your password and then several wrong codes. Nobody got in with them. If it was not you, set a new password "
          "now. If you cannot sign in, open this link in your browser."),
        _("Sign in from this browser"), "danger", "alert-triangle", _THE_SIGN_IN,
    ),
    "password_guessed": Words(
        _("Someone is guessing your password"),
        _("Wrong passwords for your account came from several networks. Nobody got in with them. Sign-ins from new browsers are limited "
          "for now. If you cannot sign in, open this link in your browser."),
        _("Sign in from this browser"), "danger", "alert-triangle", _THE_SIGN_IN,
    ),
    "second_step_codes": Words(
        _("Your account has new recovery codes"),
        _("The earlier ones open nothing any more. If this was not you, set a new password by e-mail and write to the operator at "
          "once."),
        _("See how you sign in"), "info", "key", _THE_SIGN_IN,
    ),
    "buyer_key_created": Words(
        _("Access key “%(key)s” was created"),
        _("Programs that have the key can use the market with your account. If you did not create it, delete the key and change your "
          "password now."),
        _("View access keys"), "info", "key", _THE_SIGN_IN,
    ),
    "buyer_key_disabled": Words(
        _("Access key “%(key)s” was disabled"),
        _("Calls signed with the key are refused until you enable it. If you did not disable it, change your password now."),
        _("View access keys"), "info", "key", _THE_SIGN_IN,
    ),
    "buyer_key_enabled": Words(
        _("Access key “%(key)s” was enabled"),
        _("Programs that have the key can use the market with your account again. If you did not enable it, delete the key and change "
          "your password now."),
        _("View access keys"), "info", "key", _THE_SIGN_IN,
    ),
    "buyer_key_deleted": Words(
        _("Access key “%(key)s” was deleted"),
        _("Calls signed with the key are refused. If you did not delete it, change your password now."),
        _("View access keys"), "info", "key", _THE_SIGN_IN,
    ),
    "buyer_key_expires": Words(
        _("Access key “%(key)s” expires in a week"),
        _("After that, calls signed with the key are refused. Create a new key and switch your program to it."),
        _("View access keys"), "warning", "key", _THE_SIGN_IN,
    ),
}  # fmt: skip
