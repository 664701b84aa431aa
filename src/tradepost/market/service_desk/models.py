"""The tables of this context."""

from __future__ import annotations

from .complaint_models import Complaint
from .demand_models import CustomerDemand, Demand
from .mail_models import ReceivedMail

__all__ = ["Complaint", "CustomerDemand", "Demand", "ReceivedMail"]
