"""Realistic demo data: sellers, products and accounts, created with the functions that the pages call."""

from .deliveries import create_delivery
from .demands import create_demands
from .enterprise import open_enterprise
from .images import run_servers
from .invoices import invoice_the_demo
from .joint_data import ENTERPRISE, MEMBER_LOGIN
from .joint_product import JointServer, ensure_credential, ensure_listed, joint_application, joint_keys
from .loading import SeedResult, load
from .packages import use_a_package
from .people import Login
from .proofs import restore_certificates
from .road import Road, StoppingError, is_published, publish_all
from .using import LOW_BALANCE_LOGIN, open_on_demand

__all__ = [
    "ENTERPRISE",
    "LOW_BALANCE_LOGIN",
    "MEMBER_LOGIN",
    "JointServer",
    "Login",
    "Road",
    "SeedResult",
    "StoppingError",
    "create_delivery",
    "create_demands",
    "ensure_credential",
    "ensure_listed",
    "invoice_the_demo",
    "is_published",
    "joint_application",
    "joint_keys",
    "load",
    "open_enterprise",
    "open_on_demand",
    "publish_all",
    "restore_certificates",
    "run_servers",
    "use_a_package",
]
