"""A believable market to try: sellers, products and accounts, loaded with the verbs that the pages use."""

from .deliveries import deliver
from .demands import ask
from .images import run_servers
from .invoices import invoice_the_demo
from .loading import SeedResult, load
from .packages import use_a_package
from .people import Login
from .road import Road, Stopped, is_walked, walk
from .using import SHORT_OF_MONEY, open_on_demand

__all__ = [
    "SHORT_OF_MONEY",
    "Login",
    "Road",
    "SeedResult",
    "Stopped",
    "ask",
    "deliver",
    "invoice_the_demo",
    "is_walked",
    "load",
    "open_on_demand",
    "run_servers",
    "use_a_package",
    "walk",
]
