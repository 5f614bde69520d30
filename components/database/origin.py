"""How a database came to be, which decides what may be said about it and what must not."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A database of its own from the first day: it has a login and nothing upstream.

    password_version: raising it makes RDS take the password anew.
    """

    username: str
    password: pulumi.Input[str]
    password_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaOf:
    """An asynchronous copy of a database in another region: it has a source, and inherits the login."""

    source_arn: pulumi.Input[str]


@dataclass(frozen=True, slots=True)
class Promoted:
    """Once a replica, now a writer: no source any more, and still the login that it inherited."""


Origin = Fresh | ReplicaOf | Promoted


class TooSmallToFollow(pulumi.RunError):
    """A replica that could not replay what its source does."""


def follow(
    *, source_arn: pulumi.Input[str], source_max_connections: pulumi.Input[str], max_connections: int
) -> ReplicaOf:
    """A replica of `source_arn`, refused while the program runs if its own limit is below the source's.

    PostgreSQL pauses replay on a standby with fewer connections than the writer allows
    (https://www.postgresql.org/docs/18/hot-standby.html#HOT-STANDBY-ADMIN).
    """

    def check(source: dict[str, str]) -> str:
        if int(source["max_connections"]) > max_connections:
            raise TooSmallToFollow(
                f"the replica would allow {max_connections} connections and its source allows "
                f"{source['max_connections']}, so that PostgreSQL would stop replaying. "
                "Set trading:targetTps to no less than the other site's."
            )
        return source["arn"]

    source = pulumi.Output.all(arn=source_arn, max_connections=source_max_connections)
    return ReplicaOf(source_arn=source.apply(check))
