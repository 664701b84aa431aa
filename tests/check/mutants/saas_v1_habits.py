"""Mutants that verify the authToken of SaaS 1.0 wrongly (saas-v1-license A1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote

from tradepost.protocols.commands import Command
from tradepost.protocols.contract import Denied
from tradepost.protocols.hmac_sign import hmac_sha256_base64, utf8
from tradepost.protocols.saas_v1.fields import REQUESTS
from tradepost.protocols.signed_query import text_to_sign

from .definition import wire_mutant
from .spelled import SpelledV1

SHAPE, SIGNATURE, WIRE = "shape", "signature", "wire"
KNOWN = {field.name for table in REQUESTS.values() for field in table} | {"timeStamp", "authToken"}


@wire_mutant("no_token_check", SIGNATURE)
class NoTokenCheckV1(SpelledV1):
    def same(self, came: str, computed: str) -> bool:
        return True


@wire_mutant("accepts_missing_signature", SIGNATURE)
class ChecksOnlyATokenThatIsThere(SpelledV1):
    def same(self, came: str, computed: str) -> bool:
        return not came or super().same(came, computed)


@wire_mutant("accepts_wrong_signature", SIGNATURE)
class ComparesWithoutCase(SpelledV1):
    """Base64 is case-sensitive."""

    def same(self, came: str, computed: str) -> bool:
        return came.replace(" ", "+").lower() == computed.lower()


@wire_mutant("fixed_parameter_list", SIGNATURE, WIRE)
class SignsKnownParametersOnly(SpelledV1):
    def signed(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        return {name: value for name, value in parameters.items() if name in KNOWN}


@wire_mutant("body_not_signed", SIGNATURE)
class SignsTheActivityOnly(SpelledV1):
    """Accept a token over everything, and, for compatibility, one over activity and time alone."""

    def open(self, request, *, key, now, nonce_seen):
        try:
            return super().open(request, key=key, now=now, nonce_seen=nonce_seen)
        except Denied as denied:
            if denied.code != "000001" or "authToken" not in request.url:
                raise
            parameters = self.parameters(request.url.partition("?")[2])
            if len(parameters.get("authToken", "")) != 44 or parameters["authToken"] not in self.given:
                raise
            return self.command(parameters, key)

    def __init__(self) -> None:
        super().__init__()
        self.given: set[str] = set()

    def same(self, came: str, computed: str) -> bool:
        # Tokens seen once are sessions.
        if super().same(came, computed):
            self.given.add(computed)
            return True
        return False


@wire_mutant("refuses_optional_parameter", SHAPE)
class CountsUsersAlone(SpelledV1):
    """Treat each quantity but ``amount`` as a mistake of the market."""

    def command(self, parameters: dict[str, str], key: str) -> Command:
        if {"diskSize", "bandWidth"} & parameters.keys():
            raise Denied("000002", "unknown quantity")
        return super().command(parameters, key)


@wire_mutant("refuses_optional_parameter", SHAPE)
class KnowsAccountsAlone(SpelledV1):
    """Refuses an order of an IAM user."""

    def command(self, parameters: dict[str, str], key: str) -> Command:
        if parameters.get("userId"):
            raise Denied("000005", "the user is not the account")
        return super().command(parameters, key)


@wire_mutant("plus_as_blank", WIRE, SIGNATURE)
class DecodesTwice(SpelledV1):
    def decoded(self, text: str) -> str:
        return super().decoded(super().decoded(text))


@wire_mutant("blank_as_plus", WIRE, SIGNATURE)
class KeepsThePlusOfABlank(SpelledV1):
    """Only %20 is decoded; the market writes a blank as a plus."""

    def decoded(self, text: str) -> str:
        return unquote(text)


@wire_mutant("undecoded_values", WIRE, SIGNATURE)
class SignsEncodedValues(SpelledV1):
    def signed(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        return {name: quote(value, safe="") for name, value in parameters.items()}


@wire_mutant("wrong_charset", WIRE, SIGNATURE)
class DecodesAsLatin1(SpelledV1):
    def decoded(self, text: str) -> str:
        return unquote(text.replace("+", " "), encoding="latin-1")


@wire_mutant("ampersand_splits", WIRE, SIGNATURE)
class DecodesBeforeSplitting(SpelledV1):
    def parameters(self, query: str) -> dict[str, str]:
        pairs = [pair.partition("=") for pair in super().decoded(query).split("&") if pair]
        return {name: value for name, _, value in pairs}


@wire_mutant("token_key_without_time", SIGNATURE)
class KeyWithoutTheTime(SpelledV1):
    """The HMAC's key is the access key followed by timeStamp; here it is the access key alone."""

    def sign(self, parameters: Mapping[str, str], key: str) -> str:
        return hmac_sha256_base64(key, utf8(text_to_sign(parameters)))
