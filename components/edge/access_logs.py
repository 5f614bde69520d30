"""The bucket that the load balancer writes its access and connection logs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.iam import allow, document
from components.regions import PARTITION

LOG_DELIVERY: Final = "logdelivery.elasticloadbalancing.amazonaws.com"
"""Who writes, in every region; the accounts per region that older regions asked for are the legacy way
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html)."""

ACCESS_PREFIX: Final = "access"
CONNECTION_PREFIX: Final = "connection"

KEPT_DAYS: Final = 365
"""A year, as long as every other log."""

COLD_AFTER_DAYS: Final = 30
OVERWRITTEN_DAYS: Final = 30


def log_bucket_name(prefix: str, *, account_id: str, region: str) -> str:
    """Bucket names are taken once in the whole world: account and region make this one ours."""
    return f"{prefix}-{account_id}-{region}-lb-logs"


def log_bucket_policy(bucket: str, account_id: str) -> str:
    """Elastic Load Balancing may add logs of this account and nothing else; nobody may come without TLS."""
    arn = f"arn:{PARTITION}:s3:::{bucket}"
    places = [f"{arn}/{prefix}/AWSLogs/{account_id}/*" for prefix in (ACCESS_PREFIX, CONNECTION_PREFIX)]
    return document(
        allow("LogDelivery", ["s3:PutObject"], places, principal={"Service": LOG_DELIVERY}),
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": ["s3:*"],
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogsArgs:
    """prefix: of the bucket's name; region: the load balancer's, since it writes to no other."""

    prefix: str
    account_id: str
    region: str
    protect: bool


class AccessLogs(pulumi.ComponentResource):
    """A private bucket for a load balancer's logs.

    Encrypted with S3's own key, because Elastic Load Balancing writes to no bucket with a KMS key: switching the
    logs on would fail. `ready`: what must stand before a load balancer is told to write, since it tries at once.
    """

    bucket: pulumi.Output[str]
    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: AccessLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:edge:AccessLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket_name = log_bucket_name(args.prefix, account_id=args.account_id, region=args.region)
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=bucket_name,
            # Torn down, the logs go with it; until then protection refuses the deletion of the bucket itself.
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        by_s3 = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="AES256"
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(apply_server_side_encryption_by_default=by_s3)
            ],
            opts=child,
        )
        aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        private = aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=log_bucket_policy(bucket_name, args.account_id),
            # Both settings change the bucket's access, and S3 answers 409 to two at once.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[private]),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle", bucket=bucket.bucket, rules=[_lifecycle_rule()], opts=child
        )
        self.bucket = bucket.bucket
        self.ready = (policy, encryption)
        self.register_outputs({"bucket": self.bucket})


def _lifecycle_rule() -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    rule = aws.s3.BucketLifecycleConfigurationRuleArgs
    return rule(
        id="logs",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        transitions=[
            aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(days=COLD_AFTER_DAYS, storage_class="GLACIER_IR")
        ],
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=KEPT_DAYS),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=OVERWRITTEN_DAYS
        ),
        abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=7
        ),
    )
