"""Correct sellers of licenses: authorisation codes, online licenses, License 1.0 (saas-v1-license B1 to B3)."""

from __future__ import annotations

from datetime import datetime

from .seller import Instances, JsonSeller, Refused, Seller, moment, needs, token_holds


class CodeSeller(JsonSeller):
    """Authorisation codes: it knows those that were activated, none in a test, and looks them up first."""

    protocol = "license_code"
    http = "HTTP/1.0"

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        if activity not in {"refreshLicenseCode", "updateLicenseCodeStatus", "releaseLicenseCode"}:
            raise Refused("000002")
        needs(members, "license")
        if members.get("testFlag") == "1":
            return {}
        raise Refused("000003")


class CarelessCodeSeller(JsonSeller):
    """The public C# server (saas-v1-license B2.2): codes are not stored; 000002 for an unknown activity, else 000000."""

    protocol = "license_code"
    indent = 2

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        scenes, states = {"RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD"}, {"FREEZE", "UNFREEZE"}
        needs(members, "license")
        if activity == "refreshLicenseCode":
            needs(members, "orderId", "orderLineId", "expireTime")
            if members.get("scene") not in scenes:
                raise Refused("000002")
        elif activity == "updateLicenseCodeStatus":
            if members.get("status") not in states:
                raise Refused("000002")
        elif activity != "releaseLicenseCode":
            raise Refused("000002")
        return {}


class OnlineSeller(JsonSeller):
    """Online License: ids at once, licenses only for instances whose order the market confirms (saas-v1-license B3)."""

    protocol = "license_online"
    content_type = "application/json"
    chunked = True

    def act(self, activity: str, members: dict[str, object]) -> dict[str, object]:
        test = members.get("testFlag") == "1"
        if activity == "newInstance":
            order, line, business = needs(members, "orderId", "orderLineId", "businessId")
            return {"instanceId": business if test else self.instances.create(order, line), "extra": [1, 2]}
        (instance_id,) = needs(members, "instanceId")
        if activity == "refreshInstance":
            _, _, scene, until = needs(members, "orderId", "orderLineId", "scene", "expireTime")
            moment(until)
            if scene not in {"TRIAL_TO_FORMAL", "RENEWAL", "UNSUBSCRIBE_RENEWAL_PERIOD"}:
                raise Refused("000002")
        elif activity == "updateInstanceStatus":
            if members.get("status") not in {"FREEZE", "UNFREEZE"}:
                raise Refused("000002")
        elif activity == "getLicenseAsync":
            needs(members, "effectiveTime", "eventId")
            datetime.fromisoformat(str(members["effectiveTime"])[:19])
            if members.get("expireTime"):
                datetime.fromisoformat(str(members["expireTime"])[:19])
        elif activity != "releaseInstance":
            raise Refused("000002")
        if test:
            return {}
        if activity == "releaseInstance":
            self.instances.release(instance_id)
            return {}
        self.instances.known(instance_id)
        return self.issue() if activity == "getLicenseAsync" else {}

    def issue(self) -> dict[str, object]:
        return {"resultCode": "000004", "resultMsg": "the licence comes by upload"}


class NoFingerprintSeller(OnlineSeller):
    def issue(self) -> dict[str, object]:
        raise Refused("000903")


class LicenseSeller(Seller):
    """License 1.0: everything is in the query, and the answer is signed (saas-v1-license B1)."""

    protocol = "license_v1"
    blank = " "
    indent = 1

    def __init__(self) -> None:
        self.instances = Instances()

    def handle(self, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> dict[str, object]:
        if not token_holds(query, query.get("authToken", "")):
            raise Refused("000001")
        activity, test = query.get("activity", ""), query.get("testFlag") == "1"
        members: dict[str, object] = dict(query)
        if activity == "getLicense":
            order, *_ = needs(members, "orderId", "customerId", "businessId", "productId")
            instance_id = "debug-0001" if test else self.instances.create(order)
            return {"instanceId": instance_id, "license": f"-----BEGIN-----\n{instance_id}\n-----END-----"}
        (instance_id,) = needs(members, "instanceId")
        if activity == "refreshLicense":
            _, until = needs(members, "orderId", "expireTime")
            moment(until)
        elif activity not in {"releaseLicense", "expireLicense"}:
            raise Refused("000002")
        if test:
            return {}
        if activity == "releaseLicense":
            self.instances.release(instance_id)
        else:
            self.instances.known(instance_id)
        return {}
