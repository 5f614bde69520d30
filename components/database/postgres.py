"""One PostgreSQL of a site: writer or replica, with a synchronous standby in another zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, assert_never

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.alarms import AlarmSpec, Metric
from components.database.origin import Fresh, Origin, Promoted, ReplicaOf
from components.database.parameters import SLOT_WAL_SHARE, Audience, parameters
from components.iam import assumed_by
from components.regions import PARTITION
from components.settings import DatabaseSettings
from components.sizing import DatabaseSizing

ENGINE: Final = "postgres"
DATABASE_NAME: Final = "trading"
CERTIFICATE_AUTHORITY: Final = "rds-ca-rsa2048-g1"
"""Valid until 2061 (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html)."""

INSIGHTS_RETENTION_DAYS: Final = 465
"""The least that Database Insights' advanced mode takes; Performance Insights alone takes 7, months of 31 days
(this is the fifteenth) or 731 (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html)."""

EVENT_CATEGORIES: Final = (
    "availability",
    "deletion",
    "failover",
    "failure",
    "low storage",
    "read replica",
    "recovery",
)

LOG_EXPORTS: Final = ("postgresql", "upgrade")
LOG_RETENTION_DAYS: Final = 365

INHERITED: Final = [
    "availabilityZone",
    "dbName",
    "engine",
    "engineLifecycleSupport",
    "kmsKeyId",
    "snapshotIdentifier",
    "storageEncrypted",
    "username",
]
"""What AWS would replace the instance for. None of it ever changes on purpose: a new one is a new generation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HaPostgresArgs:
    """identifier: the RDS name, with its generation; subnet_ids: of the data tier, two zones or more.

    audience: "trading" for a writer and whatever may become one; a "reporting" replica may lag and has no standby.
    """

    identifier: str
    origin: Origin
    audience: Audience = "trading"
    settings: DatabaseSettings
    sizing: DatabaseSizing
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    database_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    account_id: str
    protect: bool


class HaPostgres(pulumi.ComponentResource):
    """An RDS for PostgreSQL Multi-AZ instance: Fresh, ReplicaOf another, or Promoted from being one.

    Creates: the instance; its subnet and parameter groups; encrypted log groups, before RDS makes unencrypted ones
    that never expire; the monitoring role; an event subscription; a name for the final snapshot.
    Decides: gp3 or io2 with the IOPS of the sizing, storage that grows, backups and the standby in every mode, so
    that a promoted replica needs no further change on the day it must trade.

    The instance's URN is the same in all modes: promotion is an update in place. A ReplicaOf differs from the
    Promoted instance in its source and in what happens at deletion, and in nothing else.

    What AWS refuses when a cross-region replica is created rests on the provider (aws_db_instance, 6.x): it holds
    the parameter group back, then modifies and reboots; it leaves allocated_storage to the source. What AWS does
    not take at that moment, Database Insights' mode and extended support, is left alone on whatever began as a
    replica.
    """

    arn: pulumi.Output[str]
    identifier: pulumi.Output[str]
    address: pulumi.Output[str]
    engine_version: pulumi.Output[str]

    def __init__(self, name: str, args: HaPostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:database:HaPostgres", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        db = args.settings

        subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            name=args.identifier,
            description="Data tier, every zone",
            subnet_ids=args.subnet_ids,
            opts=child,
        )
        group = aws.rds.ParameterGroup(
            f"{name}-parameters",
            name=f"{args.identifier}-pg{db.major_version}",
            family=f"{ENGINE}{db.major_version}",
            description=f"Parameters of {args.identifier}",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=p.name, value=p.value, apply_method=p.apply_method)
                for p in parameters(args.sizing, allocated_storage_gib=db.allocated_storage, audience=args.audience)
            ],
            opts=child,
        )
        logs = [
            aws.cloudwatch.LogGroup(
                f"{name}-{export}-logs",
                name=f"/aws/rds/instance/{args.identifier}/{export}",
                retention_in_days=LOG_RETENTION_DAYS,
                kms_key_id=args.logs_key_arn,
                opts=child,
            )
            for export in LOG_EXPORTS
        ]
        role = aws.iam.Role(
            f"{name}-monitoring",
            name=f"{args.identifier}-monitoring",
            assume_role_policy=assumed_by("monitoring.rds.amazonaws.com", on_behalf_of=args.account_id),
            opts=child,
        )
        monitoring = aws.iam.RolePolicyAttachment(
            f"{name}-monitoring",
            role=role.name,
            policy_arn=f"arn:{PARTITION}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
            opts=child,
        )
        # Its own random part: a fixed name would collide with the snapshot that an earlier deletion left.
        final = random.RandomId(f"{name}-final", byte_length=4, keepers={"identifier": args.identifier}, opts=child)

        instance = aws.rds.Instance(
            f"{name}-instance",
            identifier=args.identifier,
            **_origin(args.origin, final_snapshot=final.hex.apply(lambda part: f"{args.identifier}-final-{part}")),
            engine_version=db.engine_version,
            allow_major_version_upgrade=False,
            auto_minor_version_upgrade=False,  # it would move writer and replica at different times
            instance_class=db.instance_class,
            multi_az=args.audience == "trading",
            storage_type=db.storage_type,
            allocated_storage=db.allocated_storage,
            max_allocated_storage=db.max_allocated_storage,
            iops=args.sizing.iops,
            storage_throughput=args.sizing.throughput if db.storage_type == "gp3" else None,
            storage_encrypted=True,
            kms_key_id=args.database_key_arn,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[args.security_group_id],
            publicly_accessible=False,
            ca_cert_identifier=CERTIFICATE_AUTHORITY,
            parameter_group_name=group.name,
            backup_retention_period=db.retention_days,
            backup_window=str(db.backup_window),
            maintenance_window=str(db.maintenance_window),
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=args.protect,
            monitoring_interval=1,
            monitoring_role_arn=role.arn,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.database_key_arn,
            performance_insights_retention_period=INSIGHTS_RETENTION_DAYS,
            enabled_cloudwatch_logs_exports=list(LOG_EXPORTS),
            iam_database_authentication_enabled=True,
            apply_immediately=db.apply_immediately,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                ignore_changes=INHERITED,
                depends_on=[*logs, monitoring],
                # A replica of terabytes is a snapshot, a copy across regions and a load.
                custom_timeouts=pulumi.CustomTimeouts(create="6h", update="3h", delete="2h"),
            ),
        )
        aws.rds.EventSubscription(
            f"{name}-events",
            name=args.identifier,
            sns_topic=args.topic_arn,
            source_type="db-instance",
            source_ids=[instance.identifier],
            event_categories=list(EVENT_CATEGORIES),
            opts=child,
        )
        self.arn = instance.arn
        self.identifier = instance.identifier
        self.address = instance.address
        self.engine_version = instance.engine_version_actual
        self.register_outputs({"arn": self.arn, "identifier": self.identifier, "address": self.address})
        self._args = args

    def alarms(self) -> tuple[AlarmSpec, ...]:
        """What must wake someone even when the cluster with the monitoring is gone."""
        args = self._args
        who = {"DBInstanceIdentifier": self.identifier}
        allocated = args.settings.allocated_storage * 1024**3

        def metric(name: str, statistic: Any = "Average") -> Metric:
            return Metric(namespace="AWS/RDS", name=name, dimensions=who, statistic=statistic)

        common = (
            AlarmSpec(
                key=f"{args.identifier}-cpu",
                description="The database is close to its processors' limit",
                source=metric("CPUUtilization"),
                comparison="GreaterThanThreshold",
                threshold=80,
                evaluation_periods=5,
            ),
            AlarmSpec(
                key=f"{args.identifier}-storage",
                description="Less than a tenth of the first allocation is free, though storage grows by itself",
                source=metric("FreeStorageSpace", "Minimum"),
                comparison="LessThanThreshold",
                threshold=allocated / 10,
            ),
            AlarmSpec(
                key=f"{args.identifier}-connections",
                description="Nine tenths of max_connections are taken",
                source=metric("DatabaseConnections", "Maximum"),
                comparison="GreaterThanThreshold",
                threshold=args.sizing.max_connections * 0.9,
            ),
            AlarmSpec(
                key=f"{args.identifier}-slot-wal",
                description="WAL kept for a slow or lost replica is half of what the writer keeps before it gives up",
                source=metric("OldestReplicationSlotLag", "Maximum"),
                comparison="GreaterThanThreshold",
                threshold=allocated * SLOT_WAL_SHARE / 2,
                missing_data="notBreaching",
            ),
        )
        match args.origin:
            case ReplicaOf():
                lag = AlarmSpec(
                    key=f"{args.identifier}-replica-lag",
                    description="The replica is further behind than an idle writer explains: this much would be lost",
                    source=metric("ReplicaLag", "Maximum"),
                    comparison="GreaterThanThreshold",
                    # On an idle writer RDS measures up to five minutes; the heartbeat alert is the sharp one.
                    threshold=360,
                    missing_data="breaching",
                )
                return (*common, lag)
            case Fresh() | Promoted():
                return common
            case _:
                assert_never(args.origin)


def _origin(origin: Origin, *, final_snapshot: pulumi.Input[str]) -> dict[str, Any]:
    """What differs between the modes: login, source, and whether deletion leaves a snapshot.

    RDS refuses a final snapshot of a replica, and deletes anything else without one only when told to.
    """
    match origin:
        case Fresh():
            return {
                "engine": ENGINE,
                "engine_lifecycle_support": "open-source-rds-extended-support-disabled",
                "db_name": DATABASE_NAME,
                "username": origin.username,
                "password_wo": origin.password,
                "password_wo_version": origin.password_version,
                "database_insights_mode": "advanced",
                "skip_final_snapshot": False,
                "final_snapshot_identifier": final_snapshot,
            }
        case ReplicaOf():
            return {"replicate_source_db": origin.source_arn, "skip_final_snapshot": True}
        case Promoted():
            return {"skip_final_snapshot": False, "final_snapshot_identifier": final_snapshot}
        case _:
            assert_never(origin)
