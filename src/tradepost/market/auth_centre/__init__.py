"""The auth centre, where members of an enterprise sign in to the applications of joint products (openapi-jointkit
B)."""
