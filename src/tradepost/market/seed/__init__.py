"""A believable market to try: sellers, products and accounts, loaded with the verbs that the pages use."""

from .deliveries import deliver
from .demands import ask
from .enterprise import open_enterprise
from .images import run_servers
from .invoices import invoice_the_demo
from .joint_data import ENTERPRISE, MEMBER
from .joint_product import JointServer, apply_once, joint_application, joint_keys, list_once
from .loading import SeedResult, load
from .packages import use_a_package
from .people import Login
from .proofs import restore_certificates
from .road import Road, Stopped, is_walked, walk
from .using import SHORT_OF_MONEY, open_on_demand

__all__ = [
    "ENTERPRISE",
    "MEMBER",
    "SHORT_OF_MONEY",
    "JointServer",
    "Login",
    "Road",
    "SeedResult",
    "Stopped",
    "apply_once",
    "ask",
    "deliver",
    "invoice_the_demo",
    "is_walked",
    "joint_application",
    "joint_keys",
    "list_once",
    "load",
    "open_enterprise",
    "open_on_demand",
    "restore_certificates",
    "run_servers",
    "use_a_package",
    "walk",
]
