"""Sessions and queues of one site: Valkey in every zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.alarms import AlarmSpec, Metric
from components.cache_login import CacheLogin, CacheLoginArgs
from components.network.flows import REDIS_PORT
from components.settings import CacheSettings

ENGINE: Final = "valkey"

LOG_TYPES: Final = ("slow-log", "engine-log")
LOG_RETENTION_DAYS: Final = 365

PARAMETERS: Final = {
    # A full cache drops what expires anyway, sessions first used longest ago; a queue has no expiry and is never
    # dropped. The alternative, noeviction, would refuse every write and so stop the queues for the sessions' sake.
    "maxmemory-policy": "volatile-lru",
    # Room for replication buffers and snapshots, without which either may run the node out of memory.
    "reserved-memory-percent": "25",
    "slowlog-log-slower-than": "5000",
    # A client that died with its zone is noticed within a minute, not five.
    "tcp-keepalive": "60",
}
"""What differs from ElastiCache's defaults, or must not drift from them
(https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html)."""

MAX_CONNECTIONS: Final = 65_000
"""What one node takes; it cannot be changed (maxclients, same page)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheArgs:
    """cache_name: the replication group's name, 40 characters at most; subnet_ids: of the data tier, one a zone."""

    cache_name: str
    settings: CacheSettings
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    cache_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    protect: bool


class Cache(pulumi.ComponentResource):
    """An ElastiCache replication group with a node in every zone, automatic failover, TLS only, and one login.

    It holds what can be lost: replication is asynchronous, so a failover forgets the last moments, and a region's
    cache is never copied to the other. The application must work without it, only worse.
    """

    address: pulumi.Output[str]
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:index:Cache", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cache = args.settings
        login = CacheLogin(
            f"{name}-login",
            CacheLoginArgs(
                cache_name=args.cache_name,
                engine=ENGINE,
                version=cache.password_version,
                kms_key_arn=args.secrets_key_arn,
                protect=args.protect,
            ),
            opts=child,
        )
        subnets = aws.elasticache.SubnetGroup(
            f"{name}-subnets",
            name=args.cache_name,
            description="Data tier, every zone",
            subnet_ids=args.subnet_ids,
            opts=child,
        )
        group = aws.elasticache.ParameterGroup(
            f"{name}-parameters",
            name=f"{args.cache_name}-{ENGINE}{cache.major_version}",
            family=f"{ENGINE}{cache.major_version}",
            description=f"Parameters of {args.cache_name}",
            parameters=[
                aws.elasticache.ParameterGroupParameterArgs(name=key, value=value)
                for key, value in sorted(PARAMETERS.items())
            ],
            opts=child,
        )
        logs = {
            kind: aws.cloudwatch.LogGroup(
                f"{name}-{kind}",
                name=f"/aws/elasticache/{args.cache_name}/{kind}",
                retention_in_days=LOG_RETENTION_DAYS,
                kms_key_id=args.logs_key_arn,
                opts=child,
            )
            for kind in LOG_TYPES
        }
        # Its own random part: a fixed name would collide with the snapshot that an earlier deletion left.
        final = random.RandomId(f"{name}-final", byte_length=4, keepers={"cache": args.cache_name}, opts=child)
        nodes = aws.elasticache.ReplicationGroup(
            f"{name}-group",
            replication_group_id=args.cache_name,
            description="Sessions and queues",
            engine=ENGINE,
            engine_version=cache.engine_version,
            node_type=cache.node_type,
            num_cache_clusters=len(args.subnet_ids),
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            port=REDIS_PORT,
            subnet_group_name=subnets.name,
            security_group_ids=[args.security_group_id],
            parameter_group_name=group.name,
            user_group_ids=[login.user_group_id],
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            at_rest_encryption_enabled=True,
            kms_key_id=args.cache_key_arn,
            log_delivery_configurations=[
                aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
                    log_type=kind,
                    destination_type="cloudwatch-logs",
                    destination=logs[kind].name,
                    log_format="json",
                )
                for kind in LOG_TYPES
            ],
            auto_minor_version_upgrade=True,
            maintenance_window=str(cache.maintenance_window),
            snapshot_window=str(cache.snapshot_window),
            snapshot_retention_limit=cache.snapshot_retention_days,
            final_snapshot_identifier=final.hex.apply(lambda part: f"{args.cache_name}-final-{part}"),
            apply_immediately=cache.apply_immediately,
            # AWS has no deletion protection for it: only the engine's stands between a mistake and an empty cache.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.address = nodes.primary_endpoint_address
        self.secret_arn = login.secret_arn
        self.register_outputs({"address": self.address, "secret_arn": self.secret_arn})
        self._node_names = tuple(f"{args.cache_name}-{number:03}" for number, _ in enumerate(args.subnet_ids, start=1))

    def alarms(self) -> tuple[AlarmSpec, ...]:
        """What each node suffers from. ElastiCache numbers the nodes of a group from 001; roles move among them."""
        return tuple(alarm for node in self._node_names for alarm in _node_alarms(node))


def _node_alarms(node: str) -> tuple[AlarmSpec, ...]:
    def alarm(key: str, metric: str, statistic: Any, threshold: float, description: str, **more: Any) -> AlarmSpec:
        return AlarmSpec(
            key=f"cache-{node.rsplit('-', 1)[1]}-{key}",
            description=f"Cache node {node}: {description}",
            source=Metric(
                namespace="AWS/ElastiCache", name=metric, dimensions={"CacheClusterId": node}, statistic=statistic
            ),
            comparison="GreaterThanThreshold",
            threshold=threshold,
            **more,
        )

    return (
        # Of the engine's one thread, which is busy long before the machine is.
        alarm("cpu", "EngineCPUUtilization", "Average", 80, "the engine is close to its limit", evaluation_periods=5),
        alarm("memory", "DatabaseMemoryUsagePercentage", "Maximum", 80, "memory runs out"),
        alarm("evictions", "Evictions", "Sum", 0, "sessions are dropped before they end"),
        alarm("connections", "CurrConnections", "Maximum", MAX_CONNECTIONS * 0.8, "clients leak connections"),
        # Only a replica has the metric, and which node is one changes.
        alarm(
            "lag",
            "ReplicationLag",
            "Maximum",
            5,
            "a failover would lose this many seconds of sessions and queues",
            missing_data="notBreaching",
        ),
    )
