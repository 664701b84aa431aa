"""Texts of allauth's pages, marked here so that the market's catalogue can translate them into Chinese.

allauth's own Chinese uses several terms for one concept: Email, 电子邮件 and 邮箱; 帐号 and 账户. The market's catalogue wins
because this application comes before allauth in the settings. (The single word "Email" is in the project-wide
catalogue, which comes first.) If allauth changes a text, its own translation is shown.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

FORMS = (
    _("Email"),
    _("Email address"),
    _("Email (optional)"),
    _("You cannot remove your primary email address."),
    _("This email address is already associated with this account."),
    _("The email address and/or password you specified are not correct."),
    _("A user is already registered with this email address."),
    _("You cannot add more than %d email addresses."),
    _("The email address is not assigned to any user account."),
    _("Your primary email address must be verified."),
)
PAGES = (
    _("Email Addresses"),
    _("The following email addresses are associated with your account:"),
    _("Primary"),
    _("Make Primary"),
    _("Re-send Verification"),
    _("Add Email Address"),
    _("Add Email"),
    _("Do you really want to remove the selected email address?"),
    _("Email Verification"),
    _("Please reauthenticate to safeguard your account."),
    _("Confirm Email Address"),
    _('Please confirm that <a href="mailto:%(email)s">%(email)s</a> is an email address for user %(user_display)s.'),
    _("Unable to confirm %(email)s because it is already confirmed by a different account."),
    _(
        'This email confirmation link expired or is invalid. Please <a href="%(email_url)s">issue a new email '
        "confirmation request</a>."
    ),
    _("Forgotten your password? Enter your email address below, and we'll send you an email allowing you to reset it."),
    _(
        "We have sent you an email. If you have not received it please check your spam folder. Otherwise contact us if "
        "you do not receive it in a few minutes."
    ),
    _(
        "You currently do not have any email address set up. You should really add an email address so you can receive "
        "notifications, reset your password, etc."
    ),
    _("Verify Your Email Address"),
)
MESSAGES = (
    _("You cannot remove your primary email address (%(email)s)."),
    _("Confirmation email sent to %(email)s."),
    _("You have confirmed %(email)s."),
    _("Removed email address %(email)s."),
    _("Primary email address set."),
)
PASSWORDS = (  # Django's texts, whose Chinese uses 你 where the market uses 您; also in the project-wide catalogue
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
        "min_length",
    ),
    _("Your password can’t be too similar to your other personal information."),
    _("Your password can’t be a commonly used password."),
    _("Your password can’t be entirely numeric."),
)
