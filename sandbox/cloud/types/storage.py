"""S3 and DynamoDB."""

# An id is called id, a property is called property, as in AWS and Pulumi.
# ruff: noqa: A002

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from sandbox.cloud.call import Call, scramble
from sandbox.cloud.regions import REGIONS
from sandbox.cloud.spec import Calls, Ref, Refusal, Rule, TypeSpec, Value, aws
from sandbox.cloud.store import Record
from sandbox.cloud.types.security import KEY, is_document

BUCKET = aws("s3", "Bucket")
OBJECT = aws("s3", "BucketObject")
TABLE = aws("dynamodb", "Table")
ITEM = aws("dynamodb", "TableItem")

# Regions of one set may hold a table with multi-Region strong consistency; sets do not mix.
STRONG_SETS = (
    frozenset({"us-east-1", "us-east-2", "us-west-2"}),
    frozenset({"eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"}),
    frozenset({"ap-northeast-1", "ap-northeast-2", "ap-northeast-3"}),
)


# S3


def _bucket_name(call: Call) -> None:
    name = call.inputs.get("bucket", "")
    if name and (not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name) or ".." in name):
        raise call.refusal("InvalidBucketName", "The specified bucket is not valid.")
    if any(record.id == name for record in call.store.resources(type=BUCKET)):
        raise call.refusal(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        )


def _bucket_empty(call: Call) -> None:
    held = [record for record in call.siblings(OBJECT) if record.properties["bucket"] == call.id]
    if held and not call.state.get("forceDestroy"):
        raise call.refusal("BucketNotEmpty", "The bucket you tried to delete is not empty")
    for record in held:
        call.store.remove(call.region, OBJECT, record.id)


def _settings_die(call: Call) -> None:
    for name in _SETTINGS:
        for record in call.siblings(aws("s3", name)):
            if record.properties["bucket"] == call.id:
                call.store.remove(call.region, record.type, record.id)


def _bucket_zone(call: Call) -> str:
    return REGIONS[call.region].s3 if call.region in REGIONS else ""


def _etag(call: Call) -> str:
    return hashlib.md5(
        str(call.inputs.get("content", call.inputs.get("source"))).encode(), usedforsecurity=False
    ).hexdigest()


def _kept_version(call: Call) -> str:
    for record in call.siblings(aws("s3", "BucketVersioning")):
        versioning = record.properties["versioningConfiguration"]
        if record.properties["bucket"] == call.inputs["bucket"] and versioning.get("status") == "Enabled":
            return scramble("letters", 32)
    return ""


_SETTINGS: dict[str, tuple[str, str, str]] = {  # type -> put, get, delete
    "BucketVersioning": ("PutBucketVersioning", "GetBucketVersioning", "PutBucketVersioning"),
    "BucketServerSideEncryptionConfiguration": (
        "PutBucketEncryption",
        "GetBucketEncryption",
        "DeleteBucketEncryption",
    ),
    "BucketPublicAccessBlock": ("PutPublicAccessBlock", "GetPublicAccessBlock", "DeletePublicAccessBlock"),
    "BucketPolicy": ("PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy"),
    "BucketLifecycleConfiguration": (
        "PutBucketLifecycleConfiguration",
        "GetBucketLifecycleConfiguration",
        "DeleteBucketLifecycle",
    ),
    "BucketOwnershipControls": (
        "PutBucketOwnershipControls",
        "GetBucketOwnershipControls",
        "DeleteBucketOwnershipControls",
    ),
}


def _setting(name: str, **more: Any) -> TypeSpec:
    """A setting of a bucket, kept under the bucket's name."""
    put, get, delete = _SETTINGS[name]
    requires = {"bucket": Ref(BUCKET), **more.pop("requires", {})}
    replace_on = ("bucket",)
    return TypeSpec(
        token=aws("s3", name),
        service="s3",
        calls=Calls(put, get, put, delete),
        id="{bucket}",
        replace_on=replace_on,
        requires=requires,
        **more,
    )


# DynamoDB


def _table_shape(call: Call) -> None:
    names = {attribute["name"] for attribute in call.inputs.get("attributes") or []}
    keys = {call.inputs.get("hashKey"), call.inputs.get("rangeKey")} - {None}
    for index in (
        *(call.inputs.get("globalSecondaryIndexes") or []),
        *(call.inputs.get("localSecondaryIndexes") or []),
    ):
        keys |= {index.get("hashKey"), index.get("rangeKey")} - {None}
    if not call.inputs.get("hashKey"):
        raise call.refusal("ValidationException", "One or more parameter values were invalid: Missing the key hashKey")
    if names != keys:
        message = (
            "One or more parameter values were invalid: Some AttributeDefinitions are not used. "
            f"AttributeDefinitions: {sorted(names)}, keys used: {sorted(filter(None, keys))}"
        )
        if keys - names:
            message = (
                "One or more parameter values were invalid: Some index key attributes are not "
                f"defined in AttributeDefinitions. Keys: {sorted(filter(None, keys))}, "
                f"AttributeDefinitions: {sorted(names)}"
            )
        raise call.refusal("ValidationException", message)
    if call.inputs.get("billingMode", "PROVISIONED") == "PROVISIONED" and not (
        call.inputs.get("readCapacity") and call.inputs.get("writeCapacity")
    ):
        raise call.refusal(
            "ValidationException",
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits "
            "must both be specified when BillingMode is PROVISIONED",
        )


def _replicas(call: Call) -> None:
    """A global table: each replica's region is called as well, and strong consistency needs three regions of a set."""
    replicas = call.inputs.get("replicas") or []
    witness = (call.inputs.get("globalTableWitness") or {}).get("regionName")
    modes = {replica.get("consistencyMode", "EVENTUAL") for replica in replicas}
    others = [replica["regionName"] for replica in replicas]
    if call.region in others:
        raise call.refusal(
            "ValidationException",
            "Cannot add, delete, or update the local region through ReplicaUpdates. Use "
            f"CreateTable, DeleteTable, or UpdateTable as required. Region: {call.region}",
        )
    if len(modes) > 1:
        raise call.refusal("ValidationException", "All replicas of a global table must have the same consistency mode.")
    if witness and modes != {"STRONG"}:
        raise call.refusal(
            "ValidationException",
            "A witness Region can only be specified for a global table with multi-Region strong consistency.",
        )
    if modes == {"STRONG"}:
        _strong(call, [call.region, *others, *([witness] if witness else [])])
    if not call.changed("replicas") and not call.changed("globalTableWitness"):
        return
    old = {replica["regionName"] for replica in call.old.get("replicas") or []}
    if (
        old
        and "STRONG" in {r.get("consistencyMode") for r in call.old.get("replicas") or []}
        and others
        and set(others) != old
    ):
        raise call.refusal(
            "ValidationException", "Replicas of an MRSC global table cannot be added or removed one by one."
        )
    for region in dict.fromkeys([*others, *old]):
        call.api("UpdateTable")
        call.api("DescribeTable", region=region)


def _strong(call: Call, regions: list[str]) -> None:
    if len(set(regions)) != 3 or len(regions) != 3:
        message = (
            "MRSC global tables must be deployed in exactly three Regions: three replicas, or "
            "two replicas and one witness."
        )
        raise call.refusal("ValidationException", message)
    if not any(set(regions) <= strong for strong in STRONG_SETS):
        raise call.refusal(
            "ValidationException",
            f"MRSC global tables cannot span Region sets: {', '.join(sorted(regions))}",
        )
    was_strong = "STRONG" in {r.get("consistencyMode") for r in call.old.get("replicas") or []}
    has_items = any(record.properties["tableName"] == call.inputs.get("name") for record in call.siblings(ITEM))
    if has_items and not was_strong:
        raise call.refusal("ValidationException", "The table must be empty to be converted to an MRSC global table.")


def _in_every_region(call: Call) -> None:
    """Replicas are tables of their own regions, with the items of the whole."""
    for table in call.store.resources(type=TABLE):
        if table.id == call.id and table.properties.get("_implicit"):
            call.store.remove(table.region, TABLE, table.id)
    for replica in call.state.get("replicas") or []:
        region = replica["regionName"]
        here = {**call.state, "region": region, "arn": replica["arn"], "_implicit": True}
        call.store.put(region, TABLE, call.id, here)


def _nowhere(call: Call) -> None:
    for replica in call.state.get("replicas") or []:
        call.store.remove(replica["regionName"], TABLE, call.id)


def _regions_of(call: Call) -> list[str]:
    """The other regions that hold the table of an item."""
    tables = call.store.resources(type=TABLE)
    return [t.region for t in tables if t.id == call.inputs["tableName"] and t.region != call.region and _global(t)]


def _global(table: Record) -> bool:
    return bool(table.properties.get("replicas"))


def _item_everywhere(call: Call) -> None:
    for region in _regions_of(call):
        call.store.put(region, ITEM, call.id, {**call.state, "region": region, "_implicit": True})


def _item_nowhere(call: Call) -> None:
    for region in _regions_of(call):
        call.store.remove(region, ITEM, call.id)


def _stream_needed(call: Call) -> None:
    modes = {replica.get("consistencyMode", "EVENTUAL") for replica in call.inputs.get("replicas") or []}
    if (
        "EVENTUAL" in modes
        and call.inputs.get("streamEnabled")
        and call.inputs.get("streamViewType") != "NEW_AND_OLD_IMAGES"
    ):
        raise call.refusal(
            "ValidationException", "Stream view type must be NEW_AND_OLD_IMAGES for a table with replicas."
        )


def _replicas_shown(call: Call) -> None:
    if call.state.get("replicas"):
        call.state["replicas"] = [
            {
                "arn": call.state["arn"].replace(f":{call.region}:", f":{replica['regionName']}:", 1),
                "streamArn": "",
                "streamLabel": "",
                "kmsKeyArn": "",
                "consistencyMode": "EVENTUAL",
                "deletionProtectionEnabled": False,
                "pointInTimeRecovery": False,
                "propagateTags": False,
                **replica,
            }
            for replica in call.state["replicas"]
        ]


def _table_protected(call: Call) -> None:
    if call.state.get("deletionProtectionEnabled"):
        raise call.refusal(
            "ValidationException",
            "Resource cannot be deleted as it is currently protected against deletion. Disable "
            f"deletion protection first. Table: {call.id}",
        )
    for replica in call.state.get("replicas") or []:
        call.api("UpdateTable")
        call.api("DescribeTable", region=replica["regionName"])


def _items_die(call: Call) -> None:
    for record in call.store.resources(type=ITEM):
        replicated = record.properties.get("_implicit") or record.region == call.region
        if record.properties["tableName"] == call.id and replicated:
            call.store.remove(record.region, ITEM, record.id)


def _streaming(template: str) -> Value:
    def stream(call: Call) -> Any:
        needed = call.state.get("streamEnabled") or any(
            replica.get("consistencyMode", "EVENTUAL") == "EVENTUAL" for replica in call.state.get("replicas") or []
        )
        return call.render(template) if needed else ""

    return stream


def _item(call: Call) -> dict[str, Any]:
    try:
        item = json.loads(call.inputs["item"])
    except ValueError:
        item = None
    if not isinstance(item, dict) or not all(isinstance(value, dict) and len(value) == 1 for value in item.values()):
        raise call.refusal("ValidationException", "The provided item is not in DynamoDB's JSON format")
    return item


def _item_fits(call: Call) -> None:
    item = _item(call)
    table = call.find(TABLE, call.inputs["tableName"])
    if table is None:
        return
    kinds = {attribute["name"]: attribute["type"] for attribute in table.properties["attributes"]}
    for key in (table.properties.get("hashKey"), table.properties.get("rangeKey")):
        if not key:
            continue
        if key not in item:
            raise call.refusal(
                "ValidationException",
                f"One or more parameter values were invalid: Missing the key {key} in the item",
            )
        [(kind, _)] = item[key].items()
        if kind != kinds[key]:
            raise call.refusal(
                "ValidationException",
                f"One or more parameter values were invalid: Type mismatch for key {key} expected: "
                f"{kinds[key]} actual: {kind}",
            )
    if any(record.id == _item_id(call) for record in call.siblings()):
        raise call.refusal("ConditionalCheckFailedException", "The conditional request failed")


def _key_value(property: str) -> Value:
    def value(call: Call) -> str:
        key = call.inputs.get(property)
        return next(iter(_item(call)[key].values())) if key else ""

    return value


def _item_id(call: Call) -> str:
    parts = [call.inputs["tableName"], call.inputs["hashKey"], _key_value("hashKey")(call)]
    if call.inputs.get("rangeKey"):
        parts += [call.inputs["rangeKey"], _key_value("rangeKey")(call)]
    return "|".join(parts)


_TABLE_RULES: tuple[Rule, ...] = (_table_shape, _stream_needed, _replicas)


SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=BUCKET,
        service="s3",
        calls=Calls("CreateBucket", "HeadBucket", "PutBucketTagging", "DeleteBucket"),
        id="{bucket}",
        replace_on=("bucket", "bucketPrefix", "bucketNamespace", "objectLockEnabled"),
        requires={},
        autoname="bucket",
        name_length=63,
        defaults={"forceDestroy": False},
        outputs={
            "arn": "arn:{partition}:s3:::{bucket}",
            "bucketDomainName": "{bucket}.s3.amazonaws.com",
            "bucketRegion": "{region}",
            "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
            "bucketNamespace": "global",
            "hostedZoneId": _bucket_zone,
            "objectLockEnabled": False,
            "requestPayer": "BucketOwner",
            "serverSideEncryptionConfiguration": {
                "rule": {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
                    "bucketKeyEnabled": False,
                }
            },
            "versioning": {"enabled": False, "mfaDelete": False},
            "grants": [
                {
                    "id": scramble("hex", 64),
                    "permissions": ["FULL_CONTROL"],
                    "type": "CanonicalUser",
                    "uri": "",
                }
            ],
        },
        empty=(
            "accelerationStatus",
            "acl",
            "corsRules",
            "lifecycleRules",
            "logging",
            "objectLockConfiguration",
            "policy",
            "replicationConfiguration",
            "website",
            "websiteDomain",
            "websiteEndpoint",
        ),
        not_found=Refusal("NoSuchBucket", "The specified bucket does not exist"),
        on_create=(_bucket_name,),
        on_delete=(_bucket_empty,),
        after_delete=(_settings_die,),
    ),
    _setting("BucketVersioning"),
    _setting(
        "BucketServerSideEncryptionConfiguration",
        requires={"rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": (Ref(KEY, "arn"), Ref(KEY))},
    ),
    _setting(
        "BucketPublicAccessBlock",
        defaults={
            "blockPublicAcls": False,
            "blockPublicPolicy": False,
            "ignorePublicAcls": False,
            "restrictPublicBuckets": False,
        },
    ),
    _setting(
        "BucketPolicy",
        on_create=(is_document("policy", "MalformedPolicy"),),
        on_update=(is_document("policy", "MalformedPolicy"),),
    ),
    _setting(
        "BucketLifecycleConfiguration",
        outputs={"transitionDefaultMinimumObjectSize": "all_storage_classes_128K"},
        empty=("expectedBucketOwner",),
    ),
    _setting("BucketOwnershipControls"),
    TypeSpec(
        token=OBJECT,
        service="s3",
        calls=Calls("PutObject", "HeadObject", "PutObject", "DeleteObject"),
        id=lambda call: f"{call.inputs['bucket']}/{call.inputs['key']}",
        replace_on=("bucket", "key"),
        requires={"bucket": Ref(BUCKET), "kmsKeyId": Ref(KEY, "arn")},
        autoname="key",
        defaults={"forceDestroy": False},
        outputs={
            "arn": "arn:{partition}:s3:::{bucket}/{key}",
            "etag": _etag,
            "contentType": "application/octet-stream",
            "serverSideEncryption": "AES256",
            "storageClass": "STANDARD",
            "bucketKeyEnabled": False,
            "versionId": _kept_version,
        },
        renewed=("etag", "versionId"),
        empty=("kmsKeyId",),
    ),
    TypeSpec(
        token=TABLE,
        service="dynamodb",
        calls=Calls("CreateTable", "DescribeTable", "UpdateTable", "DeleteTable"),
        id="{name}",
        replace_on=(
            "name",
            "hashKey",
            "rangeKey",
            "localSecondaryIndexes",
            "restoreSourceName",
            "importTable",
        ),
        requires={
            "serverSideEncryption.kmsKeyArn": Ref(KEY, "arn"),
            "replicas.kmsKeyArn": Ref(KEY, "arn", anywhere=True),
        },
        autoname="name",
        defaults={"billingMode": "PROVISIONED", "deletionProtectionEnabled": False, "tableClass": "STANDARD"},
        outputs={
            "arn": "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
            "streamLabel": _streaming("{now}"),
            "streamArn": _streaming("{arn}/stream/{streamLabel}"),
            "streamViewType": _streaming("NEW_AND_OLD_IMAGES"),
            "readCapacity": 0,
            "writeCapacity": 0,
            "pointInTimeRecovery": {"enabled": False, "recoveryPeriodInDays": 0},
            "ttl": {"enabled": False, "attributeName": ""},
            "warmThroughput": {"readUnitsPerSecond": 12000, "writeUnitsPerSecond": 4000},
            "serverSideEncryption": {"enabled": False, "kmsKeyArn": ""},
        },
        renewed=("streamLabel", "streamArn"),
        empty=("globalSecondaryIndexes", "globalTableWitness", "attributes", "hashKey"),
        members={
            "name": "TableName",
            "attributes": "",
            "replicas": "",
            "globalSecondaryIndexes": "",
            "localSecondaryIndexes": "",
            "tags": "",
        },
        unique=("name",),
        taken=Refusal("ResourceInUseException", "Table already exists: {name}"),
        not_found=Refusal("ResourceNotFoundException", "Requested resource not found: Table: {value} not found"),
        on_create=_TABLE_RULES,
        on_update=_TABLE_RULES,
        on_delete=(_table_protected,),
        after_create=(_replicas_shown, _in_every_region),
        after_update=(_replicas_shown, _in_every_region),
        after_delete=(_items_die, _nowhere),
    ),
    TypeSpec(
        token=ITEM,
        service="dynamodb",
        calls=Calls("PutItem", "GetItem", "UpdateItem", "DeleteItem"),
        id=_item_id,
        replace_on=("tableName", "hashKey", "rangeKey"),
        requires={"tableName": Ref(TABLE)},
        outputs={"hashKeyValue": _key_value("hashKey"), "rangeKeyValue": _key_value("rangeKey")},
        renewed=("hashKeyValue", "rangeKeyValue"),
        members={"item": ""},
        on_create=(_item_fits,),
        after_create=(_item_everywhere,),
        after_update=(_item_everywhere,),
        after_delete=(_item_nowhere,),
    ),
)
