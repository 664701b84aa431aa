"""URLs of an enterprise's auth centre, and of the main host for all auth centres."""

from __future__ import annotations

from django.urls import path

from . import (
    authorize_page,
    cas_pages,
    discovery,
    logout_page,
    manage_page,
    password_pages,
    pending,
    sign_in_page,
    token_api,
    two_step,
    unified_login,
    userinfo_api,
    workbench,
)

app_name = "auth_centre"
urlpatterns = [
    path("t/<str:code>/", workbench.workbench, name="workbench"),
    path("t/<str:code>/sign-ins/", workbench.sign_ins, name="sign_ins"),
    path("t/<str:code>/sign-ins/others/end/", workbench.end_others, name="sign_ins_end"),
    path("t/<str:code>/sign-ins/<int:pk>/end/", workbench.end_sign_in, name="sign_in_end"),
    path("t/<str:code>/access/", workbench.access, name="access"),
    path("t/<str:code>/access/<int:pk>/end/", workbench.end_access, name="access_end"),
    path("t/<str:code>/sign-in/", sign_in_page.sign_in_page, name="sign_in"),
    path("t/<str:code>/two-step/", two_step.state, name="two_step"),
    path("t/<str:code>/two-step/on/", two_step.turn_on, name="two_step_on"),
    path("t/<str:code>/two-step/off/", two_step.turn_off, name="two_step_off"),
    path("t/<str:code>/two-step/codes/", two_step.new_codes, name="two_step_codes"),
    path("t/<str:code>/sign-in/second-step/", pending.second_step, name="second_step_of_member"),
    path("t/<str:code>/sign-in/set-up/", pending.set_up, name="second_step_set_up"),
    path("t/<str:code>/sign-in/password/", password_pages.first_password, name="first_password"),
    path("t/<str:code>/sign-in/forgot/", password_pages.forgot, name="forgot_password"),
    path("t/<str:code>/sign-in/reset/<str:token>/", password_pages.reset, name="reset_password"),
    path("t/<str:code>/password/", password_pages.password, name="member_password"),
    path("t/<str:code>/password/address/", password_pages.address, name="member_address"),
    path("t/<str:code>/password/address/remove/", password_pages.remove_address, name="member_address_remove"),
    path("t/<str:code>/password/address/<str:token>/", password_pages.confirm_address, name="member_address_confirm"),
    path("t/<str:code>/manage/", manage_page.manage, name="manage"),
    path("t/<str:code>/sign-in/account/", sign_in_page.with_account, name="sign_in_account"),
    path("t/<str:code>/sign-out/", sign_in_page.sign_out, name="sign_out"),
    path("t/<str:code>/api/v1/oauth2/authorize", authorize_page.authorize, name="authorize"),
    path("t/<str:code>/api/v1/oauth2/token", token_api.token, name="token"),
    path("t/<str:code>/api/v1/oauth2/userinfo", userinfo_api.userinfo, name="userinfo"),
    path("t/<str:code>/api/v1/logout", logout_page.logout, name="logout"),
    path("t/<str:code>/api/v1/cas/p3/serviceValidate", cas_pages.validate_kit, name="cas_kit"),
    path("t/<str:code>/cas/login", cas_pages.login, name="cas_login"),
    path("t/<str:code>/cas/logout", logout_page.logout, name="cas_logout"),
    path("t/<str:code>/cas/serviceValidate", cas_pages.validate_2, name="cas_2"),
    path("t/<str:code>/cas/p3/serviceValidate", cas_pages.validate_3, name="cas_3"),
    path("t/<str:code>/.well-known/openid-configuration", discovery.configuration, name="configuration"),
    path("t/<str:code>/.well-known/jwks.json", discovery.jwks, name="jwks"),
    path("unified-login/", unified_login.unified_login, name="unified_login"),
    path("orgid/openapi/v1/oauth2/token", token_api.orgid_token, name="orgid_token"),
    path("orgid/openapi/v1/oauth2/userinfo", userinfo_api.orgid_userinfo, name="orgid_userinfo"),
    path("orgid/openapi/v1/cas/p3/serviceValidate", cas_pages.validate_orgid, name="orgid_cas"),
]
