"""The watch over what is sold: saved cases probed twice a day, failing days counted, failed orders counted (saas-v2 §6)."""
