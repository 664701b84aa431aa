"""The words of the sample's pages, in English and Chinese, and which of the two a browser wants."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "lang": "en",
        "title": "Sample Workspace",
        "welcome": "This is a sample product. Open the address that the market shows for your purchase to sign in.",
        "workspace": "Your workspace",
        "hello": "You are signed in.",
        "sign_in_title": "Sign in",
        "sign_in": "Sign in",
        "sign_out": "Sign out",
        "user_name": "User name",
        "password": "Password",
        "wrong": "User name or password is wrong.",
        "frozen": "This workspace is frozen",
        "frozen_help": "Your data is kept. Renew the purchase in the market to use the workspace again.",
        "gone": "No such workspace",
        "gone_help": "It was released, or the address is incomplete.",
        "not_found": "Page not found",
        "not_found_help": "Check the address.",
        "plan": "Plan",
        "quantity": "Quantity",
        "status": "Status",
        "active": "Active",
        "expiry": "Expires",
        "no_expiry": "As agreed in the order",
        "unknown": "Not known here",
    },
    "zh": {
        "lang": "zh-Hans",
        "title": "示例工作台",
        "welcome": "这是一个示例商品。请打开商店中该订单的登录地址进行登录。",
        "workspace": "我的工作台",
        "hello": "您已登录。",
        "sign_in_title": "登录",
        "sign_in": "登录",
        "sign_out": "退出登录",
        "user_name": "用户名",
        "password": "密码",
        "wrong": "用户名或密码错误。",
        "frozen": "工作台已冻结",
        "frozen_help": "数据仍为您保留。在商店续费后即可继续使用。",
        "gone": "工作台不存在",
        "gone_help": "该工作台已释放，或地址不完整。",
        "not_found": "页面不存在",
        "not_found_help": "请检查地址是否正确。",
        "plan": "套餐",
        "quantity": "数量",
        "status": "状态",
        "active": "使用中",
        "expiry": "到期时间",
        "no_expiry": "以订单为准",
        "unknown": "暂无信息",
    },
}


def language_of(accept_language: str) -> str:
    """``zh`` or ``en``, whichever the header prefers; English when it asks for neither."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, weight = part.strip().lower().partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        language = tag.partition("-")[0]
        if language in WORDS and quality > 0:
            wanted.append((quality, language))
    return max(wanted, key=lambda pair: pair[0])[1] if wanted else "en"
