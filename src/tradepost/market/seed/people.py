"""Who is in the demo: categories, sellers with their contacts, and the accounts to sign in with."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCategory:
    slug: str
    name: str
    name_en: str
    icon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSeller:
    slug: str
    name: str
    name_en: str
    phone: str
    about: str
    about_en: str

    @property
    def contact_email(self) -> str:
        return f"support@{self.slug}.example"

    @property
    def website(self) -> str:
        return f"https://www.{self.slug}.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An account of the demo. Its password is public, so it exists in sandboxes only."""

    role: str
    """``buyer``, ``seller`` or ``operator``."""
    email: str
    password: str = field(repr=False)
    name: str = ""
    company: str = ""
    phone: str = ""


BUYER = Login(
    role="buyer",
    email="buyer@lantian.example",
    password="buyer-sandbox",  # noqa: S106
    name="林晓舟",
    company="蓝田精密制造有限公司",
    phone="13900000000",
)
OWNER = Login(role="seller", email="owner@qingxie.example", password="seller-sandbox", name="沈清")  # noqa: S106
OPERATOR = Login(role="operator", email="operator@market.example", password="operator-sandbox", name="运营值班")  # noqa: S106
LOGINS = (BUYER, OWNER, OPERATOR)

CATEGORIES = (
    DemoCategory(slug="office", name="办公协同", name_en="Office & collaboration", icon="apps"),
    DemoCategory(slug="sales-service", name="营销与客服", name_en="Sales & service", icon="headset"),
    DemoCategory(slug="finance-people", name="财税与人事", name_en="Finance & people", icon="file-invoice"),
    DemoCategory(slug="industry", name="工业软件", name_en="Industrial software", icon="settings"),
    DemoCategory(slug="data-ai", name="数据与智能", name_en="Data & AI", icon="chart-bar"),
    DemoCategory(slug="development", name="开发与运维", name_en="Development & operations", icon="code"),
    DemoCategory(slug="security", name="安全与合规", name_en="Security & compliance", icon="shield-check"),
    DemoCategory(slug="retail", name="零售与餐饮", name_en="Retail & hospitality", icon="building-store"),
)

QINGXIE = DemoSeller(
    slug="qingxie",
    name="青榭软件有限公司",
    name_en="Qingxie Software",
    phone="400-555-0101",
    about="2014 年起专注中小企业办公与客户管理软件，杭州、成都两地服务团队，工作日 9:00–18:00 响应。",
    about_en="Office and customer software for small and mid-sized companies since 2014. Service teams in Hangzhou "
    "and Chengdu answer on working days from 9:00 to 18:00.",
)
WHETSTONE = DemoSeller(
    slug="lishi",
    name="砺石工业软件有限公司",
    name_en="Whetstone Industrial Software",
    phone="400-555-0102",
    about="面向离散制造与装备行业的工业软件厂商，产品覆盖制造执行、设备运维与三维协同。",
    about_en="Industrial software for discrete manufacturing and machine builders: execution on the shop floor, machine "
    "health and three-dimensional review.",
)
TANGLI = DemoSeller(
    slug="tangli",
    name="棠梨数据科技有限公司",
    name_en="Tangli Data",
    phone="400-555-0103",
    about="帮助企业把分散的经营数据变成看得懂、用得上的结论。",
    about_en="Turns a company's scattered business data into conclusions that people understand and use.",
)
HETING = DemoSeller(
    slug="heting",
    name="鹤汀信息安全有限公司",
    name_en="Heting Security",
    phone="400-555-0104",
    about="提供日志审计、漏洞评估与研发流水线安全服务，7×24 小时值守。",
    about_en="Log auditing, vulnerability assessment and secure pipelines, with people on watch around the clock.",
)
SELLERS = (QINGXIE, WHETSTONE, TANGLI, HETING)
