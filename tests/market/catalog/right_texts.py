"""Valid texts that look invalid, written for this test from many trades: none may be refused."""

from __future__ import annotations

NAMES = (
    "轻燮 CRM 客户管理系统", "云账房代理记账平台", "Node.js 托管服务", "ASP.NET 应用监控", "Booking.com 渠道对接", "1688.com 商品同步",
    "12345 热线工单系统", "400 电话云呼叫中心", "ISO 27001 合规助手", "GB/T 22239-2019 等保自查", "Office 365 备份", "QQ 邮箱迁移工具",
    "微信小程序商城", "企业微信 SCRM", "最佳实践顾问服务", "最小化安装镜像（CentOS）", "顶级域名注册服务", "国家级平台对接服务", "唯一编码管理系统",
    "适配华为云的备份软件", "鸿蒙应用测试平台", "报价管理系统", "询比价采购平台", "第一人称实训系统", "北京第一医院挂号对接", "最低价中标评审工具",
    "销量排行看板", "BEST-FIT 排程引擎", "A/B 测试平台", "3D 打印排产 MES", "年会抽奖系统", "月子中心管理软件", "套餐管理系统", "时间银行平台",
    "HIS 医院信息系统 V3.2", "百度统计对接插件", "No.1 Middle School 校务系统",
)  # fmt: skip
ENGLISH_NAMES = (
    "Qingxie CRM", "Best Practice Advisor", "Backup for Huawei Cloud", "Node.js Hosting", "Booking.com Channel Manager",
    "Year-End Closing Assistant", "First Aid Training", "Step by Step Onboarding", "Plant No. 1 Monitor",
    "WeChat Mini Program Shop", "Time Tracking", "Set Builder", "Quotation Management", "World Clock", "Top-Up Portal",
)  # fmt: skip
SPEC_NAMES = (
    "专业版", "基础版（10 用户）", "企业版 100 用户", "旗舰版", "标准版（按年）", "年费会员版", "1000 次体验包", "套餐 A：门店版", "规格齐全版",
    "Spec-compliant edition", "Professional, 1 year", "Monthly close module", "Time clock edition", "2 核 4 GB", "单店版", "A3 打印版",
    "年度审计版", "十人团队版", "月结客户版", "Per-seat Standard",
)  # fmt: skip
SENTENCES = (
    "最近 30 天的数据一目了然，最多可保存 180 天。", "最低配置：2 核 4 GB 内存，最高可扩展到 64 核。", "最后一步：点击“完成”。", "最大支持 100 个并发用户。",
    "最新版本修复了已知问题。", "最早可查询到 2015 年的记录。", "系统最快 5 分钟即可开通。", "最小存储单位为 1 GB。", "内置行业最佳实践模板。",
    "自动计算最优配送路线，减少空驶。", "为客户推荐最合适的产品。", "帮助采购部门筛选最优质的供应商。", "最好先备份数据，再升级系统。", "展示销量第一的商品与门店。",
    "第一步，创建应用；第二步，绑定域名。", "首次登录请修改密码，第一次使用可观看教程。", "行业第一手资料每日更新。", "第一时间通知值班人员。", "安全第一，预防为主，综合治理。",
    "服务于中国第一汽车集团等制造企业。", "北京大学第一医院、上海市第一人民医院均在使用。", "全国第一季度的增值税申报。", "支持第一类、第二类医疗器械的追溯。", "为每台设备生成全球唯一标识。",
    "全国唯一的统一社会信用代码校验。", "订单号全局唯一，重复提交不会重复扣款。", "支持唯一索引与唯一性约束。", "对接国家级平台，自动上报数据。", "公司是国家级专精特新小巨人企业。",
    "国家级高新技术企业，通过 ISO 9001 认证。", "顶级菜单与二级菜单均可配置。", "支持顶级域名与多级子域名。", "最高级别的管理员可以分配权限。", "按照国家最高人民法院的要求存证。",
    "依据全国最低工资标准自动核算工资。", "监控全网最低价，价格变动立即提醒。", "历史最低价走势一图看懂。", "最低价中标法、综合评分法均可选择。", "支持询价、比价、报价、定标全流程。",
    "客户可在线咨询价格，销售收到提醒后跟进。", "薪资面议的岗位会单独标记。", "报价单可一键生成并发送给客户。", "如有使用问题，请联系在线客服。", "联系我们获取技术支持，5×8 小时响应。",
    "对接淘宝、天猫、京东、拼多多店铺订单。", "支持微信支付、支付宝和银行转账对账。", "支持线下付款登记与核销。", "识别私下交易风险，保护平台规则。", "顾客在公众号下单后，门店自动接单。",
    "会员线下购买同样累计积分。", "员工报销款直接打款到个人账户。", "客户添加销售的企业微信后，自动打标签。", "扫码添加客服微信，会话自动存档。", "最终解释以合同为准。",
    "至少保留最近三次备份，最旧的自动清理。", "统计区域内最受欢迎的菜品。", "按评分从高到低排列，得分最高的优先展示。", "查询排名第一的关键词和搜索量。", "帮助老师找出班级成绩第一的学生。",
    "分析最畅销的单品与最滞销的单品。", "系统会自动切换到最稳定的线路。", "将数据保存在最安全的存储区域。", "把最重要的指标放在首页。", "以最少的步骤完成发货。",
    "最长 20 个字符，最短 2 个字符。", "极大值与极小值标注在曲线上。", "为获得最佳体验，请使用最新版浏览器。", "建议选择最适合贵司规模的版本。", "大促期间峰值最高达每秒 5 万笔。",
    "支持华为云、阿里云、腾讯云等多云环境。", "已适配华为鲲鹏、昇腾处理器。", "该算法求得全局最优解。", "最大限度利用已有的软件许可。", "让管理者在第一现场掌握情况。",
    "独立部署与公有云两种方式可选。", "支持国际第一方数据采集规范。", "客户第一、团队合作是我们的文化。", "并非所有场景都适合，小微商户可先试用。", "打破信息孤岛，实现一体化管理。",
    "Follow the best practices of the industry.", "Choose the best tool for each job.", "For the best experience use a recent browser.",
    "It works best with a screen of 1280 pixels.", "Finds the best route for every delivery.", "The first step is to create an application.",
    "First, bind your domain; second, add users.", "Most popular products are listed first.", "Keeps the largest file of each folder.",
    "Step No. 1: install the agent.", "See issue #1 for details.", "At most 100 users, at least one administrator.",
    "Data of the world's largest economies since 1960.", "Contact us for technical support at any time.", "Send a quote to your customer with one click.",
    "Your customers buy on your website; orders arrive here.", "Pay by bank transfer or card.", "Orders from our API carry a signature.",
    "Shows who is ranked no. 1 in the class.", "The fastest route in the city is computed live.", "Refactoring is the best solution here, says the report.",
    "Best before dates are read from the label.", "Leading zeros are kept.", "The only thing you need is a browser.",
    "It supports the most common formats.", "Top 10 keywords of the week.", "Unique identifiers for every device in the world.",
    "Number one: create a project. Number two: invite people.", "Prices of competitors are tracked daily.", "Class-leading is a word that we do not use.",
    "Used by the leading hospitals of China.", "Lists the best schools in the country.", "Shows the top 100 songs in China.", "Plans the best route in Asia.",
    "Tells you the best time of year in the country.", "Results of the best team of the World Cup.", "It ranks the best restaurant in China every week.",
    "Guides to the top museums in the world.", "The top row of the table stays.", "The best of China in one calendar.", "A parcel reaches the most remote village in China.",
    "The most recent version is 3.2.", "The safest way is to make a backup first.", "Sell on several marketplaces from one place.",
)  # fmt: skip
GUIDES = (
    "登录 http://127.0.0.1:8080 或 http://<服务器IP>/login 打开控制台。", "访问 https://app.qingxie.example/ 并输入账号。", "内网地址为 http://192.168.1.10:9000/。",
    "打开 https://your-domain.com/setup 完成配置。", "登录 https://crm.seller.cn/login 使用。", "帮助见 https://docs.crm.seller.cn/start。",
    "Visit http://localhost:3000 in your browser.", "Open https://market.cn/services/ and copy the password.", "文件 readme.md 与 config.yaml 在 /opt 下。",
    "使用 ssh admin@10.0.0.5 登录，开放端口 22、443。",
)  # fmt: skip
GUIDE_HOSTS = ("market.cn", "crm.seller.cn")
"""The market's own host, and a domain that the seller proved."""
