"""The committed stack files as the engine would hand them to the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent

ACCOUNT = {"aws:allowedAccountIds": ["123456789012"]}
"""What a user sets once for their own account; no committed file carries it."""

ZONE_ID = "Z0123456789EXAMPLE"
"""The same for the hosted zone, where no emulated one is at hand."""

PEER = {
    "site": "primary",
    "role": "active",
    "region": "eu-central-1",
    "vpcCidr": "10.20.0.0/16",
    "databaseArn": "arn:aws:rds:eu-central-1:123456789012:db:trading-primary-g1",
    "databaseIdentifier": "trading-primary-g1",
    "databaseEngineVersion": "18.6",
    "databaseMaxConnections": "300",
}
"""What `make peer` writes to dr, while primary trades."""


def committed(stack: str, *, project: Path = ROOT, namespace: str = "trading") -> dict[str, str]:
    """A stack's configuration as committed, defaults of Pulumi.yaml included: full key to text."""
    declared = yaml.safe_load((project / "Pulumi.yaml").read_text())["config"]
    values = {f"{namespace}:{key}": item["default"] for key, item in declared.items() if "default" in item}
    values |= yaml.safe_load((project / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key: as_text(value) for key, value in values.items()}


def configuration(stack: str, **changes: Any) -> dict[str, str]:
    """A stack's configuration with an account's values; changes are keys of `trading:`, None removes one."""
    values = committed(stack) | {key: as_text(value) for key, value in ACCOUNT.items()}
    values["trading:hostedZoneId"] = ZONE_ID
    for key, value in changes.items():
        full = f"aws:{key}" if key in ("region", "allowedAccountIds") else f"trading:{key}"
        if value is None:
            values.pop(full, None)
        else:
            values[full] = as_text(value)
    return values


def as_text(value: Any) -> str:
    """Configuration reaches a program as text: nested values and numbers in JSON."""
    return value if isinstance(value, str) else json.dumps(value)
