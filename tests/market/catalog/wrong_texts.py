"""Invalid texts that a program can detect, each with the code of its finding."""

from __future__ import annotations

CONTACT, BRAND, NOTHING, CLAIM, PRICE, AROUND = (
    "text.contact", "text.brand", "text.says_nothing", "text.superlative", "text.ask_for_price", "text.private_purchase",
)  # fmt: skip
NAMES = (
    (CONTACT, "云表单 13800138000"), (CONTACT, "云表单 138-0013-8000"), (CONTACT, "云表单１３８００１３８０００"), (CONTACT, "云表单 +86 13800138000"),
    (CONTACT, "云表单 010-62345678"), (CONTACT, "云表单 400-820-8820"), (CONTACT, "Forms +49 89 1234 5678"), (CONTACT, "云表单 sales@forms.cn"),
    (CONTACT, "云表单 www.forms.cn"), (CONTACT, "云表单 https://forms.cn"), (CONTACT, "云表单 QQ 123456789"), (CONTACT, "云表单 qq群：88886666"),
    (CONTACT, "云表单 微信：forms_2024"), (CONTACT, "云表单 加微信 forms2024"), (CONTACT, "云表单 VX:forms2024"), (CONTACT, "Forms, WeChat: forms2024"),
    (CONTACT, "云表单 电话：6234 5678"), (CONTACT, "Forms Tel. 6234 5678"), (CONTACT, "云表单 官网：forms.cn"),
    (CONTACT, "云\u200b表单 138\u200b0013\u200b8000"),
    (BRAND, "华为云表单"), (BRAND, "Huawei Forms"), (BRAND, "【华为】云表单"), (BRAND, "HUAWEI CLOUD Forms"), (BRAND, "官方华为云主机"), (BRAND, "ＨＵＡＷＥＩ 表单"),
    (CLAIM, "最好用的云表单"), (CLAIM, "最 强 云 表 单"), (CLAIM, "国家级表单引擎"), (CLAIM, "第一品牌云表单"), (CLAIM, "中国第一云表单软件"), (CLAIM, "顶级表单服务"),
    (CLAIM, "Best Forms"), (CLAIM, "No. 1 Forms Platform"), (CLAIM, "№1 Forms Platform"), (CLAIM, "#1 Forms Tool"), (CLAIM, "ＢＥＳＴ Forms"),
    (CLAIM, "World's Leading Forms Platform"), (CLAIM, "Forms, the No. 1 Survey of China"), (CLAIM, "最強雲表單"), (CLAIM, "王牌表单"),
)  # fmt: skip
SPEC_NAMES = (
    *((NOTHING, name) for name in (
        "规格1", "规格一", "规格 2", "规格", "规格Ａ", "商品规格1", "spec 1", "Spec 2", "Specification 3", "SKU1", "年", "月", "包年", "按月", "一年", "12个月",
        "1年", "套", "次", "1次", "按次", "year", "Month", "monthly", "Per year", "1 year", "set", "time", "times", "（年）",
    )),
    (CONTACT, "专业版 13800138000"), (BRAND, "华为云专业版"), ("text.too_long", "版" * 51),
)  # fmt: skip
SENTENCES = (
    (CLAIM, "我们是国内最大的表单平台。"), (CLAIM, "业界最先进的加密技术，保护数据。"), (CLAIM, "最好的表单软件，没有之一。"), (CLAIM, "最<b>好</b>的软件"),
    (CLAIM, "为您提供最优质的产品。"), (CLAIM, "最专业的 CRM 系统。"), (CLAIM, "销量第一的办公软件。"), (CLAIM, "市场占有率第一。"), (CLAIM, "连续三年全国销量第一。"),
    (CLAIM, "电子签章第一品牌。"), (CLAIM, "国家级品质，值得拥有。"), (CLAIM, "世界级的软件。"), (CLAIM, "顶尖技术团队倾力打造。"), (CLAIM, "国内唯一通过双重认证的表单工具。"),
    (CLAIM, "史无前例的智能引擎。"), (CLAIM, "全网最低价！"), (CLAIM, "政府指定品牌。"), (CLAIM, "最\u200b好\u200b的\u200b软\u200b件"), (CLAIM, "最 好 的 软 件"),
    (CLAIM, "We offer the best form builder software."), (CLAIM, "This is the best CRM."), (CLAIM, "The best project tool in the world."),
    (CLAIM, "The world's most advanced security platform."), (CLAIM, "Ranked No. 1 in China."), (CLAIM, "China's number one ERP."),
    (CLAIM, "The cheapest tool on the market."), (CLAIM, "Our support is second to none."), (CLAIM, "A best-in-class CRM."),
    (CLAIM, "Meet the No. 1 ledger of China."), (CLAIM, "It is the leading cash book in the world."), (CLAIM, "The best payroll in the country!"),
    (CLAIM, "We are the top bookkeeper in Asia."), (CLAIM, "The number one inbox of China, now with folders."), (CLAIM, "The best inbox in the world."),
    (PRICE, "价格面议。"), (PRICE, "具体价格请咨询客服。"), (PRICE, "请联系我们获取报价。"), (PRICE, "费用详询客服。"), (PRICE, "致电客服了解优惠价。"),
    (PRICE, "Contact us for pricing."), (PRICE, "Please contact our sales team to get a quote."), (PRICE, "Price on request."),
    (AROUND, "可绕过平台直接购买。"), (AROUND, "加我们微信私下交易更优惠。"), (AROUND, "官网下单更优惠。"), (AROUND, "淘宝店铺购买更便宜。"), (AROUND, "请打款至我司账户。"),
    (AROUND, "联系我们线下签约。"), (AROUND, "Order directly from us."), (AROUND, "Buy on our website."), (AROUND, "Pay to our bank account."),
    (AROUND, "Cheaper outside of this marketplace."),
)  # fmt: skip
GUIDES = (
    "请访问 https://other.cn/login 登录。", "<p>见 <a href='https://evil.cn/x'>帮助</a></p>", "打开 www.other.cn 下载。", "Visit https://market.cn.evil.com/.",
    "Visit https://evil.com/?x=market.cn", "Visit https://notmarket.cn/", "Visit https://market.cn@evil.com/", "Visit http://8.8.8.8/",
)  # fmt: skip
SCRIPTS = (
    "<script>alert(1)</script>", "<ScRiPt src=//evil.cn></sCrIpT>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\nscript:alert(1)'>x</a>", "<p onclick='x()'>a</p>", "<iframe src='https://evil.cn'></iframe>", "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>", "<object data='x'></object>", "<embed src='x'>", "<base href='//evil.cn'>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>", "<form action='javascript:alert(1)'>", "<math><mi//xlink:href='data:text/html,x'>",
    "<details ontoggle=alert(1) open>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
)  # fmt: skip
INERT = (
    "<p style='color:red'>红色</p>", "<b>粗体</b> 与 a < b && c > d", "<p class='MsoNormal'><span lang='EN-US'>Word</span></p>", "&lt;script&gt; 是一个标签",
    "<table><tr><td colspan='2'>x</td></tr></table>", "<a href='https://market.cn/'>市场</a>", "<img src='https://x.cn/a.png' alt='图'>",
    "javascript: 是一种协议", "onclick 事件用于点击", "<font color='red'>旧标签</font>", "<style>p{color:red}</style><p>x</p>", "price < 5, on = 6",
)  # fmt: skip
