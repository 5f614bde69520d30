"""The lookups that the sandbox answers. Any other is an error: an invented answer would be worse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cloud.call import ACCOUNT, partition
from sandbox.cloud.errors import CloudError, unreachable
from sandbox.cloud.regions import REGIONS
from sandbox.cloud.store import Operation, Store

Answer = Callable[[Mapping[str, Any], str], dict[str, Any]]


def _caller(_args: Mapping[str, Any], region: str) -> dict[str, Any]:
    user = f"arn:{partition(region)}:iam::{ACCOUNT}:user/sandbox"
    return {"accountId": ACCOUNT, "arn": user, "id": ACCOUNT, "userId": "AIDASANDBOXSANDBOXSA"}


def _partition(_args: Mapping[str, Any], region: str) -> dict[str, Any]:
    name = partition(region)
    suffix = "amazonaws.com.cn" if name == "aws-cn" else "amazonaws.com"
    reverse = ".".join(reversed(suffix.split(".")))
    return {"dnsSuffix": suffix, "id": name, "partition": name, "reverseDnsPrefix": reverse}


def _region(args: Mapping[str, Any], region: str) -> dict[str, Any]:
    name = args.get("region") or args.get("name") or region
    if name not in REGIONS:
        raise CloudError(f"invalid AWS Region: {name}")
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": REGIONS[name].description,
        "endpoint": f"ec2.{name}.amazonaws.com",
    }


ANSWERS: dict[str, tuple[str, str, Answer]] = {  # token -> service, operation ("" for none), answer
    "aws:index/getCallerIdentity:getCallerIdentity": ("sts", "GetCallerIdentity", _caller),
    "aws:index/getPartition:getPartition": ("", "", _partition),
    "aws:index/getRegion:getRegion": ("", "", _region),
}


def answer(store: Store, token: str, args: Mapping[str, Any], region: str) -> dict[str, Any]:
    """Answer a lookup, logged like any other call."""
    if token not in ANSWERS:
        raise CloudError(f"the sandbox does not emulate the lookup {token}")
    service, operation, function = ANSWERS[token]
    if operation:
        error = None
        if region in store.regions_off():
            error = unreachable(service.upper(), operation, f"{service}.{region}.amazonaws.com")
        store.log(Operation(store.clock(), region, service, operation, token, "", str(error or "")))
        if error:
            raise error
    return function(args, region)
