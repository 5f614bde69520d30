"""Customer-managed KMS keys: one per purpose and region, each open to exactly the services that need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components.iam import Statement, allow, document
from components.regions import PARTITION


class Purpose(StrEnum):
    """What a key encrypts; losing one key then loses one thing."""

    DATABASE = "database"
    """RDS storage, snapshots, Database Insights."""
    SECRETS = "secrets"
    """Secrets Manager."""
    LOGS = "logs"
    """CloudWatch log groups."""
    NOTIFICATIONS = "notifications"
    """SNS topics that CloudWatch alarms and RDS events publish to."""
    VOLUMES = "volumes"
    """EBS volumes of nodes and Auto Scaling instances."""
    CACHE = "cache"
    """ElastiCache."""


_ADMINISTER = (
    "kms:CancelKeyDeletion",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
)

_USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")


def key_policy(purpose: Purpose, *, account_id: str, region: str) -> str:
    """The key's resource policy: the account's IAM administers, the named services use, nobody decrypts directly.

    Without the first statement a key becomes unmanageable; without the others its service fails, some in
    silence (an SNS topic whose key does not admit CloudWatch drops the alarm).
    Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
    """
    root = f"arn:{PARTITION}:iam::{account_id}:root"
    return document(
        allow("AccountAdministersThroughIam", _ADMINISTER, principal={"AWS": root}),
        *_service_statements(purpose, account_id, region),
    )


def _service_statements(purpose: Purpose, account_id: str, region: str) -> Sequence[Statement]:
    match purpose:
        case Purpose.DATABASE:
            return _through_services(["rds"], account_id, region)
        case Purpose.SECRETS:
            return _through_services(["secretsmanager"], account_id, region)
        case Purpose.CACHE:
            return _through_services(["elasticache"], account_id, region)
        case Purpose.LOGS:
            groups = f"arn:{PARTITION}:logs:{region}:{account_id}:log-group:*"
            return [
                allow(
                    "LogGroupsOfThisAccount",
                    _USE,
                    principal={"Service": f"logs.{region}.amazonaws.com"},
                    condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
                )
            ]
        case Purpose.NOTIFICATIONS:
            return [
                # No condition on the account: not every publisher hands its own on to KMS, and one that is refused
                # fails in silence. The topic's policy, which every message passes first, has that condition.
                allow(
                    "Publishers",
                    ["kms:Decrypt", "kms:GenerateDataKey*"],
                    principal={"Service": ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]},
                )
            ]
        case Purpose.VOLUMES:
            # The service-linked role that launches instances needs the key itself, not only IAM's leave.
            role = f"arn:{PARTITION}:iam::{account_id}:role/aws-service-role/autoscaling.amazonaws.com/"
            launcher = {"AWS": f"{role}AWSServiceRoleForAutoScaling"}
            return [
                *_through_services(["ec2"], account_id, region),
                allow("AutoScalingUses", _USE, principal=launcher),
                allow(
                    "AutoScalingGrantsToVolumes",
                    ["kms:CreateGrant"],
                    principal=launcher,
                    condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
                ),
            ]


def _through_services(services: Sequence[str], account_id: str, region: str) -> Sequence[Statement]:
    """Whoever IAM lets use the key may do so, but through these services only."""
    root = {"AWS": f"arn:{PARTITION}:iam::{account_id}:root"}
    through = {"kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in services]}
    return [
        allow("UseThroughService", [*_USE, "kms:ListGrants"], principal=root, condition={"StringEquals": through}),
        allow(
            "ServiceGrantsToItsResources",
            ["kms:CreateGrant"],
            principal=root,
            condition={"StringEquals": through, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysArgs:
    """purposes: which keys; region: where they live, also when it is not the stack's own; prefix: of aliases."""

    purposes: tuple[Purpose, ...]
    account_id: str
    region: str
    prefix: str
    protect: bool


class Keys(pulumi.ComponentResource):
    """A customer-managed key with yearly rotation and an alias for each purpose.

    Deleting a key deletes what it encrypts: deletion waits 30 days, and `protect` refuses it outright.
    """

    arns: Mapping[Purpose, pulumi.Output[str]]

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:index:Keys", name, None, opts)
        arns = {}
        for purpose in args.purposes:
            key = aws.kms.Key(
                f"{name}-{purpose}",
                region=args.region,
                description=f"{args.prefix}: {purpose}",
                policy=key_policy(purpose, account_id=args.account_id, region=args.region),
                enable_key_rotation=True,
                deletion_window_in_days=30,
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
            aws.kms.Alias(
                f"{name}-{purpose}",
                region=args.region,
                name=f"alias/{args.prefix}-{purpose}",
                target_key_id=key.key_id,
                opts=pulumi.ResourceOptions(parent=self),
            )
            arns[purpose] = key.arn
        self.arns = arns
        self.register_outputs({"arns": {str(purpose): arn for purpose, arn in arns.items()}})

    def __getitem__(self, purpose: Purpose) -> pulumi.Output[str]:
        """The ARN of one key."""
        return self.arns[purpose]
