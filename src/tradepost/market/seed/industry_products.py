"""Demo products for factories, data, developers, security and shops."""

from __future__ import annotations

from .office_products import EDITION, USERS
from .people import HETING, TANGLI, WHETSTONE
from .shapes import DemoProduct, Edition, Quantity, Said

STANDARD, GROUP = Said("标准版", "Standard"), Said("集团版", "Group")

MES = DemoProduct(
    seller=WHETSTONE,
    category="industry",
    slug="lishi-mes",
    name=Said(
        "砺石 MES 制造执行系统（离散制造行业版，含质量追溯与设备联网模块）",
        "Whetstone MES for Discrete Manufacturing",
    ),
    summary=Said(
        "排产、报工、质量、追溯一体，看板实时反映车间。",
        "Scheduling, reporting, quality and tracing in one; boards show the shop floor live.",
    ),
    lead=Said(
        "砺石 MES 连接计划与现场：工单下达到工位，扫码报工，质量数据随件流转，出了问题几分钟内追到批次。",
        "Whetstone MES connects planning with the floor: orders reach the station, work is reported by scan, quality data "
        "travels with the part, and a problem is traced to its batch within minutes.",
    ),
    features=(
        Said("有限产能排产，插单影响一目了然", "Finite scheduling that shows what a rush order moves"),
        Said("首检、巡检、末检与 SPC 控制图", "First, patrol and final inspection with control charts"),
        Said("正反向追溯到物料批次、人员与设备", "Tracing both ways to material, person and machine"),
        Said("支持 OPC UA、Modbus 设备接入", "Machines over OPC UA and Modbus"),
    ),
    suits=Said(
        "50 到 1,000 人的机加工、装配与电子制造工厂。",
        "Machining, assembly and electronics plants of 50 to 1,000 people.",
    ),
    start=(
        Said(
            "用管理员账号登录，导入物料、工艺路线与工作中心。",
            "Sign in and import materials, routings and work centres.",
        ),
        Said("打印工单二维码，在一条产线先试运行一周。", "Print order codes and run one line for a week first."),
        Said(
            "需要设备接入时联系服务团队获取采集网关配置。",
            "Ask the service team for the gateway's configuration to connect machines.",
        ),
    ),
    attribute=EDITION,
    editions=(
        Edition(code="line", name=Said("产线版", "Line"), month="1980.00", year="19800.00"),
        Edition(code="plant", name=Said("工厂版", "Plant"), year="68000.00"),
    ),
    asks_mobile=True,
)

REVIEW = DemoProduct(
    seller=WHETSTONE,
    category="industry",
    slug="lishi-review3d",
    name=Said("砺石三维协同评审", "Whetstone Review 3D"),
    summary=Said(
        "浏览器里打开大装配体，批注到面，评审留痕。",
        "Open large assemblies in a browser, annotate faces, keep every review.",
    ),
    lead=Said(
        "不装 CAD 也能看模型。设计、工艺、客户在同一个三维视图里提意见，修改前后一键对比。",
        "See the model without a CAD seat. Design, process and customers comment in one view and compare before and after.",
    ),
    features=(
        Said("支持 STEP、JT、IFC 等 20 余种格式", "More than twenty formats, STEP, JT and IFC among them"),
        Said("剖切、测量、爆炸图与干涉检查", "Sections, measures, exploded views and clash checks"),
        Said("评审意见闭环跟踪，自动生成报告", "Findings followed to their end, with a report"),
    ),
    suits=Said("装备、汽车零部件与工程设计团队。", "Machine builders, automotive suppliers and engineering offices."),
    start=(
        Said(
            "登录后新建项目，拖入模型文件等待轻量化完成。",
            "Sign in, make a project, drop a model in and wait for it to be lightened.",
        ),
        Said("邀请评审人，分享链接即可在浏览器打开。", "Invite reviewers; the link opens in a browser."),
    ),
    attribute=EDITION,
    editions=(
        Edition(
            code="standard",
            name=STANDARD,
            month="128.00",
            year="1280.00",
            quantity=Quantity(Said("席位数", "Seats"), 2, 200),
        ),
    ),
)

HEALTH = DemoProduct(
    seller=WHETSTONE,
    category="industry",
    slug="machine-health",
    name=Said("设备健康云", "Machine Health Cloud"),
    summary=Said(
        "振动与温度在线监测，停机之前先知道。",
        "Vibration and temperature watched online, so that you know before a stop.",
    ),
    lead=Said(
        "把传感器数据变成可执行的检修建议：哪台设备、哪个轴承、还能跑多久。",
        "Turns sensor data into advice: which machine, which bearing, and how long it will still run.",
    ),
    features=(
        Said("十余种旋转设备故障模型", "Fault models for a dozen kinds of rotating machines"),
        Said("按剩余寿命排序的检修清单", "A maintenance list sorted by remaining life"),
        Said("短信、邮件与群机器人告警", "Alerts by SMS, mail and chat"),
    ),
    suits=Said("水泵、风机、压缩机较多的工厂与园区。", "Plants and parks with many pumps, fans and compressors."),
    start=(
        Said("登录后扫描传感器上的二维码绑定设备。", "Sign in and scan a sensor's code to bind it to a machine."),
        Said("运行 72 小时建立基线，之后自动告警。", "Let it run 72 hours for a baseline; alerts begin afterwards."),
    ),
    attribute=Said("采样频率", "Sampling"),
    editions=(
        Edition(
            code="hourly",
            name=Said("每小时", "Hourly"),
            month="15.00",
            year="150.00",
            quantity=Quantity(Said("测点数", "Points"), 10, 5000, 10),
        ),
        Edition(
            code="minute",
            name=Said("每分钟", "Every minute"),
            month="29.00",
            year="290.00",
            quantity=Quantity(Said("测点数", "Points"), 10, 5000, 10),
        ),
    ),
)

BI = DemoProduct(
    seller=TANGLI,
    category="data-ai",
    slug="tangli-bi",
    name=Said("棠梨 BI 经营分析", "Tangli BI"),
    summary=Said(
        "拖拽出报表，指标口径统一，手机随时看。",
        "Reports by drag and drop, one definition per figure, readable on a phone.",
    ),
    lead=Said(
        "连接数据库、表格与业务系统，业务人员自己就能做出报表，指标口径由管理员统一维护。",
        "Connects databases, sheets and business systems. People build their own reports while figures are defined once.",
    ),
    features=(
        Said("30 余种数据源，增量同步", "More than thirty sources, synchronised by increments"),
        Said("指标字典：同一个数，全公司一个口径", "A dictionary of figures: one number, one meaning"),
        Said("行级、列级数据权限", "Permissions per row and column"),
    ),
    suits=Said(
        "有多个业务系统、报表靠手工汇总的公司。",
        "Companies with several systems whose reports are put together by hand.",
    ),
    start=(
        Said("登录后在「数据源」添加连接并测试。", "Sign in, add a source and test it."),
        Said("打开示例看板，替换成自己的数据。", "Open the sample board and put your own data in."),
    ),
    attribute=EDITION,
    editions=(
        Edition(code="standard", name=STANDARD, month="69.00", year="690.00", quantity=Quantity(USERS, 5, 500, 5)),
        Edition(code="group", name=GROUP, year="1180.00", quantity=Quantity(USERS, 50, 5000, 50)),
    ),
)

ASK = DemoProduct(
    seller=TANGLI,
    category="data-ai",
    slug="wenshu-assistant",
    name=Said("问数智能助理", "Ask-the-Data Assistant"),
    summary=Said(
        "用一句话问经营数据，答案附上算法与来源。",
        "Ask about the business in a sentence; answers show how they were computed and from what.",
    ),
    lead=Said(
        "「上个月华东区退货率为什么升高？」问数会列出拆解步骤、所用数据表和结论，可以继续追问。",
        "“Why did returns rise in the east last month?” The assistant lists its steps, the tables it used and the "
        "conclusion, and takes follow-up questions.",
    ),
    features=(
        Said("每个答案附 SQL 与数据来源，可核对", "SQL and sources with every answer"),
        Said("数据不出企业租户，不用于训练", "Data stays in your tenant and trains nothing"),
        Said("订阅问题，每天早晨推送结论", "Subscribe to a question and get the answer each morning"),
    ),
    suits=Said("想随时问数、又不想等报表排期的管理者。", "Managers who want figures without waiting for a report."),
    start=(
        Said("登录后连接一个只读数据库账号。", "Sign in and connect a read-only database account."),
        Said("用「指标词典」补充常用说法，回答更准确。", "Add your usual words to the dictionary for better answers."),
    ),
    attribute=Said("每月提问次数", "Questions a month"),
    editions=(
        Edition(code="q1000", name=Said("1,000 次", "1,000"), month="299.00", year="2990.00"),
        Edition(code="q5000", name=Said("5,000 次", "5,000"), month="999.00", year="9990.00"),
    ),
)

GOVERNANCE = DemoProduct(
    seller=TANGLI,
    category="data-ai",
    slug="tangli-governance",
    name=Said(
        "数据质量巡检与主数据治理一体化平台（集团多组织版，含历史数据清洗服务）",
        "Tangli Data Quality and Master Data Governance",
    ),
    summary=Said(
        "规则巡检、主数据分发与问题闭环，一个平台完成。",
        "Rule checks, master data distribution and follow-up of findings on one platform.",
    ),
    lead=Said(
        "内置 200 条通用质量规则，按日巡检各业务系统，发现问题自动派给数据责任人。",
        "Two hundred ready rules check every system daily and hand each finding to whoever answers for the data.",
    ),
    features=(
        Said("客户、供应商、物料三类主数据模型开箱可用", "Ready models for customers, suppliers and materials"),
        Said("重复记录合并，保留可追溯的合并依据", "Duplicates merged with a record of why"),
        Said("按组织分权，集团统一、子公司自治", "One standard for the group, autonomy for its companies"),
    ),
    suits=Said("有多家子公司、多套 ERP 的集团。", "Groups with several companies and several ERPs."),
    start=(
        Said("登录后按向导登记组织与业务系统。", "Sign in and register organisations and systems with the guide."),
        Said("选择规则包，查看首份质量报告。", "Choose a rule pack and read the first report."),
    ),
    attribute=Said("接入系统数", "Systems"),
    editions=(
        Edition(code="s5", name=Said("5 套系统", "5 systems"), year="36000.00"),
        Edition(code="s20", name=Said("20 套系统", "20 systems"), year="98000.00"),
    ),
    asks_email=True,
)

POS = DemoProduct(
    seller=TANGLI,
    category="retail",
    slug="tangli-pos",
    name=Said("巷口收银云", "Corner Shop POS Cloud"),
    summary=Said(
        "收银、库存、会员一套搞定，断网也能收银。",
        "Till, stock and members in one; keeps selling when the network is down.",
    ),
    lead=Said(
        "一台平板就能开店。多门店库存实时同步，会员储值与优惠券全店通用。",
        "A tablet opens the shop. Stock is shared between branches; member credit and coupons work in all of them.",
    ),
    features=(
        Said("断网收银，恢复后自动补传", "Sells offline and catches up later"),
        Said("扫码点单与外卖平台接单", "Orders by code and from delivery platforms"),
        Said("每日利润简报推送到手机", "A daily profit brief on your phone"),
    ),
    suits=Said(
        "便利店、茶饮、小餐饮及 50 家以内的连锁。",
        "Corner shops, tea houses, small restaurants and chains of up to fifty.",
    ),
    start=(
        Said("登录后台录入商品或导入 Excel。", "Sign in and enter goods or import them from Excel."),
        Said("在平板上登录收银端，打印一张测试小票。", "Sign in on the tablet and print a test receipt."),
    ),
    attribute=EDITION,
    editions=(
        Edition(
            code="shop",
            name=Said("门店版", "Shop"),
            month="88.00",
            year="880.00",
            quantity=Quantity(Said("门店数", "Shops"), 1, 50),
        ),
    ),
)

AUDIT = DemoProduct(
    seller=HETING,
    category="security",
    slug="heting-logaudit",
    name=Said("鹤汀日志审计云", "Heting Log Audit"),
    summary=Said("集中收集 180 天日志，满足等保留存要求。", "Collects logs for 180 days, as compliance demands."),
    lead=Said(
        "服务器、网络设备与应用日志统一收集、防篡改保存，异常行为按规则告警。",
        "Gathers logs of servers, network devices and applications, keeps them safe from change and alerts by rule.",
    ),
    features=(
        Said("Syslog、Agent、API 三种接入方式", "By syslog, agent or API"),
        Said("哈希链存证，任何改动可被发现", "A chain of hashes shows any change"),
        Said("等保 2.0 报表模板", "Report templates for compliance"),
    ),
    suits=Said("需要通过等保测评或内部审计的单位。", "Organisations that face a compliance or internal audit."),
    start=(
        Said("登录后下载采集器，按提示填写接入码。", "Sign in, download the collector and enter its code."),
        Said("启用推荐告警规则，设置通知人。", "Turn on the recommended rules and say whom to notify."),
    ),
    attribute=Said("每日日志量", "Logs a day"),
    editions=(
        Edition(code="g10", name=Said("10 GB", "10 GB"), month="680.00", year="6800.00"),
        Edition(code="g50", name=Said("50 GB", "50 GB"), month="2380.00", year="23800.00"),
    ),
)

ASSESSMENT = DemoProduct(
    seller=HETING,
    category="security",
    slug="heting-assessment",
    name=Said("鹤汀网站漏洞评估", "Heting Website Assessment"),
    summary=Said(
        "一次全面评估，专家复核，附修复建议与复测。",
        "One thorough assessment reviewed by experts, with advice and a retest.",
    ),
    lead=Said(
        "自动扫描结合人工验证，只报真实可利用的问题。修复后 30 天内免费复测一次。",
        "Automatic scans checked by people: only what can really be exploited is reported. One free retest within 30 days.",
    ),
    features=(
        Said("覆盖 OWASP Top 10 与业务逻辑漏洞", "OWASP Top 10 and flaws of business logic"),
        Said("按风险排序的修复清单", "A list of repairs sorted by risk"),
        Said("中英文报告，可用于客户审查", "Reports in Chinese and English, fit for customers"),
    ),
    suits=Said(
        "上线前、融资前或客户要求安全报告的团队。", "Teams before a launch, a funding round or a customer's review."
    ),
    start=(
        Said("登录后验证域名归属并填写测试账号。", "Sign in, prove that the domain is yours and enter test accounts."),
        Said(
            "选择测试时间窗口，5 个工作日内出报告。", "Choose a time window; the report comes within five working days."
        ),
    ),
    attribute=Said("范围", "Scope"),
    editions=(
        Edition(
            code="site",
            name=Said("单个网站", "One website"),
            once="3800.00",
            quantity=Quantity(Said("网站数", "Websites"), 1, 20),
        ),
    ),
    asks_mobile=True,
    asks_email=True,
)

PIPELINES = DemoProduct(
    seller=HETING,
    category="development",
    slug="heting-pipelines",
    name=Said("鹤汀安全流水线", "Heting Secure Pipelines"),
    summary=Said(
        "代码托管与持续交付，每次构建自动查依赖漏洞。",
        "Code hosting and delivery that checks dependencies in every build.",
    ),
    lead=Said(
        "从提交到上线的每一步都可追溯：谁改了什么、用了哪些依赖、通过了哪些检查。",
        "Every step from commit to release can be traced: who changed what, with which dependencies, past which checks.",
    ),
    features=(
        Said("Git 仓库、合并请求与代码评审", "Git repositories, merge requests and review"),
        Said("流水线即代码，内置 40 余个步骤模板", "Pipelines as code with forty templates"),
        Said("软件成分清单（SBOM）与漏洞告警", "Software bills of materials with vulnerability alerts"),
    ),
    suits=Said("5 到 200 人的研发团队。", "Development teams of five to two hundred."),
    start=(
        Said("登录后新建项目，推送现有 Git 仓库。", "Sign in, make a project and push your repository."),
        Said("选择语言模板，运行第一条流水线。", "Choose a template and run the first pipeline."),
    ),
    attribute=EDITION,
    editions=(
        Edition(
            code="team", name=Said("团队版", "Team"), month="45.00", year="450.00", quantity=Quantity(USERS, 5, 200)
        ),
        Edition(
            code="company",
            name=Said("企业版", "Company"),
            month="78.00",
            year="780.00",
            quantity=Quantity(USERS, 20, 1000, 10),
        ),
    ),
)

PRODUCTS = (MES, REVIEW, HEALTH, BI, ASK, GOVERNANCE, POS, AUDIT, ASSESSMENT, PIPELINES)
