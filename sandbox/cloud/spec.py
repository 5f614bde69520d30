"""The row of a type's table: everything the generic engine needs to know about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from sandbox.cloud.call import Call

Value: TypeAlias = Any
"""A template ("arn:{partition}:ec2:{region}:…"), a function of the call, or a plain value."""

Rule: TypeAlias = "Callable[[Call], None]"
"""A check or a side effect; refuses by raising."""

GLOBAL = "aws-global"
"""Where records and log entries of global services (IAM, Route 53) are filed."""

GLOBAL_HOME = "us-east-1"
"""Where the control planes of global services run: with this region off, they fail."""


def aws(module: str, name: str) -> str:
    """The token of a type: aws("ec2", "Vpc") is aws:ec2/vpc:Vpc."""
    return f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"


@dataclass(frozen=True, slots=True)
class Ref:
    """What an input refers to. It must exist, and with `blocks` it cannot be deleted before the referrer."""

    to: str
    attribute: str = "id"
    blocks: bool = False
    anywhere: bool = False  # may be in another region
    outside: tuple[str, ...] = ()  # prefixes of values that AWS or somebody else owns


@dataclass(frozen=True, slots=True)
class Refusal:
    """An API error: its code and message, a template."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Calls:
    """The API operations behind the four verbs, as botocore spells them. No update: replaced or nothing to do."""

    create: str
    read: str
    update: str
    delete: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeSpec:
    """One resource type. `replace_on` and `requires` have no default: they must be thought about."""

    token: str
    service: str  # botocore's name
    calls: Calls
    id: Value
    replace_on: tuple[str, ...]
    requires: Mapping[str, Ref | tuple[Ref, ...]]  # input path -> what it names, any of them
    outputs: Mapping[str, Value] = field(default_factory=dict)  # computed by AWS; an input of the same name wins
    live: Mapping[str, Value] = field(default_factory=dict)  # computed again whenever AWS is asked
    renewed: tuple[str, ...] = ()  # outputs that an update computes again
    defaults: Mapping[str, Any] = field(default_factory=dict)  # what the provider's schema fills in at Check
    nested: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the same inside an input object
    empty: tuple[str, ...] = ()  # declared as always there, but legitimately empty
    write_only: Mapping[str, str] = field(default_factory=dict)  # property -> the version that makes it count
    secret: tuple[str, ...] = ()  # in Pulumi's state encrypted, in the store only a fingerprint
    autoname: str = ""
    name_length: int = 255
    unique: tuple[str, ...] = ()  # input paths that together are taken once per region
    taken: Refusal | None = None
    not_found: Refusal | None = None
    in_use: Refusal | None = None
    members: Mapping[str, str] = field(default_factory=dict)  # property -> API member where names differ, "" none
    on_create: tuple[Rule, ...] = ()
    on_update: tuple[Rule, ...] = ()
    on_delete: tuple[Rule, ...] = ()
    after_create: tuple[Rule, ...] = ()
    after_update: tuple[Rule, ...] = ()
    after_delete: tuple[Rule, ...] = ()
    scope: str = "regional"  # or "global", or "local": lives in Pulumi's state alone

    @property
    def computed(self) -> frozenset[str]:
        """Outputs that stay what they are when a program no longer sets them."""
        return frozenset((*self.outputs, *self.live, *self.empty))
