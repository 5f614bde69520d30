"""RDS: instances, replicas and their promotion, parameter and subnet groups, events, replicated backups."""

# An id is called id, a property is called property, as in AWS and Pulumi.
# ruff: noqa: A001

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any

from sandbox.cloud import databases
from sandbox.cloud.call import Call
from sandbox.cloud.databases import INSTANCE
from sandbox.cloud.errors import CloudError
from sandbox.cloud.regions import REGIONS
from sandbox.cloud.spec import Calls, Ref, Refusal, TypeSpec, Value, aws
from sandbox.cloud.store import Record
from sandbox.cloud.types.monitoring import TOPIC
from sandbox.cloud.types.network import IN_GROUP, IN_SUBNET, subnet_vpc
from sandbox.cloud.types.security import KEY, ROLE

SUBNET_GROUP = aws("rds", "SubnetGroup")
PARAMETER_GROUP = aws("rds", "ParameterGroup")

# PostgreSQL parameters that only a restart changes: `immediate` is refused for them.
STATIC_PARAMETERS = frozenset(
    [
        "autovacuum_freeze_max_age",
        "autovacuum_max_workers",
        "huge_pages",
        "max_connections",
        "max_files_per_process",
        "max_locks_per_transaction",
        "max_logical_replication_workers",
        "max_pred_locks_per_transaction",
        "max_prepared_transactions",
        "max_replication_slots",
        "max_wal_senders",
        "max_worker_processes",
        "pg_stat_statements.max",
        "rds.logical_replication",
        "shared_buffers",
        "shared_preload_libraries",
        "track_activity_query_size",
        "track_commit_timestamp",
        "wal_buffers",
    ]
)
_PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306}
_INHERITED = (
    "engine",
    "engineVersion",
    "engineVersionActual",
    "username",
    "dbName",
    "allocatedStorage",
    "storageType",
    "iops",
    "storageThroughput",
    "storageEncrypted",
    "port",
)


def source(call: Call) -> Record | None:
    """The instance that a replica is made of: by ARN anywhere, by identifier in this region."""
    name = call.get("replicateSourceDb")
    if not name:
        return None
    return databases.find(call.store, name) or call.find(INSTANCE, name, "identifier")


def _is_replica(call: Call) -> bool:
    return bool(call.inputs.get("replicateSourceDb"))


# What RDS refuses


def _identifier(call: Call) -> None:
    name = call.inputs.get("identifier", "")
    if name and (not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]{0,62}", name) or "--" in name or name.endswith("-")):
        message = (
            "The parameter DBInstanceIdentifier is not a valid identifier. Identifiers must "
            "begin with a letter; "
            "must contain only ASCII letters, digits, and hyphens; and must not end with a "
            "hyphen or contain two "
            "consecutive hyphens."
        )
        raise call.refusal("InvalidParameterValue", message)


def _password(call: Call) -> None:
    for key in ("password", "passwordWo"):
        value = call.inputs.get(key)
        if value is None:
            continue
        if not 8 <= len(value) <= 128:
            message = (
                "The parameter MasterUserPassword is not a valid password because it is "
                f"{'shorter than 8' if len(value) < 8 else 'longer than 128'} characters."
            )
            raise call.refusal("InvalidParameterValue", message)
        if re.search(r'[/"@ ]|[^\x21-\x7e]', value):
            message = (
                "The parameter MasterUserPassword is not a valid password. Only printable ASCII "
                "characters besides '/', '@', '\"', ' ' may be used."
            )
            raise call.refusal("InvalidParameterValue", message)


def _fresh(call: Call) -> None:
    """A new instance needs what a replica inherits."""
    if _is_replica(call) or call.inputs.get("snapshotIdentifier") or call.inputs.get("restoreToPointInTime"):
        return
    for key, name in (
        ("allocatedStorage", "allocated_storage"),
        ("engine", "engine"),
        ("username", "username"),
    ):
        if not call.inputs.get(key):
            raise CloudError(f'"{name}": required field is not set')
    if not any(call.inputs.get(key) for key in ("password", "passwordWo", "manageMasterUserPassword")):
        raise CloudError('"password", "password_wo", "manage_master_user_password": one of them must be set')


def _replica(call: Call) -> None:
    """The rules of CreateDBInstanceReadReplica."""
    if not _is_replica(call):
        return
    call.operations.pop()  # CreateDBInstance is not what is called for a replica
    call.api("CreateDBInstanceReadReplica")
    _nothing_inherited_is_given(call)
    origin = source(call)
    name = call.inputs["replicateSourceDb"]
    remote = name.startswith("arn:") and name.split(":")[3] != call.region
    if remote:
        call.api("DescribeDBInstances", region=name.split(":")[3])  # the destination asks the source's region
        call.operations.append(call.operations.pop(-2))  # refusals are the create call's
    if origin is None:
        raise call.refusal("DBInstanceNotFound", f"The source DB instance could not be found: {name}")
    _source_can_replicate(call, origin)
    if remote and origin.properties.get("storageEncrypted") and not call.inputs.get("kmsKeyId"):
        raise call.refusal(
            "InvalidParameterCombination",
            "Cannot create a cross region unencrypted read replica from encrypted source",
        )
    if call.inputs.get("databaseInsightsMode"):
        raise call.refusal(
            "InvalidParameterCombination", "DatabaseInsightsMode isn't supported for read replica creation."
        )
    if not remote and not name.startswith("arn:") and call.inputs.get("dbSubnetGroupName"):
        raise call.refusal(
            "InvalidParameterCombination",
            "The source DB instance must be given by its ARN where a DB subnet group is specified.",
        )


def _nothing_inherited_is_given(call: Call) -> None:
    for key, name in (
        ("username", "username"),
        ("dbName", "db_name"),
        ("snapshotIdentifier", "snapshot_identifier"),
        ("password", "password"),
        ("passwordWo", "password_wo"),
        ("manageMasterUserPassword", "manage_master_user_password"),
    ):
        if call.inputs.get(key):
            raise CloudError(f'"{name}": cannot be specified for a replica, it is inherited from the source')


def _source_can_replicate(call: Call, origin: Record) -> None:
    held = origin.properties
    if not held.get("backupRetentionPeriod"):
        message = (
            "Automated backups are not enabled for this database instance. To enable automated "
            "backups, use ModifyDBInstance to set the backup retention period to a non-zero "
            "value."
        )
        raise call.refusal("InvalidDBInstanceState", message)
    if held.get("manageMasterUserPassword"):
        message = (
            "You can't create a read replica of a DB instance whose master user password is "
            "managed by RDS in Secrets Manager."
        )
        raise call.refusal("InvalidParameterCombination", message)
    if held.get("replicateSourceDb") and origin.region != call.region:
        message = (
            f"The source DB instance {held['identifier']} is itself a read replica: a "
            "cross-region read replica cannot be made of it."
        )
        raise call.refusal("InvalidDBInstanceState", message)
    if held.get("status") not in ("available", "backing-up"):
        raise call.refusal(
            "InvalidDBInstanceState", f"Source instance {held['identifier']} is not in an available state."
        )


def _zone(call: Call) -> None:
    if call.inputs.get("multiAz") and call.inputs.get("availabilityZone") and call.changed("availabilityZone"):
        raise call.refusal(
            "InvalidParameterCombination",
            "Requesting a specific availability zone is not valid for Multi-AZ instances.",
        )


def _storage(call: Call) -> None:
    size = call.inputs.get("allocatedStorage") or call.state.get("allocatedStorage") or 0
    small = call.inputs.get("storageType") == "gp3" and call.get("engine", "postgres") == "postgres" and 0 < size < 400
    for key, name in (("iops", "Iops"), ("storageThroughput", "StorageThroughput")):
        if small and call.inputs.get(key) and not _is_replica(call):
            message = f"You can't specify {name} for engine postgres and a storage size less than 400."
            raise call.refusal("InvalidParameterCombination", message)
    if call.inputs.get("storageType") in ("io1", "io2") and not call.inputs.get("iops"):
        raise call.refusal(
            "InvalidParameterCombination",
            f"You must specify Iops for storage type {call.inputs['storageType']}.",
        )
    ceiling = call.inputs.get("maxAllocatedStorage")
    if ceiling and size and ceiling <= size:
        raise call.refusal(
            "InvalidParameterCombination",
            "Invalid max storage size for engine name postgres: Max storage size must be greater than storage size",
        )


def _insights(call: Call) -> None:
    days = call.inputs.get("performanceInsightsRetentionPeriod")
    if days and days not in (7, 731, *(31 * months for months in range(1, 24))):
        raise call.refusal(
            "InvalidParameterValue",
            "Invalid Performance Insights retention period. Valid values are: [7, 31 x n (n from "
            f"1 to 23), 731]; got {days}",
        )
    kept = (days or 7) if call.inputs.get("performanceInsightsEnabled") else 0
    if call.inputs.get("databaseInsightsMode") == "advanced" and kept < 465:
        message = (
            "To enable the Advanced mode of Database Insights, modify your instance to enable "
            "Performance Insights and set the retention period for Performance Insights to at "
            "least 465 days."
        )
        raise call.refusal("InvalidParameterCombination", message)


def _monitoring(call: Call) -> None:
    if bool(call.inputs.get("monitoringInterval")) != bool(call.inputs.get("monitoringRoleArn")):
        raise call.refusal(
            "InvalidParameterCombination",
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.",
        )


def _retention(call: Call) -> None:
    days = call.inputs.get("backupRetentionPeriod", 0)
    if not 0 <= days <= 35:
        raise call.refusal(
            "InvalidParameterValue", f"Invalid backup retention period: {days}. It must be between 0 and 35."
        )


def _group_family(call: Call) -> None:
    group = call.find(PARAMETER_GROUP, call.inputs.get("parameterGroupName"), "name")
    version = str(call.get("engineVersion") or (_inherit(call).get("engineVersion") if _is_replica(call) else ""))
    family = f"{call.get('engine') or 'postgres'}{version.split('.')[0]}"
    if group and version and group.properties["family"] != family:
        message = (
            f"The parameter group {group.properties['name']} with DBParameterGroupFamily "
            f"{group.properties['family']} can't be used for this instance. Use a parameter group "
            f"with DBParameterGroupFamily {family}."
        )
        raise call.refusal("InvalidParameterCombination", message)


def _same_vpc(call: Call) -> None:
    """Security groups must be of the subnet group's VPC."""
    group = call.find(SUBNET_GROUP, call.get("dbSubnetGroupName"), "name")
    for id in call.inputs.get("vpcSecurityGroupIds", []):
        found = call.find(aws("ec2", "SecurityGroup"), id)
        if group and found and found.properties.get("vpcId") != group.properties["vpcId"]:
            message = (
                "The DB instance and EC2 security group are in different VPCs. The DB instance is in "
                f"{group.properties['vpcId']} and the EC2 security group is in "
                f"{found.properties.get('vpcId')}"
            )
            raise call.refusal("InvalidVPCNetworkStateFault", message)


# Life of an instance


def _inherit(call: Call) -> dict[str, Any]:
    origin = source(call)
    if origin is None:
        return {}
    return {key: origin.properties[key] for key in _INHERITED if key in origin.properties}


def _inherited(key: str, otherwise: Value) -> Value:
    return lambda call: _inherit(call)[key] if key in _inherit(call) and _is_replica(call) else call.render(otherwise)


def _born(call: Call) -> None:
    """Set what a replica takes from its source whatever was asked for, and start the log's clock."""
    if not _is_replica(call):
        call.state["_wal"] = databases.new_writer(call.store)
        return
    origin = source(call)
    assert origin is not None  # noqa: S101 - _replica has refused otherwise
    call.state |= {
        key: value for key, value in _inherit(call).items() if key in ("allocatedStorage", "storageEncrypted")
    }
    call.state["_wal"] = {"source": origin.properties["arn"], "lsn": databases.position(call.store, origin)}
    remote = origin.region != call.region
    modified = {"parameterGroupName"} if remote else set()
    if modified & call.inputs.keys():
        # RDS takes no parameter group with a cross-region replica of PostgreSQL: the provider sets it afterwards.
        call.api("ModifyDBInstance")
        call.api("RebootDBInstance")


def _promote(call: Call) -> None:
    """replicateSourceDb taken away promotes; pointed elsewhere is refused."""
    before, after = call.old.get("replicateSourceDb"), call.inputs.get("replicateSourceDb")
    call.operations.pop()  # which operation an update is, is decided here
    now = call.state.get("replicateSourceDb")
    if after and after not in (before, now):
        call.api("DescribeDBInstances")
        raise CloudError("cannot elect new source database for replication")
    if after and not now and before == after and "source" not in call.state.get("_wal", {}):
        call.api("DescribeDBInstances")
        raise CloudError("cannot elect new source database for replication")
    if before and not after:
        call.api("PromoteReadReplica")
        _promotable(call)
        record = call.store.get(call.region, INSTANCE, call.id)
        start = databases.position(call.store, record) if record else 0
        call.state["_wal"] = databases.new_writer(call.store, start)
        call.state.pop("replicateSourceDb", None)
        call.state["status"] = "available"
    unmodified = {
        "replicateSourceDb",
        "tags",
        "tagsAll",
        "skipFinalSnapshot",
        "finalSnapshotIdentifier",
        "deleteAutomatedBackups",
        "allowMajorVersionUpgrade",
        "blueGreenUpdate",
        "applyImmediately",
    }
    changed = {key for key in call.inputs.keys() | call.old.keys() if call.changed(key)} - unmodified
    if any(not _same(call, key) for key in changed):
        call.api("ModifyDBInstance")
    elif not call.operations:
        call.api("AddTagsToResource")


def _same(call: Call, key: str) -> bool:
    return key in call.inputs and call.state.get(key) == call.inputs[key]


def _promotable(call: Call) -> None:
    if "source" not in call.state.get("_wal", {}):
        raise call.refusal("InvalidDBInstanceState", f"DB Instance is not a read replica: {call.state['identifier']}")
    if call.state.get("status") == "backing-up":
        raise call.refusal(
            "InvalidDBInstanceState",
            f"Read replica {call.state['identifier']} is backing up and cannot be promoted.",
        )


def _deletable(call: Call) -> None:
    if call.state.get("deletionProtection"):
        raise call.refusal(
            "InvalidParameterCombination",
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        )
    replica = "source" in call.state.get("_wal", {})
    snapshot = call.state.get("finalSnapshotIdentifier")
    if call.state.get("skipFinalSnapshot"):
        return
    if not snapshot:
        raise CloudError("final_snapshot_identifier is required when skip_final_snapshot is false")
    if replica:
        message = (
            "Final snapshot can not be taken of a read replica: FinalDBSnapshotIdentifier can't "
            "be specified when deleting a read replica."
        )
        raise call.refusal("InvalidParameterCombination", message)
    if any((kept.region, kept.id) == (call.region, snapshot) for kept in call.store.retained("db snapshot")):
        raise call.refusal(
            "DBSnapshotAlreadyExists",
            f"Cannot create the snapshot because a snapshot with the identifier {snapshot} already exists.",
        )


def _deleted(call: Call) -> None:
    """Leave the final snapshot, and free or strand the replicas."""
    if not call.state.get("skipFinalSnapshot"):
        facts = {key: call.state.get(key) for key in ("arn", "identifier", "engine", "engineVersion", "kmsKeyId")}
        call.store.retain("db snapshot", call.region, call.state["finalSnapshotIdentifier"], facts)
    for record in call.store.resources(type=INSTANCE):
        wal = record.properties["_wal"]
        if wal.get("source") != call.state["arn"]:
            continue
        at = databases.position(call.store, record)
        if record.region == call.region:  # promoted by RDS
            freed = {"_wal": databases.new_writer(call.store, at), "replicateSourceDb": None}
            call.store.write(record.region, INSTANCE, record.id, freed)
        else:  # PostgreSQL across regions: replication is terminated, and it stays read-only
            stranded = {"_wal": {**wal, "stopped": at}, "_replication": "terminated"}
            call.store.write(record.region, INSTANCE, record.id, stranded)


# What RDS makes up


def _host(call: Call) -> str:
    # One suffix per account and region.
    code = zlib.crc32(f"{call.account}{call.region}".encode())
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    letters = "".join(alphabet[(code * (i + 7) >> (i % 5)) % 36] for i in range(11))
    return str(call.render(f"{{identifier}}.c{letters}.{{region}}.rds.amazonaws.com"))


def _region_fact(name: str) -> Value:
    return lambda call: getattr(REGIONS[call.region], name) if call.region in REGIONS else ""


def _full_version(call: Call) -> str:
    return str(call.state.get("engineVersion"))


def _default_zone(call: Call) -> str:
    group = call.find(SUBNET_GROUP, call.get("dbSubnetGroupName"), "name")
    for id in group.properties["subnetIds"] if group else ():
        subnet = call.find(aws("ec2", "Subnet"), id)
        if subnet:
            return str(subnet.properties["availabilityZone"])
    return min(REGIONS[call.region].zones.values()) if call.region in REGIONS else f"{call.region}a"


def _default_groups(call: Call) -> list[str]:
    group = call.find(SUBNET_GROUP, call.get("dbSubnetGroupName"), "name")
    vpc = call.find(aws("ec2", "Vpc"), group.properties["vpcId"]) if group else None
    return [vpc.properties["defaultSecurityGroupId"]] if vpc else []


def _default_key(call: Call) -> str:
    return call.render("arn:{partition}:kms:{region}:{account}:key/{uuid}") if call.get("storageEncrypted") else ""


def _insights_key(call: Call) -> str:
    return (
        call.render("arn:{partition}:kms:{region}:{account}:key/{uuid}")
        if call.get("performanceInsightsEnabled")
        else ""
    )


def _managed_secret(call: Call) -> list[dict[str, str]]:
    if not call.get("manageMasterUserPassword"):
        return []
    arn = call.render("arn:{partition}:secretsmanager:{region}:{account}:secret:rds!{id}-{letters6}")
    return [{"secretArn": arn, "secretStatus": "active", "kmsKeyId": call.get("masterUserSecretKmsKeyId") or ""}]


def _replicas(call: Call) -> list[str]:
    """Same region by identifier, another region by ARN."""
    found = []
    for record in call.store.resources(type=INSTANCE):
        if record.properties["_wal"].get("source") == call.state["arn"]:
            found.append(record.properties["identifier" if record.region == call.region else "arn"])
    return sorted(found)


def _baseline(small: int, large: int) -> Value:
    def choose(call: Call) -> int:
        if call.state.get("storageType") != "gp3":
            return 0
        return large if call.state["allocatedStorage"] >= 400 else small

    return choose


# Groups


def _parameters(call: Call) -> None:
    for parameter in call.inputs.get("parameters") or []:
        method = parameter.get("applyMethod", "immediate")
        if parameter["name"] in STATIC_PARAMETERS and method == "immediate" and not _unchanged(call, parameter):
            raise call.refusal("InvalidParameterCombination", "cannot use immediate apply method for static parameter")
        if method not in ("immediate", "pending-reboot"):
            raise call.refusal("InvalidParameterValue", f"Invalid apply method: {method}")


def _unchanged(call: Call, parameter: dict[str, Any]) -> bool:
    return parameter in (call.old.get("parameters") or [])


def _zones_covered(call: Call) -> None:
    zones = set(_subnet_zones(call))
    if len(zones) < 2:
        message = (
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
            f"Current AZ coverage: {', '.join(zones)}. Add subnets to cover at least 2 AZs."
        )
        raise call.refusal("DBSubnetGroupDoesNotCoverEnoughAZs", message)


def _subnet_zones(call: Call) -> Iterator[str]:
    for id in call.inputs["subnetIds"]:
        record = call.find(aws("ec2", "Subnet"), id)
        if record:
            yield record.properties["availabilityZone"]


def _group_name(call: Call) -> None:
    name = call.inputs.get("name", "")
    if name != name.lower():
        raise CloudError(
            '"name": only lowercase alphanumeric characters, hyphens, underscores, periods, and spaces allowed'
        )


def _family(call: Call) -> None:
    if not re.fullmatch(r"[a-z-]+\d+(\.\d+)?", call.inputs["family"]):
        raise call.refusal(
            "InvalidParameterValue",
            f"ParameterGroupFamily {call.inputs['family']} is not a valid parameter group family",
        )


def _backups_region(call: Call) -> None:
    region = call.inputs["sourceDbInstanceArn"].split(":")[3]
    if region == call.region:
        raise call.refusal("InvalidParameterValue", "You can't replicate automated backups within the source Region.")
    call.api("DescribeDBInstances", region=region)
    call.operations.append(call.operations.pop(-2))
    found = databases.find(call.store, call.inputs["sourceDbInstanceArn"])
    if found and found.properties.get("storageEncrypted") and not call.inputs.get("kmsKeyId"):
        raise call.refusal(
            "InvalidParameterCombination",
            "A KMS key in the destination Region is required to replicate encrypted backups.",
        )
    if found and not found.properties.get("backupRetentionPeriod"):
        raise call.refusal("InvalidDBInstanceState", "Automated backups are not enabled for the source DB instance.")


SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=INSTANCE,
        service="rds",
        calls=Calls("CreateDBInstance", "DescribeDBInstances", "ModifyDBInstance", "DeleteDBInstance"),
        id="db-{upper26}",
        replace_on=(
            "availabilityZone",
            "backupTarget",
            "characterSetName",
            "customIamInstanceProfile",
            "dbName",
            "engine",
            "identifierPrefix",
            "kmsKeyId",
            "ncharCharacterSetName",
            "restoreToPointInTime",
            "s3Import",
            "snapshotIdentifier",
            "storageEncrypted",
            "timezone",
            "username",
        ),
        requires={
            "replicateSourceDb": (Ref(INSTANCE, "arn", anywhere=True), Ref(INSTANCE, "identifier")),
            "dbSubnetGroupName": Ref(SUBNET_GROUP, "name", blocks=True, outside=("default",)),
            "parameterGroupName": Ref(PARAMETER_GROUP, "name", blocks=True, outside=("default.",)),
            "vpcSecurityGroupIds": IN_GROUP,
            "kmsKeyId": Ref(KEY, "arn"),
            "performanceInsightsKmsKeyId": Ref(KEY, "arn"),
            "monitoringRoleArn": Ref(ROLE, "arn"),
        },
        autoname="identifier",
        name_length=63,
        defaults={
            "autoMinorVersionUpgrade": True,
            "copyTagsToSnapshot": False,
            "deleteAutomatedBackups": True,
            "monitoringInterval": 0,
            "performanceInsightsEnabled": False,
            "publiclyAccessible": False,
            "skipFinalSnapshot": False,
            "applyImmediately": False,
        },
        outputs={
            "arn": "arn:{partition}:rds:{region}:{account}:db:{identifier}",
            "resourceId": "{id}",
            "status": "available",
            "engine": _inherited("engine", ""),
            "engineVersion": _inherited("engineVersion", ""),
            "engineVersionActual": _full_version,
            "username": _inherited("username", ""),
            "dbName": _inherited("dbName", ""),
            "port": _inherited("port", lambda call: _PORTS.get(call.state["engine"], 5432)),
            "address": _host,
            "endpoint": "{address}:{port}",
            "hostedZoneId": _region_fact("rds"),
            "allocatedStorage": _inherited("allocatedStorage", 20),
            "storageType": _inherited("storageType", "gp2"),
            "iops": _inherited("iops", _baseline(3000, 12000)),
            "storageThroughput": _inherited("storageThroughput", _baseline(125, 500)),
            "storageEncrypted": _inherited("storageEncrypted", False),
            "kmsKeyId": _default_key,
            "availabilityZone": _default_zone,
            "vpcSecurityGroupIds": _default_groups,
            "dbSubnetGroupName": "default",
            "parameterGroupName": lambda call: (
                f"default.{call.state['engine']}{str(call.state['engineVersion']).split('.')[0]}"
            ),
            "optionGroupName": lambda call: (
                f"default:{call.state['engine']}-{str(call.state['engineVersion']).split('.')[0]}"
            ),
            "multiAz": False,
            "backupRetentionPeriod": 0,
            "backupTarget": "region",
            "backupWindow": "03:12-03:42",
            "maintenanceWindow": "sun:04:26-sun:04:56",
            "caCertIdentifier": "rds-ca-rsa2048-g1",
            "databaseInsightsMode": "standard",
            "engineLifecycleSupport": "open-source-rds-extended-support",
            "licenseModel": "postgresql-license",
            "networkType": "IPV4",
            "performanceInsightsKmsKeyId": _insights_key,
            "performanceInsightsRetentionPeriod": lambda call: 7 if call.get("performanceInsightsEnabled") else 0,
            "masterUserSecrets": _managed_secret,
            # AWS moves this every five minutes; a fixed one keeps a refresh free of noise.
            "latestRestorableTime": lambda call: call.now() if call.state.get("backupRetentionPeriod") else "",
            "upgradeRolloutOrder": "second",
        },
        live={"replicas": _replicas},
        renewed=("engineVersionActual",),
        empty=(
            "characterSetName",
            "domainFqdn",
            "identifierPrefix",
            "listenerEndpoints",
            "masterUserSecretKmsKeyId",
            "monitoringRoleArn",
            "ncharCharacterSetName",
            "replicaMode",
            "snapshotIdentifier",
            "timezone",
        ),
        write_only={"passwordWo": "passwordWoVersion"},
        secret=("password",),
        members={
            "identifier": "DBInstanceIdentifier",
            "instanceClass": "DBInstanceClass",
            "username": "MasterUsername",
            "passwordWo": "",
            "password": "",
            "tags": "",
        },
        unique=("identifier",),
        taken=Refusal("DBInstanceAlreadyExists", "DB instance already exists"),
        not_found=Refusal("DBInstanceNotFound", "DBInstance {value} not found."),
        in_use=Refusal("InvalidDBInstanceState", "DB instance {identifier} is in use by {user}."),
        on_create=(
            _identifier,
            _password,
            _fresh,
            _replica,
            _zone,
            _storage,
            _insights,
            _monitoring,
            _retention,
            _group_family,
            _same_vpc,
        ),
        on_update=(
            _promote,
            _identifier,
            _password,
            _zone,
            _storage,
            _insights,
            _monitoring,
            _retention,
            _group_family,
        ),
        on_delete=(_deletable,),
        after_create=(_born,),
        after_delete=(_deleted,),
    ),
    TypeSpec(
        token=SUBNET_GROUP,
        service="rds",
        calls=Calls("CreateDBSubnetGroup", "DescribeDBSubnetGroups", "ModifyDBSubnetGroup", "DeleteDBSubnetGroup"),
        id="{name}",
        replace_on=("name", "namePrefix"),
        requires={"subnetIds": IN_SUBNET},
        autoname="name",
        defaults={"description": "Managed by Pulumi"},
        outputs={
            "arn": "arn:{partition}:rds:{region}:{account}:subgrp:{name}",
            "vpcId": subnet_vpc("subnetIds"),
            "supportedNetworkTypes": ["IPV4"],
        },
        members={"tags": ""},
        unique=("name",),
        taken=Refusal("DBSubnetGroupAlreadyExists", "The DB subnet group {name} already exists."),
        not_found=Refusal("DBSubnetGroupNotFoundFault", "DBSubnetGroup name '{value}' not found"),
        in_use=Refusal(
            "InvalidDBSubnetGroupStateFault",
            "Cannot delete the subnet group '{name}' because at least one database instance: {user} is still using it.",
        ),
        on_create=(_group_name, _zones_covered),
        on_update=(_zones_covered,),
    ),
    TypeSpec(
        token=PARAMETER_GROUP,
        service="rds",
        calls=Calls(
            "CreateDBParameterGroup",
            "DescribeDBParameterGroups",
            "ModifyDBParameterGroup",
            "DeleteDBParameterGroup",
        ),
        id="{name}",
        replace_on=("name", "namePrefix", "family", "description"),
        requires={},
        autoname="name",
        defaults={"description": "Managed by Pulumi", "skipDestroy": False},
        outputs={"arn": "arn:{partition}:rds:{region}:{account}:pg:{name}"},
        members={"tags": "", "parameters": ""},
        unique=("name",),
        taken=Refusal("DBParameterGroupAlreadyExists", "Parameter group {name} already exists"),
        not_found=Refusal("DBParameterGroupNotFound", "DBParameterGroup not found: {value}"),
        in_use=Refusal(
            "InvalidDBParameterGroupState",
            "One or more database instances are still members of this parameter group {name}, so "
            "the group cannot be deleted",
        ),
        on_create=(_group_name, _family, _parameters),
        on_update=(_parameters,),
    ),
    TypeSpec(
        token=aws("rds", "EventSubscription"),
        service="rds",
        calls=Calls(
            "CreateEventSubscription",
            "DescribeEventSubscriptions",
            "ModifyEventSubscription",
            "DeleteEventSubscription",
        ),
        id="{name}",
        replace_on=("name", "namePrefix"),
        requires={
            "snsTopic": Ref(TOPIC, "arn"),
            "sourceIds": (Ref(INSTANCE, "identifier"), Ref(INSTANCE), Ref(PARAMETER_GROUP, "name")),
        },
        autoname="name",
        defaults={"enabled": True},
        outputs={"arn": "arn:{partition}:rds:{region}:{account}:es:{name}", "customerAwsId": "{account}"},
        members={"tags": ""},
        unique=("name",),
        taken=Refusal("SubscriptionAlreadyExist", "Subscription with this name already exists"),
    ),
    TypeSpec(
        token=aws("rds", "InstanceAutomatedBackupsReplication"),
        service="rds",
        calls=Calls(
            "StartDBInstanceAutomatedBackupsReplication",
            "DescribeDBInstanceAutomatedBackups",
            "",
            "StopDBInstanceAutomatedBackupsReplication",
        ),
        id="arn:{partition}:rds:{region}:{account}:auto-backup:ab-{lower39}",
        replace_on=("sourceDbInstanceArn", "kmsKeyId", "preSignedUrl", "retentionPeriod"),
        requires={"sourceDbInstanceArn": Ref(INSTANCE, "arn", anywhere=True), "kmsKeyId": Ref(KEY, "arn")},
        defaults={"retentionPeriod": 7},
        empty=("kmsKeyId",),
        unique=("sourceDbInstanceArn",),
        taken=Refusal(
            "DBInstanceAutomatedBackupQuotaExceeded",
            "Automated backups of {sourceDbInstanceArn} are replicated already.",
        ),
        on_create=(_backups_region,),
    ),
)
