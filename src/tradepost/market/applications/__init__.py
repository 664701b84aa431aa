"""Applications of joint products: credentials, bindings to enterprises, who may use them, what sellers are told (openapi-jointkit A, B)."""
