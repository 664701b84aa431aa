"""A believable market to try: sellers, products and accounts, loaded with the verbs that the pages use."""

from .demands import ask
from .loading import SeedResult, load
from .people import Login
from .road import Road, Stopped, is_walked, walk

__all__ = ["Login", "Road", "SeedResult", "Stopped", "ask", "is_walked", "load", "walk"]
