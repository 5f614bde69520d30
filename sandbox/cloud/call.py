"""One call in progress: what rules and templates get to see."""

# An id is called id, and a type is called type, as in AWS and Pulumi.

from __future__ import annotations

import re
import secrets
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.errors import CloudError, unreachable
from sandbox.cloud.limits import model
from sandbox.cloud.spec import GLOBAL, GLOBAL_HOME, TypeSpec, Value
from sandbox.cloud.store import Operation, Record, Store

ACCOUNT = "123456789012"
_ALPHABETS = {
    "hex": string.digits + "abcdef",
    "lower": string.ascii_lowercase + string.digits,
    "letters": string.ascii_letters,
    "upper": string.ascii_uppercase + string.digits,
    "digits": string.digits,
}


def partition(region: str) -> str:
    """The partition that a region is in."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")


def scramble(kind: str, length: int) -> str:
    """Random characters, as in the ids that AWS hands out."""
    return "".join(secrets.choice(_ALPHABETS[kind]) for _ in range(length))


@dataclass(slots=True)
class Call:
    """The type, where the call goes, and the properties before (`old`), wanted (`inputs`) and becoming (`state`)."""

    store: Store
    specs: Mapping[str, TypeSpec]
    spec: TypeSpec
    region: str
    account: str = ACCOUNT
    id: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    old: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)

    def api(self, operation: str, *, region: str = "", service: str = "") -> None:
        """Call an API operation: logged, and refused when its region is off."""
        region, service = region or self.region, service or self.spec.service
        self.operations.append(Operation(self.store.clock(), region, service, operation, self.spec.token, self.id, ""))
        home = GLOBAL_HOME if region == GLOBAL else region
        if home in self.store.regions_off():
            metadata = model(service).metadata
            host = metadata["endpointPrefix"] + ("" if region == GLOBAL else f".{region}")
            raise unreachable(metadata["serviceId"], operation, f"{host}.amazonaws.com")

    def failed(self, error: str) -> None:
        """Note in the log that the last operation was refused."""
        self.operations[-1:] = [replace(operation, error=error) for operation in self.operations[-1:]]

    def refusal(self, code: str, message: str) -> CloudError:
        """The error of the operation in progress, to be raised."""
        last = self.operations[-1]
        service = model(last.service).metadata["serviceId"]
        return CloudError(message, code=code, service=service, operation=last.operation)

    def find(self, token: str, value: Any, attribute: str = "id", *, anywhere: bool = False) -> Record | None:
        """Another resource, in this region unless its service is global."""
        return self.store.find(token, attribute, value, None if anywhere else self.home(token))

    def siblings(self, token: str = "") -> list[Record]:
        """The resources of a type (this one's, unless said) in this region, without this resource."""
        token = token or self.spec.token
        records = self.store.resources(self.home(token), token)
        return [record for record in records if (record.type, record.id) != (self.spec.token, self.id)]

    def home(self, token: str) -> str:
        """Where resources of a type are filed, seen from this call."""
        return GLOBAL if self.specs[token].scope == "global" else self.region

    def changed(self, name: str) -> bool:
        """Whether an update changes an input."""
        return bool(self.inputs.get(name) != self.old.get(name))

    def get(self, name: str, default: Any = None) -> Any:
        """A property as it will be: becoming, or else wanted."""
        return self.state.get(name, self.inputs.get(name, default))

    def render(self, value: Value, /, **more: Any) -> Any:
        """A template filled in, a function's result, or the plain value."""
        if callable(value):
            return value(self)
        if isinstance(value, str) and "{" in value:
            return value.format_map(_Names(self, more))
        return value

    def now(self) -> str:
        """The time as AWS prints it."""
        return datetime.fromtimestamp(self.store.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Names(dict[str, Any]):
    """What a template may name: {id}, {region}, {account}, {uuid}, {hex17}, or any property."""

    def __init__(self, call: Call, more: Mapping[str, Any]) -> None:
        super().__init__(call.inputs)
        self.update(call.state)
        self.update(id=call.id, region=call.region, account=call.account)
        self.update(partition=partition(call.region), now=call.now(), **more)

    def __missing__(self, name: str) -> str:
        if name == "uuid":
            return str(uuid.uuid4())
        random = re.fullmatch(r"([a-z]+)(\d+)", name)
        if random and random[1] in _ALPHABETS:
            return scramble(random[1], int(random[2]))
        raise KeyError(f"a template names {name!r}, which is not set")
