"""Demo products for offices: documents, meetings, contracts, customers, mail, books, payroll."""

from __future__ import annotations

from .people import QINGXIE
from .shapes import DemoProduct, Edition, Quantity, Said

EDITION = Said("版本", "Edition")
USERS = Said("用户数", "Users")
TEAM, COMPANY = Said("团队版", "Team"), Said("企业版", "Company")

DOCUMENTS = DemoProduct(
    seller=QINGXIE,
    category="office",
    slug="yunjian-docs",
    name=Said("云笺协作文档", "Cloudleaf Docs"),
    summary=Said(
        "多人同时写一份文档，版本清楚，权限到段落。",
        "Write one document together, with clear versions and permissions down to the paragraph.",
    ),
    lead=Said(
        "云笺把文档、表格和知识库放在同一个工作空间里。多人同时编辑互不覆盖，每一次修改都能找回。",
        "Cloudleaf keeps documents, sheets and a knowledge base in one workspace. People edit at the same time without "
        "overwriting each other, and every change can be brought back.",
    ),
    features=(
        Said("实时协作：光标、评论和建议模式同屏可见", "Live editing with cursors, comments and a suggestion mode"),
        Said("细到段落的查看与编辑权限，外部访客链接可设有效期", "Permissions per paragraph; guest links that expire"),
        Said("90 天历史版本，一键对比与还原", "Ninety days of versions, compared and restored in one click"),
        Said("导入导出 Word、Excel 与 Markdown，格式不走样", "Imports and exports Word, Excel and Markdown faithfully"),
    ),
    suits=Said(
        "5 人以上、经常一起写方案、合同和会议纪要的团队。",
        "Teams of five or more that write proposals, contracts and minutes together.",
    ),
    start=(
        Said(
            "打开登录地址，用下发的管理员账号登录。",
            "Open the sign-in address with the administrator account you received.",
        ),
        Said(
            "在「成员」里用邮箱邀请同事，人数以购买的用户数为限。",
            "Invite colleagues by e-mail under Members, up to the number of users bought.",
        ),
        Said("从模板中心选一份模板，写下第一篇文档。", "Pick a template and write the first document."),
    ),
    attribute=EDITION,
    editions=(
        Edition(code="team", name=TEAM, month="18.00", year="180.00", quantity=Quantity(USERS, 5, 200, 5)),
        Edition(code="company", name=COMPANY, month="36.00", year="360.00", quantity=Quantity(USERS, 20, 2000, 20)),
    ),
)

MEETINGS = DemoProduct(
    seller=QINGXIE,
    category="office",
    slug="huiqi-meetings",
    name=Said("会期视频会议", "Huiqi Meetings"),
    summary=Said(
        "高清视频会议，自动生成会议纪要与待办。", "Clear video meetings that write their own minutes and to-dos."
    ),
    lead=Said(
        "会期在普通宽带上也能稳定开会。会议结束后几分钟内，纪要、待办和录像就在日历里。",
        "Huiqi stays steady on ordinary broadband. Minutes, to-dos and the recording are in the calendar a few minutes "
        "after the meeting.",
    ),
    features=(
        Said(
            "1080p 视频与屏幕共享，弱网自动降码率不断线",
            "1080p video and screen sharing that adapts instead of dropping",
        ),
        Said("中英文实时字幕与会后纪要", "Live captions and minutes in Chinese and English"),
        Said("会议室硬件与日历一键入会", "One-touch joining from room systems and calendars"),
    ),
    suits=Said("多地办公、每周固定开会的团队。", "Teams in several places that meet every week."),
    start=(
        Said(
            "用管理员账号登录，设置企业名称与会议水印。",
            "Sign in as administrator and set the company's name and watermark.",
        ),
        Said("连接日历，把会议链接自动写进日程。", "Connect the calendar so that meeting links fill in themselves."),
    ),
    attribute=Said("同时参会人数", "Participants"),
    editions=(
        Edition(code="p100", name=Said("100 方", "100 participants"), month="99.00", year="990.00"),
        Edition(code="p300", name=Said("300 方", "300 participants"), month="259.00", year="2590.00"),
    ),
)

SIGNING = DemoProduct(
    seller=QINGXIE,
    category="office",
    slug="qianhu-esign",
    name=Said("签乎电子合同", "Qianhu e-Sign"),
    summary=Said(
        "合同在线签署与存证，按份计费，一次购买长期可用。",
        "Sign contracts online with evidence kept; bought by the package, used when needed.",
    ),
    lead=Said(
        "从起草、审批到签署、归档，一份合同全程在线。每次签署都留有可核验的存证报告。",
        "From drafting and approval to signing and filing, a contract stays online. Every signature leaves a report of "
        "evidence that can be verified.",
    ),
    features=(
        Said("个人、企业两级实名核验", "Identity checks for people and companies"),
        Said("合同模板与批量发起，Excel 一次导入", "Templates and bulk sending from one Excel sheet"),
        Said("骑缝章、手写签名与时间戳", "Paging seals, handwritten signatures and time stamps"),
    ),
    suits=Said("人事、采购、销售等需要频繁签约的部门。", "HR, purchasing and sales departments that sign often."),
    start=(
        Said("登录后完成企业实名核验，约需 10 分钟。", "Sign in and verify your company; it takes about ten minutes."),
        Said(
            "上传合同或选择模板，填写对方手机号即可发起。",
            "Upload a contract or choose a template, enter the other side's phone number and send.",
        ),
    ),
    attribute=Said("套餐", "Package"),
    editions=(
        Edition(code="c200", name=Said("200 份", "200 contracts"), once="680.00"),
        Edition(code="c1000", name=Said("1,000 份", "1,000 contracts"), once="2880.00"),
    ),
    asks_mobile=True,
)

CRM = DemoProduct(
    seller=QINGXIE,
    category="sales-service",
    slug="kelai-crm",
    name=Said("客来客户管理 CRM", "Kelai CRM"),
    summary=Said(
        "线索、商机、回款一条线，销售离职客户不丢。",
        "Leads, deals and payments on one line; customers stay when a salesperson leaves.",
    ),
    lead=Said(
        "客来把每个客户的来往记录放在一处：谁在跟进、谈到哪一步、何时该回款，打开就知道。",
        "Kelai keeps each customer's history in one place: who follows up, how far the deal is, when payment is due.",
    ),
    features=(
        Said("线索自动查重与分配规则", "Leads deduplicated and assigned by rule"),
        Said("商机漏斗与回款计划，逾期自动提醒", "Pipeline and payment plan with reminders when overdue"),
        Said("企业微信、邮件、电话往来自动归档", "Chats, mails and calls filed automatically"),
        Said("手机端拍名片建客户", "Customers from a photographed business card"),
    ),
    suits=Said("5 到 500 人的销售团队。", "Sales teams of five to five hundred."),
    start=(
        Said(
            "用管理员账号登录，导入现有客户 Excel。", "Sign in as administrator and import your customers from Excel."
        ),
        Said("设置销售阶段与团队，邀请销售同事。", "Set stages and teams, then invite the salespeople."),
    ),
    attribute=EDITION,
    editions=(
        Edition(
            code="standard",
            name=Said("标准版", "Standard"),
            month="49.00",
            year="490.00",
            quantity=Quantity(USERS, 3, 300),
        ),
        Edition(
            code="pro",
            name=Said("专业版", "Professional"),
            month="89.00",
            year="890.00",
            quantity=Quantity(USERS, 3, 500),
        ),
    ),
    asks_mobile=True,
    asks_email=True,
)

POST = DemoProduct(
    seller=QINGXIE,
    category="office",
    slug="qingxie-mail",
    name=Said("青榭企业邮局", "Qingxie Business Mail"),
    summary=Said(
        "自有域名的企业邮箱，反垃圾与归档一起给到。",
        "Business mail on your own domain, with spam filtering and archiving included.",
    ),
    lead=Said(
        "绑定自有域名，几分钟开通全员邮箱。收发全程加密，离职员工的邮件可一键交接。",
        "Connect your domain and open mailboxes for everybody within minutes. Mail travels encrypted, and a leaver's "
        "mailbox is handed over in one step.",
    ),
    features=(
        Said("自动配置 SPF、DKIM、DMARC 的指引", "Guided SPF, DKIM and DMARC"),
        Said("垃圾与钓鱼邮件双层拦截", "Two layers against spam and phishing"),
        Said("五年邮件归档，按关键字检索导出", "Five years of archive, searched and exported by keyword"),
    ),
    suits=Said(
        "需要正式对外邮箱与合规归档的公司。", "Companies that need mail of their own and an archive for compliance."
    ),
    start=(
        Said("按开通页给出的记录修改域名解析。", "Set the DNS records shown on the opening page."),
        Said("登录管理后台，批量导入员工邮箱。", "Sign in and import the staff's mailboxes."),
    ),
    attribute=Said("容量", "Storage"),
    editions=(
        Edition(
            code="gb10",
            name=Said("每人 10 GB", "10 GB each"),
            month="12.00",
            year="120.00",
            quantity=Quantity(USERS, 5, 1000, 5),
        ),
        Edition(
            code="gb50", name=Said("每人 50 GB", "50 GB each"), year="240.00", quantity=Quantity(USERS, 5, 1000, 5)
        ),
    ),
    extend_params=({"name": "emailDomainName", "label": "邮箱域名", "label_en": "Mail domain", "required": True},),
    asks_email=True,
)

LEDGER = DemoProduct(
    seller=QINGXIE,
    category="finance-people",
    slug="zhangfang-accounting",
    name=Said("账房云财务", "Ledgerhouse Accounting"),
    summary=Said(
        "小微企业会计准则内置，发票识别自动生成凭证。",
        "Books for small companies: scan an invoice and the voucher writes itself.",
    ),
    lead=Said(
        "拍照或导入发票即可生成凭证，月底一键结账，报表随时可看。",
        "Photograph or import invoices to make vouchers, close the month in one click, and read the reports at any time.",
    ),
    features=(
        Said("发票 OCR 与银行流水自动对账", "Invoice recognition and bank reconciliation"),
        Said("增值税、所得税申报表自动取数", "Tax returns filled from the books"),
        Said("代账公司多账套切换", "Many sets of books for accounting firms"),
    ),
    suits=Said("小微企业与代理记账公司。", "Small companies and the firms that keep their books."),
    start=(
        Said("登录后选择会计准则与启用期间。", "Sign in, choose the accounting standard and the first period."),
        Said("录入或导入期初余额，检查试算平衡。", "Enter or import opening balances and check that they agree."),
    ),
    attribute=Said("账套数", "Sets of books"),
    editions=(
        Edition(code="b1", name=Said("1 个账套", "1 set"), month="58.00", year="498.00"),
        Edition(code="b10", name=Said("10 个账套", "10 sets"), month="298.00", year="2680.00"),
    ),
)

PRODUCTS = (DOCUMENTS, MEETINGS, SIGNING, CRM, POST, LEDGER)
