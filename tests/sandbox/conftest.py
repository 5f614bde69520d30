"""A world to test in: an emulated AWS in memory, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.cloud import Cloud, CloudError, Store
from sandbox.cloud.spec import aws

HOME, AWAY = "eu-central-1", "eu-west-1"


@dataclass
class Clock:
    """Time as the store sees it."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """Shorthands over a cloud: make("ec2", "Vpc", ...) creates and gives back id and outputs."""

    clock: Clock = field(default_factory=Clock)
    region: str = HOME

    def __post_init__(self) -> None:
        self.store = Store(clock=self.clock)
        self.cloud = Cloud(self.store)

    def make(self, module: str, kind: str, region: str = "", **inputs: Any) -> dict[str, Any]:
        """Create a resource; its outputs, with its id."""
        made, outputs = self.cloud.create(aws(module, kind), inputs, region=region or self.region, name=kind.lower())
        return {**outputs, "id": made}

    def change(self, module: str, kind: str, made: dict[str, Any], old: dict[str, Any], **new: Any) -> dict[str, Any]:
        """Update a resource from old inputs to new ones."""
        region = made.get("region", self.region)
        return self.cloud.update(aws(module, kind), made["id"], old, new, made, region=region)

    def drop(self, module: str, kind: str, made: dict[str, Any]) -> None:
        """Delete a resource."""
        self.cloud.delete(aws(module, kind), made["id"], made, made.get("region", self.region))

    def refused(self, action: Callable[[], Any]) -> str:
        """The text of the refusal that an action must end with."""
        with pytest.raises(CloudError) as refusal:
            action()
        return str(refusal.value)

    def network(self, region: str = HOME, cidr: str = "10.0.0.0/16") -> dict[str, Any]:
        """A VPC with two subnets in two zones, and a database subnet group over them."""
        prefix = {"eu-central-1": "euc1", "eu-west-1": "euw1"}[region]
        vpc = self.make("ec2", "Vpc", region, cidrBlock=cidr)
        subnets = [
            self.make("ec2", "Subnet", region, vpcId=vpc["id"], cidrBlock=cidr.replace("0.0/16", f"{n}.0/24"),
                      availabilityZoneId=f"{prefix}-az{n}")
            for n in (1, 2)
        ]  # fmt: skip
        group = self.make("rds", "SubnetGroup", region, name="data", subnetIds=[s["id"] for s in subnets])
        return {"vpc": vpc, "subnets": [s["id"] for s in subnets], "group": group["id"]}

    def database(self, **more: Any) -> dict[str, Any]:
        """A primary database that can be replicated."""
        inputs = {
            "identifier": "orders", "engine": "postgres", "engineVersion": "17.6", "instanceClass": "db.m7g.large",
            "allocatedStorage": 400, "storageType": "gp3", "username": "app", "passwordWo": "correct-horse-battery",
            "passwordWoVersion": 1, "backupRetentionPeriod": 14, "skipFinalSnapshot": True, **more,
        }  # fmt: skip
        return self.make("rds", "Instance", **{k: v for k, v in inputs.items() if v is not None})

    def replica(self, source: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A cross-region replica of it."""
        inputs = {"identifier": "orders-dr", "replicateSourceDb": source["arn"], "instanceClass": "db.m7g.large",
                  "backupRetentionPeriod": 14, "skipFinalSnapshot": True, **more}  # fmt: skip
        return self.make("rds", "Instance", AWAY, **inputs)


@pytest.fixture
def world() -> World:
    """An empty AWS."""
    return World()
