"""Where the sites' Pulumi state and its secrets key are kept: outside both trading regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.iam import allow, document
from components.naming import PLATFORM
from components.regions import PARTITION

KEPT_VERSIONS_DAYS: Final = 365
"""How long an overwritten state can still be brought back."""

ALIAS: Final = f"alias/{PLATFORM}-pulumi"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateStoreArgs:
    """region: where the bucket and the key live; protect: refuse deletion."""

    account_id: str
    region: str
    protect: bool


class StateStore(pulumi.ComponentResource):
    """An encrypted, versioned, private bucket for Pulumi state, and the key that encrypts the state's secrets."""

    bucket: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: StateStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:bootstrap:StateStore", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        guarded = pulumi.ResourceOptions(parent=self, protect=args.protect)
        root = f"arn:{PARTITION}:iam::{args.account_id}:root"
        key = aws.kms.Key(
            f"{name}-key",
            description="Pulumi state of the trading platform, and the secrets in it",
            policy=document(allow("AccountAdministersThroughIam", ["kms:*"], principal={"AWS": root})),
            enable_key_rotation=True,
            deletion_window_in_days=30,
            opts=guarded,
        )
        aws.kms.Alias(f"{name}-key", name=ALIAS, target_key_id=key.key_id, opts=child)
        bucket_name = f"{PLATFORM}-pulumi-state-{args.account_id}-{args.region}"
        bucket = aws.s3.Bucket(f"{name}-bucket", bucket=bucket_name, force_destroy=not args.protect, opts=guarded)
        aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        by_key = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms", kms_master_key_id=key.arn
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=by_key, bucket_key_enabled=True
                )
            ],
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
        arn = f"arn:{PARTITION}:s3:::{bucket_name}"
        aws.s3.BucketPolicy(
            f"{name}-tls-only",
            bucket=bucket.bucket,
            policy=document(
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": {"AWS": "*"},
                    "Action": ["s3:*"],
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ),
            # Both settings change the bucket's access, and S3 answers 409 to two at once.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[private]),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="overwritten-states",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    noncurrent_version_expiration=(
                        aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                            noncurrent_days=KEPT_VERSIONS_DAYS
                        )
                    ),
                    abort_incomplete_multipart_upload=(
                        aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                            days_after_initiation=7
                        )
                    ),
                )
            ],
            opts=child,
        )
        self.bucket = bucket.bucket
        self.key_arn = key.arn
        self.register_outputs({"bucket": self.bucket, "key_arn": self.key_arn})
