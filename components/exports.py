"""The border between the two stacks: what a site publishes, and how the other one learns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import pulumi

_FOLLOWED_ROLE: Final = "active"
"""A standby follows a site that trades; two standbys would follow each other."""


class MissingOutput(pulumi.RunError):
    """The other stack does not publish what this one needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteExports:
    """What one site publishes about itself. Flat and few; never a secret, never a whole resource.

    A standby reads it from the active site's stack, an active site from its own configuration. The values are
    text in either case, so that a cached copy and the original compare equal.
    """

    site: pulumi.Input[str]
    role: pulumi.Input[str]
    region: pulumi.Input[str]
    vpc_cidr: pulumi.Input[str]
    database_arn: pulumi.Input[str]
    database_identifier: pulumi.Input[str]
    database_engine_version: pulumi.Input[str]
    database_max_connections: pulumi.Input[str]

    @classmethod
    def output_names(cls) -> dict[str, str]:
        """Field name to stack output name."""
        return {field.name: _camel(field.name) for field in fields(cls)}

    @classmethod
    def read(cls, stack: str) -> Self:
        """What `stack` publishes, by its full name.

        Raises MissingOutput, while the program runs, for an output that is not there, naming it and the stack;
        and for a stack that is not active.
        """
        reference = pulumi.StackReference(stack)

        def require(output: str) -> pulumi.Output[str]:
            # No value without the role: nothing may be built from a stack that is not to be followed.
            found = pulumi.Output.all(reference.get_output("role"), reference.get_output(output))
            return found.apply(lambda values: _required(stack, output, role=values[0], value=values[1]))

        return cls(**{field: require(output) for field, output in cls.output_names().items()})

    @classmethod
    def from_cache(cls, cached: Mapping[str, str]) -> Self:
        """What `make peer` wrote to this stack's own configuration. Raises ValueError on any other set of keys."""
        wanted = cls.output_names()
        missing = sorted(set(wanted.values()) - set(cached))
        unknown = sorted(set(cached) - set(wanted.values()))
        if missing or unknown:
            found = [f"{name} is missing" for name in missing] + [f"{name} is unknown" for name in unknown]
            raise ValueError(f"{', '.join(found)}; write it anew with: make peer")
        return cls(**{field: cached[output] for field, output in wanted.items()})

    def as_outputs(self) -> dict[str, pulumi.Input[str]]:
        """Stack output name to value."""
        return {output: getattr(self, field) for field, output in self.output_names().items()}

    def publish(self) -> None:
        """Export every value under its output name."""
        for output, value in self.as_outputs().items():
            pulumi.export(output, value)


def warn_if_stale(peer: SiteExports, cached: Mapping[str, str]) -> None:
    """Say so when the cached copy of the peer's outputs is missing or differs from what the peer publishes.

    A promotion uses the cache, and can no longer renew it then.
    """

    def compare(published: dict[str, Any]) -> None:
        differing = sorted(name for name, value in published.items() if cached.get(name) != value)
        if differing:
            pulumi.log.warn(
                f"trading:peer differs from what the peer publishes ({', '.join(differing)}); "
                "a promotion would use the old values. Run: make peer"
            )

    pulumi.Output.all(**peer.as_outputs()).apply(compare)


def _required(stack: str, output: str, *, role: Any, value: Any) -> str:
    if value is None:
        raise MissingOutput(
            f"stack {stack} has no output {output}, which this stack needs. "
            f"Bring that stack up first (pulumi up -s {stack}), with the same version of this program."
        )
    if role not in (None, _FOLLOWED_ROLE):
        raise MissingOutput(
            f"stack {stack} has role {role}, so there is nothing to follow. "
            f"A standby's trading:peerStack must name the stack whose trading:role is {_FOLLOWED_ROLE}."
        )
    return str(value)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
