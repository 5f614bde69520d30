"""The tables: every resource type that the sandbox emulates."""

from sandbox.cloud.spec import TypeSpec
from sandbox.cloud.types import (
    cache,
    compute,
    database,
    edge,
    eks,
    firewall,
    monitoring,
    network,
    randomness,
    security,
    storage,
)

_TABLES = (network, security, database, edge, storage, monitoring, compute, eks, cache, firewall, randomness)

SPECS: dict[str, TypeSpec] = {spec.token: spec for table in _TABLES for spec in table.SPECS}
