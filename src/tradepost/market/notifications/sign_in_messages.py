"""What notices say of how an account is signed in to: none can be switched off (business-rules §7.2)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Category, NoticePolicy
from .notice_parts import NoticeTemplate

_SIGN_IN = NoticePolicy(category=Category.SECURITY, mandatory=True)

SIGN_IN_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "second_step_on": NoticeTemplate(
        _("Two-step sign-in is on"),
        _(
            "Your account now requires a code from your authenticator app after the password. All other browsers "
            "were signed out. If this was not you, set a new password by e-mail and contact the operator immediately."),
        _("View sign-in settings"), "good", "shield-check", _SIGN_IN,
    ),
    "second_step_off": NoticeTemplate(
        _("Two-step sign-in is off"),
        _(
            "You can now sign in with your password alone. All other browsers were signed out. If this was not you, "
            "set a new password by e-mail and contact the operator immediately."),
        _("View sign-in settings"), "warning", "alert-triangle", _SIGN_IN,
    ),
    "second_step_reset": NoticeTemplate(
        _("Two-step sign-in was turned off for you"),
        _("An operator or an administrator of your enterprise did this, usually because a phone was lost. All browsers were signed out. Turn on two-step sign-in again. If you did not request this, set a new password and write to the operator immediately."),
        _("View sign-in settings"), "warning", "alert-triangle", _SIGN_IN,
    ),
    "second_step_guessed": NoticeTemplate(
        _("Wrong codes were entered for your account"),
        _("Someone entered your password and then several wrong codes. The sign-in did not succeed. If it was not you, set a new password now. If you cannot sign in, open this link in your browser."),
        _("Sign in from this browser"), "danger", "alert-triangle", _SIGN_IN,
    ),
    "password_guessed": NoticeTemplate(
        _("Someone is guessing your password"),
        _("Someone entered wrong passwords for your account from several networks. No sign-in succeeded. Sign-ins from new browsers are limited for now. If you cannot sign in, open this link in your browser."),
        _("Sign in from this browser"), "danger", "alert-triangle", _SIGN_IN,
    ),
    "second_step_codes": NoticeTemplate(
        _("Your account has new recovery codes"),
        _(
            "The earlier codes are no longer valid. If this was not you, set a new password by e-mail and contact "
            "the operator immediately."),
        _("View sign-in settings"), "info", "key", _SIGN_IN,
    ),
    "erasure": NoticeTemplate(
        _("Your account will be erased in seven days"),
        _("Your profile, messages and uploads will be deleted permanently. Until then you can keep the account. If you did not ask for "
          "this, keep the account and change your password now."),
        _("Keep the account"), "warning", "alert-triangle", _SIGN_IN,
    ),
    "erasure_withdrawn": NoticeTemplate(
        _("Your account will not be erased"),
        _("The request to erase your account was withdrawn. Nothing was deleted."),
        _("View the account"), "good", "shield-check", _SIGN_IN,
    ),
    "personal_data_ready": NoticeTemplate(
        _("Your data is ready to download"),
        _(
            "The file with the data that the market stores about you is ready. Only you can download it. If neither "
            "you nor someone on your behalf requested it, change your password now and contact Support."),
        _("Download your data"), "good", "download", _SIGN_IN,
    ),
    "buyer_key_created": NoticeTemplate(
        _("Access key “%(key)s” was created"),
        _("Programs that have the key can use the market with your account. If you did not create it, delete the key and change your "
          "password now."),
        _("View access keys"), "info", "key", _SIGN_IN,
    ),
    "buyer_key_disabled": NoticeTemplate(
        _("Access key “%(key)s” was disabled"),
        _("Calls signed with the key are refused until you enable it. If you did not disable it, change your password now."),
        _("View access keys"), "info", "key", _SIGN_IN,
    ),
    "buyer_key_enabled": NoticeTemplate(
        _("Access key “%(key)s” was enabled"),
        _("Programs that have the key can use the market with your account again. If you did not enable it, delete the key and change "
          "your password now."),
        _("View access keys"), "info", "key", _SIGN_IN,
    ),
    "buyer_key_deleted": NoticeTemplate(
        _("Access key “%(key)s” was deleted"),
        _("Calls signed with the key are refused. If you did not delete it, change your password now."),
        _("View access keys"), "info", "key", _SIGN_IN,
    ),
    "buyer_key_expires": NoticeTemplate(
        _("Access key “%(key)s” expires in a week"),
        _("After that, calls signed with the key are refused. Create a new key and switch your program to it."),
        _("View access keys"), "warning", "key", _SIGN_IN,
    ),
}  # fmt: skip
