"""Invoices of sellers and of the market: what can be invoiced, who asked, who issued, what was taken back (business-rules §6)."""
