"""The one record that says which site may write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.naming import FENCE_KEY, FENCE_TABLE

FIRST_WRITER: Final = "primary"


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceArgs:
    """home_region and replica_region: the two trading regions; witness_region: the third of the quorum."""

    home_region: str
    replica_region: str
    witness_region: str
    protect: bool


class Fence(pulumi.ComponentResource):
    """A DynamoDB global table with multi-Region strong consistency and one item: {site, epoch}.

    A write needs two of the three regions, so that the fence can be set, and is never read stale, while any one of
    them is dead. The item changes hands outside Pulumi, each time conditionally on the epoch before: this program
    writes the first one only. Home is the DR region; a refresh must not depend on the primary's.

    Encrypted under the key that DynamoDB owns: it holds a site's name and a number, and must stay readable when a
    region's KMS does not answer.
    """

    table_name: pulumi.Output[str]

    def __init__(self, name: str, args: FenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:bootstrap:Fence", name, None, opts)
        table = aws.dynamodb.Table(
            f"{name}-table",
            region=args.home_region,
            name=FENCE_TABLE,
            billing_mode="PAY_PER_REQUEST",
            hash_key="record",
            attributes=[aws.dynamodb.TableAttributeArgs(name="record", type="S")],
            replicas=[
                aws.dynamodb.TableReplicaArgs(
                    region_name=args.replica_region,
                    consistency_mode="STRONG",
                    deletion_protection_enabled=args.protect,
                    point_in_time_recovery=True,
                )
            ],
            global_table_witness=aws.dynamodb.TableGlobalTableWitnessArgs(region_name=args.witness_region),
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
            deletion_protection_enabled=args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        item = {"record": {"S": FENCE_KEY}, "site": {"S": FIRST_WRITER}, "epoch": {"N": "1"}}
        aws.dynamodb.TableItem(
            f"{name}-writer",
            region=args.home_region,
            table_name=table.name,
            hash_key=table.hash_key,
            item=json.dumps(item),
            # Whoever holds the fence today was decided by a failover, not by this program.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["item"]),
        )
        self.table_name = table.name
        self.register_outputs({"table_name": self.table_name})
