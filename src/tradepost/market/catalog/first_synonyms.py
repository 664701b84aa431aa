"""The synonyms with which a new market starts. A migration creates them; operators can change them."""

from __future__ import annotations

from typing import Any

from .search_query import key

FIRST = (
    ("开票", "发票", "开发票", "电子发票", "数电票", "invoice", "invoicing"),
    ("收款", "收银", "收单", "收钱", "POS", "cash register", "cashier", "till", "checkout"),
    ("源码", "源代码", "代码", "source code", "code hosting", "Git"),
    ("会议", "开会", "视频会议", "网络会议", "meeting", "conference"),
    ("财务", "会计", "账务", "记账", "记帐", "财税", "accounting", "bookkeeping"),
    ("人事", "人力资源", "人力", "HR", "human resources"),
    ("考勤", "打卡", "attendance"),
    ("工资", "薪酬", "薪资", "payroll"),
    ("邮箱", "邮件", "邮局", "email", "e-mail", "mail"),
    (
        "合同",
        "电子合同",
        "电子签",
        "电子签名",
        "电子签章",
        "签署",
        "contract",
        "e-sign",
        "esign",
        "signature",
        "electronic signature",
    ),
    ("客户管理", "客户关系", "客户关系管理", "CRM"),
    ("客服", "在线客服", "呼叫中心", "helpdesk", "help desk", "call center"),
    ("登录", "sign-in", "login", "log in"),
    ("单点登录", "单点登陆", "统一登录", "身份认证", "SSO", "single sign-on"),
    ("报表", "数据分析", "商业智能", "数据可视化", "BI", "analytics", "dashboard"),
    ("制造执行", "生产管理", "MES"),
    ("排产", "排程", "生产计划", "production scheduling", "APS"),
    ("设备健康", "状态监测", "预测性维护", "condition monitoring", "predictive maintenance"),
    ("智能助理", "智能助手", "智能问答", "人工智能", "大模型", "AI", "assistant", "chatbot"),
    ("三维", "图纸", "CAD", "3D"),
    ("进销存", "库存", "仓库管理", "仓储", "inventory", "warehouse", "WMS"),
    ("企业资源计划", "ERP"),
    ("办公自动化", "协同办公", "OA"),
    ("流水线", "持续集成", "持续交付", "CI", "CI/CD", "DevOps", "pipeline"),
    ("漏洞", "漏洞扫描", "漏扫", "vulnerability"),
    ("日志", "log"),
    ("网盘", "云盘", "文件存储", "drive"),
    ("短信", "SMS"),
    ("备份", "容灾", "backup"),
    ("项目管理", "任务管理", "project management"),
    ("网店", "电商", "商城", "e-commerce", "online shop"),
)
"""Each word is in one group."""


def create_first(groups: Any, synonyms: Any) -> None:
    """Create the synonyms in a market that has none. Takes the managers of both models."""
    if groups.exists():
        return
    for words in FIRST:
        group = groups.create()
        synonyms.bulk_create(synonyms.model(group=group, word=word, key=key(word)) for word in words)
