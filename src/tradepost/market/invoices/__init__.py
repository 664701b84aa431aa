"""Invoices of sellers and of the market: eligibility, application, issue and return (business-rules §6)."""
