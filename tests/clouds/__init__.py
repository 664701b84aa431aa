"""Clouds for the contract test of adapters: moto's EC2, and servers that check requests against the models of the SDKs."""
