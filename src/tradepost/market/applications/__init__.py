"""Applications of joint products: credentials, bindings to enterprises, authorised members, sync calls
(openapi-jointkit A, B)."""
