"""Monitoring of products on sale: saved cases are probed twice a day; failing days and failed orders are counted
(saas-v2 §6)."""
