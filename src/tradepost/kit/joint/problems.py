"""Messages for people whose sign-in failed."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from tradepost.protocols.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """``status``: of HTTP. ``title`` and ``words``: what happened and what to do. ``again``: whether a new attempt may
    succeed."""

    status: HTTPStatus
    title: Text
    words: Text
    again: bool = True


NO_TENANT = Problem(
    status=HTTPStatus.BAD_REQUEST,
    title=Text(en="Which enterprise are you from?", zh="无法确定您所属的企业"),
    words=Text(
        en="This address does not say it. Open the application from your enterprise's workbench.",
        zh="当前链接中没有企业信息，请从企业工作台打开本应用。",
    ),
    again=False,
)
NOT_BOUND = Problem(
    status=HTTPStatus.NOT_FOUND,
    title=Text(en="Your enterprise does not use this application", zh="您的企业尚未开通本应用"),
    words=Text(
        en="It was not bound to your enterprise, or no longer is. If your administrator has just bound it, try again in a few minutes.",
        zh="本应用未与您的企业绑定，或已解除绑定。如果管理员刚刚完成绑定，请稍等几分钟再试。",
    ),
)
INCOMPLETE = Problem(
    status=HTTPStatus.BAD_REQUEST,
    title=Text(en="The sign-in is incomplete", zh="登录信息不完整"),
    words=Text(
        en="Your enterprise's sign-in page sent you back without what is needed. Begin again.",
        zh="企业登录页面返回的信息不完整，请重新登录。",
    ),
)
NOT_BEGUN_HERE = Problem(
    status=HTTPStatus.BAD_REQUEST,
    title=Text(en="This sign-in was not begun here", zh="登录请求已失效"),
    words=Text(
        en="It was begun in another browser, more than ten minutes ago, or was used already. Nobody was signed in. Begin again.",
        zh="该登录请求来自其他浏览器、已超过十分钟或已被使用，本次未登录。请重新登录。",
    ),
)
OTHER_TENANT = Problem(
    status=HTTPStatus.BAD_REQUEST,
    title=Text(en="The answer came from another enterprise", zh="登录企业不一致"),
    words=Text(
        en="You began to sign in at one enterprise and the answer names another. Nobody was signed in. Begin again.",
        zh="您发起登录的企业与返回的企业不一致，本次未登录。请重新登录。",
    ),
)
DECLINED = Problem(
    status=HTTPStatus.FORBIDDEN,
    title=Text(en="The sign-in was declined", zh="登录未被允许"),
    words=Text(
        en="Your enterprise's sign-in page did not let you in. Ask your administrator whether you may use this application.",
        zh="企业登录页面拒绝了本次登录，请联系管理员确认您是否有权使用本应用。",
    ),
)
SIGN_IN_EXPIRED = Problem(
    status=HTTPStatus.BAD_REQUEST,
    title=Text(en="This sign-in is over", zh="登录凭证已失效"),
    words=Text(
        en="What proves it holds for a short time and once only. Begin again.",
        zh="登录凭证只在短时间内有效且只能使用一次，请重新登录。",
    ),
)
AUTH_CENTRE_UNREACHABLE = Problem(
    status=HTTPStatus.BAD_GATEWAY,
    title=Text(en="Your enterprise's sign-in does not answer", zh="企业登录服务暂时无响应"),
    words=Text(en="Nobody was signed in. Try again in a few minutes.", zh="本次未登录，请几分钟后再试。"),
)
MISCONFIGURED = Problem(
    status=HTTPStatus.BAD_GATEWAY,
    title=Text(en="This application cannot sign you in", zh="本应用暂时无法完成登录"),
    words=Text(
        en="Your enterprise's sign-in does not accept the application. Its provider's log says why; please tell the provider.",
        zh="企业登录服务不接受本应用的凭证，原因已记录在服务商的日志中，请联系服务商。",
    ),
)
NOT_AUTHORISED = Problem(
    status=HTTPStatus.FORBIDDEN,
    title=Text(en="You may not use this application", zh="您没有使用本应用的权限"),
    words=Text(
        en="Your administrator has not authorised you, or has withdrawn it. If it happened just now, try again in a few minutes.",
        zh="管理员尚未为您授权，或已取消授权。如果刚刚授权，请稍等几分钟再试。",
    ),
)
