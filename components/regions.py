"""What the platform needs to know about AWS regions: plain facts, each with its source.

Zones are chosen by zone ID because only IDs mean the same place in every account
(https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html).
"""

from __future__ import annotations

from typing import Final

PARTITION: Final = "aws"

CONTROL_PLANE_REGION: Final = "us-east-1"
"""Home of the IAM and Route 53 control planes and of the health checks' metrics: never the primary
(https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html)."""

ZONE_IDS: Final[dict[str, tuple[str, ...]]] = {
    "ap-northeast-1": ("apne1-az1", "apne1-az2", "apne1-az4"),
    "ap-northeast-2": ("apne2-az1", "apne2-az2", "apne2-az3", "apne2-az4"),
    "ap-northeast-3": ("apne3-az1", "apne3-az2", "apne3-az3"),
    "eu-central-1": ("euc1-az1", "euc1-az2", "euc1-az3"),
    "eu-west-1": ("euw1-az1", "euw1-az2", "euw1-az3"),
    "eu-west-2": ("euw2-az1", "euw2-az2", "euw2-az3"),
    "eu-west-3": ("euw3-az1", "euw3-az2", "euw3-az3"),
    "us-east-1": ("use1-az1", "use1-az2", "use1-az4", "use1-az5", "use1-az6"),
    "us-east-2": ("use2-az1", "use2-az2", "use2-az3"),
    "us-west-2": ("usw2-az1", "usw2-az2", "usw2-az3", "usw2-az4"),
}
"""Zone IDs per supported region. use1-az3 is left out: it takes no current instance generation."""

QUORUM_SETS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"}),
    frozenset({"us-east-1", "us-east-2", "us-west-2"}),
    frozenset({"ap-northeast-1", "ap-northeast-2", "ap-northeast-3"}),
)
"""Regions among which DynamoDB keeps one strongly consistent table: the fence needs both trading regions and
a witness inside one set
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html)."""


def quorum_set(region: str) -> frozenset[str]:
    """The regions that may share a fence with `region`; empty where the platform does not support it."""
    return next((regions for regions in QUORUM_SETS if region in regions), frozenset())


def supported_peers(region: str) -> tuple[str, ...]:
    """Regions that may be the other side of `region`, in alphabetical order."""
    return tuple(sorted(quorum_set(region) - {region}))
