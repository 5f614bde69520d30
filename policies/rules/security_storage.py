"""S3, KMS, Secrets Manager, SNS, CloudWatch Logs, backup vaults."""

from __future__ import annotations

from functools import partial

from policies.documents import allows_anybody, refuses_plain_http
from policies.graph import Graph, Node
from policies.rule import Rule, at_least, every
from policies.tokens import (
    BACKUP_VAULT,
    BUCKET,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_LOGGING,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_PRIVATE,
    BUCKET_VERSIONING,
    KEY,
    LOAD_BALANCERS,
    LOG_GROUP,
    SECRET,
    SECRET_ROTATION,
    SUBSCRIPTION,
    TOPIC,
    TOPIC_POLICY,
)

_rule = partial(Rule, family="security")

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
KEPT_LOG_DAYS = 365
"""A year, as FSBP CloudWatch.16 and CKV_AWS_338 ask."""
KEY_GRACE_DAYS = 14


def takes_access_logs(graph: Graph, bucket: Node) -> bool:
    """Whether a bucket takes access logs, of a load balancer or of another bucket."""
    balancers = any(bucket in graph.targets(b, "accessLogs", BUCKET) for b in graph.of(*LOAD_BALANCERS))
    return balancers or bool(graph.referrers(bucket, "targetBucket", BUCKET_LOGGING))


def _algorithms(graph: Graph, bucket: Node) -> set[object]:
    return {
        (rule.get("applyServerSideEncryptionByDefault") or {}).get("sseAlgorithm")
        for settings in graph.referrers(bucket, "bucket", BUCKET_ENCRYPTION)
        for rule in settings.items("rules")
    }


def _is_encrypted(graph: Graph, bucket: Node) -> bool:
    # Load balancers write to SSE-S3 only (G44): such a bucket has no key of ours.
    wanted = {"aws:kms", "aws:kms:dsse"} | ({"AES256"} if takes_access_logs(graph, bucket) else set())
    found = _algorithms(graph, bucket)
    return bool(found) and found <= wanted


BUCKET_BLOCKED = _rule(
    id="bucket-not-public",
    severity="high",
    protects="No bucket can be made public.",
    why="One policy or ACL too many otherwise publishes it.",
    references=("fsbp:S3.8", "cis3:2.1.4", "ckv:CKV_AWS_53", "ckv:CKV_AWS_54", "ckv:CKV_AWS_55", "ckv:CKV_AWS_56"),
    fix="Add an aws.s3.BucketPublicAccessBlock with all four set.",
    check=every(
        BUCKET,
        lambda g, n: any(all(b.get(flag) is True for flag in BLOCKS) for b in g.referrers(n, "bucket", BUCKET_PRIVATE)),
        "public access is not blocked in all four ways",
    ),
)

BUCKET_ENCRYPTED = _rule(
    id="bucket-own-key",
    severity="medium",
    protects="Buckets are encrypted with our keys; those for access logs with S3's, the only ones AWS writes them to.",
    why="Reading then needs the key as well as the bucket.",
    references=("fsbp:S3.17", "ckv:CKV_AWS_145", "G44"),
    fix="Add an aws.s3.BucketServerSideEncryptionConfiguration with aws:kms.",
    check=every(BUCKET, _is_encrypted, "it is not encrypted as it should be"),
)

BUCKET_VERSIONED = _rule(
    id="bucket-versioned",
    severity="high",
    protects="What is overwritten or deleted can be brought back.",
    why="One wrong sync otherwise takes it all.",
    references=("fsbp:S3.14", "ckv:CKV_AWS_21"),
    fix='Add an aws.s3.BucketVersioning with status "Enabled".',
    check=every(
        BUCKET,
        lambda g, n: any(
            v.get("versioningConfiguration.status") == "Enabled" for v in g.referrers(n, "bucket", BUCKET_VERSIONING)
        ),
        "versioning is off",
    ),
)

BUCKET_TLS = _rule(
    id="bucket-requires-tls",
    severity="high",
    protects="Buckets answer over TLS only.",
    why="S3 still takes plain HTTP when nobody forbids it.",
    references=("fsbp:S3.5", "cis3:2.1.1"),
    fix="Deny everything where aws:SecureTransport is false in the bucket's policy.",
    check=every(
        BUCKET,
        lambda g, n: any(refuses_plain_http(p.get("policy")) for p in g.referrers(n, "bucket", BUCKET_POLICY)),
        "its policy takes plain HTTP",
    ),
)

BUCKET_NO_ACLS = _rule(
    id="bucket-no-acls",
    severity="medium",
    protects="Access to a bucket is decided in one place, its policy.",
    why="ACLs are a second place that nobody reads.",
    references=("fsbp:S3.12", "ckv:CKV2_AWS_65"),
    fix="Add an aws.s3.BucketOwnershipControls with BucketOwnerEnforced.",
    check=every(
        BUCKET,
        lambda g, n: any(
            o.get("rule.objectOwnership") == "BucketOwnerEnforced" for o in g.referrers(n, "bucket", BUCKET_OWNERSHIP)
        ),
        "ACLs are not off",
    ),
)

BUCKET_ENDS = _rule(
    id="bucket-lifecycle",
    severity="low",
    protects="What a bucket no longer needs goes away, unfinished uploads included.",
    why="Old versions and half uploads are paid for, and are read by whoever breaks in.",
    references=("fsbp:S3.13", "ckv:CKV2_AWS_61", "ckv:CKV_AWS_300"),
    fix="Add an aws.s3.BucketLifecycleConfiguration that also aborts incomplete uploads.",
    check=every(
        BUCKET,
        lambda g, n: any(
            rule.get("abortIncompleteMultipartUpload")
            for settings in g.referrers(n, "bucket", BUCKET_LIFECYCLE)
            for rule in settings.items("rules")
        ),
        "it has no lifecycle that also ends incomplete uploads",
    ),
)

BUCKET_LOGGED = _rule(
    id="bucket-access-logged",
    severity="medium",
    protects="Who read what is on record.",
    why="After a leak one must know what leaked.",
    references=("fsbp:S3.9", "ckv:CKV_AWS_18"),
    fix="Add an aws.s3.BucketLogging; a bucket that takes logs needs none.",
    check=every(
        BUCKET,
        lambda g, n: g.referrers(n, "bucket", BUCKET_LOGGING),
        "access is not logged",
        where=lambda g, n: not takes_access_logs(g, n),
    ),
)

BUCKET_CLOSED = _rule(
    id="bucket-policy-closed",
    severity="critical",
    protects="No bucket policy lets anybody in.",
    why="Anybody means the internet.",
    references=("fsbp:S3.2", "fsbp:S3.3", "ckv:CKV_AWS_70"),
    fix="Name the principal, or a condition that limits it.",
    check=every(BUCKET_POLICY, lambda g, n: not allows_anybody(n.get("policy")), "anybody is allowed"),
)

BUCKET_KEPT = _rule(
    id="bucket-not-force-destroyed",
    severity="high",
    protects="A bucket with something in it is not deleted.",
    why="force_destroy empties it first, every version included.",
    references=("M4",),
    fix="Leave force_destroy off.",
    check=every(BUCKET, lambda g, n: n.get("forceDestroy") in (False, None), "force_destroy is set"),
)

KEY_ROTATES = _rule(
    id="key-rotates",
    severity="high",
    protects="Keys renew themselves every year.",
    why="The longer a key serves, the more a leak of it costs.",
    references=("fsbp:KMS.4", "cis3:3.6", "ckv:CKV_AWS_7", "M17"),
    fix="Set enable_key_rotation.",
    check=every(
        KEY,
        lambda g, n: n.get("enableKeyRotation") is True,
        "enable_key_rotation is not set",
        where=lambda g, n: n.get("customerMasterKeySpec") in ("SYMMETRIC_DEFAULT", None),
    ),
)

KEY_CLOSED = _rule(
    id="key-policy-closed",
    severity="critical",
    protects="No key is open to anybody.",
    why="Its policy is all that guards what it encrypts.",
    references=("fsbp:KMS.5", "ckv:CKV_AWS_33", "ckv:CKV2_AWS_64"),
    fix="Name the principals, or limit everybody to an account and a service by condition.",
    check=every(
        KEY, lambda g, n: n.has("policy") and not allows_anybody(n.get("policy")), "it has no policy, or an open one"
    ),
)

KEY_GRACE = _rule(
    id="key-deletion-window",
    severity="high",
    protects="A key's deletion can be called off for two weeks at least.",
    why="What it encrypted, snapshots and state included, is lost with it.",
    references=("fsbp:KMS.3", "G31"),
    fix="Set deletion_window_in_days to 14 or more.",
    check=every(
        KEY,
        lambda g, n: n.get("deletionWindowInDays") is None or at_least(n.get("deletionWindowInDays"), KEY_GRACE_DAYS),
        "deletion_window_in_days is below 14",
    ),
)

KEY_LOCKOUT = _rule(
    id="key-lockout-check",
    severity="critical",
    protects="AWS refuses a key policy that locks its administrators out.",
    why="Such a key can be recovered by nobody.",
    references=("compliance-policies:aws-kms-key-disallow-bypass-policy-lockout-safety-check",),
    fix="Leave bypass_policy_lockout_safety_check off.",
    check=every(
        KEY, lambda g, n: n.get("bypassPolicyLockoutSafetyCheck") in (False, None), "the lockout check is bypassed"
    ),
)

KEY_ENABLED = _rule(
    id="key-enabled",
    severity="high",
    protects="Every key works.",
    why="A database whose key is disabled stops within hours, for good after a week.",
    references=("ckv:CKV_AWS_227", "G31"),
    fix="Leave is_enabled on.",
    check=every(KEY, lambda g, n: n.get("isEnabled") in (True, None), "is_enabled is off"),
)

SECRET_OWN_KEY = _rule(
    id="secret-own-key",
    severity="medium",
    protects="Secrets are encrypted with our keys, copies included.",
    why="AWS's own key cannot be withdrawn, nor used from another account.",
    references=("ckv:CKV_AWS_149",),
    fix="Set kms_key_id, and kms_key_id of every replica.",
    check=every(
        SECRET,
        lambda g, n: (
            g.refers(n, "kmsKeyId", KEY)
            and all(r.get("kmsKeyId") is not None and r.get("kmsKeyId") != "" for r in n.items("replicas"))
        ),
        "kms_key_id is not set, or not for every replica",
    ),
)

SECRET_RECOVERABLE = _rule(
    id="secret-recoverable",
    severity="medium",
    protects="A deleted secret can be brought back.",
    why="Without a window it is gone at once, with the login that it held.",
    fix="Leave recovery_window_in_days at 7 or more.",
    references=("fsbp:SecretsManager.3",),
    check=every(
        SECRET,
        lambda g, n: n.get("recoveryWindowInDays") is None or at_least(n.get("recoveryWindowInDays"), 7),
        "recovery_window_in_days is 0",
    ),
)

SECRET_ROTATES = _rule(
    id="secret-rotates",
    severity="medium",
    protects="Passwords are changed every 90 days.",
    why="A leaked one otherwise works for ever.",
    references=("fsbp:SecretsManager.1", "fsbp:SecretsManager.4", "ckv:CKV2_AWS_57", "ckv:CKV_AWS_304"),
    fix="Add an aws.secretsmanager.SecretRotation with 90 days or fewer.",
    check=every(
        SECRET,
        lambda g, n: any(
            at_least(90, r.get("rotationRules.automaticallyAfterDays") or 91)
            for r in g.referrers(n, "secretId", SECRET_ROTATION)
        ),
        "nothing rotates it",
    ),
)

TOPIC_ENCRYPTED = _rule(
    id="topic-own-key",
    severity="high",
    protects="Messages are encrypted with a key that CloudWatch and RDS may use.",
    why="AWS's own key admits no service, and messages vanish in silence.",
    references=("fsbp:SNS.1", "ckv:CKV_AWS_26", "G39"),
    fix="Set kms_master_key_id to a customer-managed key.",
    check=every(
        TOPIC,
        lambda g, n: g.refers(n, "kmsMasterKeyId", KEY) and n.get("kmsMasterKeyId") != "alias/aws/sns",
        "kms_master_key_id is not a key of this account",
    ),
)

TOPIC_CLOSED = _rule(
    id="topic-policy-closed",
    severity="high",
    protects="Nobody outside publishes to a topic.",
    why="A false alarm at the right moment hides the true one.",
    references=("fsbp:SNS.4", "ckv:CKV_AWS_169", "ckv:CKV_AWS_385"),
    fix="Limit the policy to services acting for this account.",
    check=every(TOPIC_POLICY, lambda g, n: not allows_anybody(n.get("policy")), "anybody may publish or subscribe"),
)

TOPIC_TLS = _rule(
    id="topic-requires-tls",
    severity="medium",
    protects="Topics take messages over TLS only.",
    why="SNS still takes plain HTTP when nobody forbids it.",
    fix="Deny sns:Publish where aws:SecureTransport is false.",
    references=("awslabs:sns-topic-tls",),
    check=every(
        TOPIC,
        lambda g, n: any(refuses_plain_http(p.get("policy")) for p in g.referrers(n, "arn", TOPIC_POLICY)),
        "its policy takes plain HTTP",
    ),
)

SUBSCRIPTION_TLS = _rule(
    id="subscription-not-http",
    severity="high",
    protects="Alarms are delivered encrypted.",
    why="They name what is broken.",
    references=("prowler:sns_subscription_not_using_http_endpoints",),
    fix="Use https, email, sqs or lambda.",
    check=every(SUBSCRIPTION, lambda g, n: n.get("protocol") not in ("http", None), "protocol is http"),
)

LOGS_KEPT = _rule(
    id="logs-kept",
    severity="medium",
    protects="Logs are kept for a year, and not for ever.",
    why="Intrusions are found months later; what is never deleted is paid for.",
    references=("fsbp:CloudWatch.16", "ckv:CKV_AWS_66", "ckv:CKV_AWS_338", "G40"),
    fix="Set retention_in_days to 365 or more.",
    check=every(
        LOG_GROUP, lambda g, n: at_least(n.get("retentionInDays"), KEPT_LOG_DAYS), "retention_in_days is below 365"
    ),
)

LOGS_OWN_KEY = _rule(
    id="logs-own-key",
    severity="medium",
    protects="Logs are encrypted with our keys.",
    why="They carry addresses, queries and names.",
    references=("ckv:CKV_AWS_158",),
    fix="Set kms_key_id to a key that admits CloudWatch Logs.",
    check=every(LOG_GROUP, lambda g, n: g.refers(n, "kmsKeyId", KEY), "kms_key_id is not set"),
)

VAULT_OWN_KEY = _rule(
    id="vault-own-key",
    severity="medium",
    protects="Backups are encrypted with our keys.",
    why="Copies under AWS's own key cannot leave the account.",
    references=("fsbp:Backup.1", "ckv:CKV_AWS_166", "G37"),
    fix="Set kms_key_arn.",
    check=every(BACKUP_VAULT, lambda g, n: g.refers(n, "kmsKeyArn", KEY), "kms_key_arn is not set"),
)

RULES = (
    BUCKET_BLOCKED,
    BUCKET_ENCRYPTED,
    BUCKET_VERSIONED,
    BUCKET_TLS,
    BUCKET_NO_ACLS,
    BUCKET_ENDS,
    BUCKET_LOGGED,
    BUCKET_CLOSED,
    BUCKET_KEPT,
    KEY_ROTATES,
    KEY_CLOSED,
    KEY_GRACE,
    KEY_LOCKOUT,
    KEY_ENABLED,
    SECRET_OWN_KEY,
    SECRET_RECOVERABLE,
    SECRET_ROTATES,
    TOPIC_ENCRYPTED,
    TOPIC_CLOSED,
    TOPIC_TLS,
    SUBSCRIPTION_TLS,
    LOGS_KEPT,
    LOGS_OWN_KEY,
    VAULT_OWN_KEY,
)
