"""ElastiCache."""

# An id is called id, a property is called property, as in AWS and Pulumi.
# ruff: noqa: A001

from __future__ import annotations

import re
import zlib

from sandbox.cloud.call import Call
from sandbox.cloud.errors import CloudError
from sandbox.cloud.spec import Calls, Ref, Refusal, TypeSpec, aws
from sandbox.cloud.types.monitoring import LOG_GROUP, TOPIC
from sandbox.cloud.types.network import IN_GROUP, IN_SUBNET, SUBNET, subnet_vpc
from sandbox.cloud.types.security import KEY

SUBNET_GROUP = aws("elasticache", "SubnetGroup")
PARAMETER_GROUP = aws("elasticache", "ParameterGroup")
USER = aws("elasticache", "User")
USER_GROUP = aws("elasticache", "UserGroup")


def _failover(call: Call) -> None:
    nodes = call.inputs.get("numCacheClusters") or (call.inputs.get("replicasPerNodeGroup") or 0) + 1
    if call.inputs.get("multiAzEnabled") and not call.inputs.get("automaticFailoverEnabled"):
        raise CloudError("automatic_failover_enabled must be true if multi_az_enabled is true")
    if call.inputs.get("automaticFailoverEnabled") and nodes < 2:
        raise CloudError('"num_cache_clusters": must be at least 2 if automatic_failover_enabled is true')


def _access(call: Call) -> None:
    token = call.inputs.get("authToken") or call.inputs.get("authTokenWo")
    if token and not call.inputs.get("transitEncryptionEnabled"):
        raise call.refusal(
            "InvalidParameterCombination",
            "The AUTH token is only supported when encryption-in-transit is enabled",
        )
    if token and not re.fullmatch(r"[A-Za-z0-9!&#$^<>-]{16,128}", token):
        raise call.refusal(
            "InvalidParameterValue",
            "Invalid AuthToken provided. It must be 16 to 128 printable characters, of the special ones only !&#$^<>-",
        )
    if token and call.inputs.get("userGroupIds"):
        raise call.refusal("InvalidParameterCombination", "AUTH token and user groups cannot be used together")
    if call.inputs.get("userGroupIds") and not call.inputs.get("transitEncryptionEnabled"):
        raise call.refusal(
            "InvalidParameterCombination",
            "Role-based access control is only supported when encryption-in-transit is enabled",
        )
    if len(call.inputs.get("userGroupIds") or []) > 1:
        raise call.refusal("InvalidParameterValue", "Only one user group can be associated with a replication group")
    for id in call.inputs.get("userGroupIds") or []:
        group = call.find(USER_GROUP, id)
        if group and group.properties["engine"] != call.get("engine", "redis"):
            raise call.refusal(
                "InvalidParameterCombination",
                f"User group {id} is not of engine {call.get('engine', 'redis')}",
            )


def _zones(call: Call) -> None:
    group = call.find(SUBNET_GROUP, call.inputs.get("subnetGroupName"))
    subnets = [call.find(SUBNET, id) for id in group.properties["subnetIds"]] if group else []
    zones = {subnet.properties["availabilityZone"] for subnet in subnets if subnet}
    if group and call.inputs.get("multiAzEnabled") and len(zones) < 2:
        raise call.refusal(
            "InvalidParameterCombination",
            f"Subnet group {group.id} must have subnets in at least two Availability Zones for Multi-AZ",
        )


def _family(call: Call) -> None:
    """A parameter group fits one engine and, from version 7 of either on, one major version."""
    group = call.find(PARAMETER_GROUP, call.inputs.get("parameterGroupName"))
    engine, version = call.get("engine", "redis"), str(call.get("engineVersion", "7.1"))
    family = f"{engine}{version.split('.')[0]}"
    if group and group.properties["family"] != family:
        raise call.refusal(
            "InvalidParameterCombination",
            f"Expected a parameter group of family {family} but found one of family {group.properties['family']}",
        )


def _logs(call: Call) -> None:
    for delivery in call.inputs.get("logDeliveryConfigurations") or []:
        to_logs = delivery.get("destinationType") == "cloudwatch-logs"
        if to_logs and call.find(LOG_GROUP, delivery.get("destination")) is None:
            raise call.refusal("InvalidParameterValue", f"The log group {delivery.get('destination')} does not exist")


def _windows(call: Call) -> None:
    for key in ("snapshotWindow", "maintenanceWindow"):
        clocks = [int(h) * 60 + int(m) for h, m in re.findall(r"(\d\d):(\d\d)", call.inputs.get(key) or "")]
        if len(clocks) == 2 and (clocks[1] - clocks[0]) % 1440 < 60:
            raise call.refusal("InvalidParameterValue", f"The {key} must be at least 60 minutes: {call.inputs[key]}")


def _passwords(call: Call) -> None:
    given = call.inputs.get("passwords") or []
    if len(given) > 2:
        raise call.refusal("InvalidParameterValue", "A user can have at most two passwords")
    if any(not re.fullmatch(r"[^\s,\"/@]{16,128}", password) for password in given):
        raise call.refusal(
            "InvalidParameterValue", 'Passwords must be between 16 and 128 characters, without spaces, commas and /@"'
        )
    if call.inputs.get("noPasswordRequired") and given:
        raise call.refusal("InvalidParameterCombination", "No password required and passwords cannot be set together")


def _clustered(call: Call) -> bool:
    return call.get("clusterMode", "disabled") == "enabled" or (call.get("numNodeGroups") or 1) > 1


def _endpoint(kind: str) -> object:
    def name(call: Call) -> str:
        secure = bool(call.get("transitEncryptionEnabled"))
        if _clustered(call) != (kind == "clustercfg"):
            return ""
        prefix = {"primary": "master", "replica": "replica", "clustercfg": "clustercfg"}[kind]
        text = (
            f"{prefix}.{{replicationGroupId}}.{{hex6}}.{{short}}.cache.amazonaws.com"
            if secure
            else (
                f"{{replicationGroupId}}{'-ro' if kind == 'replica' else ''}"
                ".{hex6}.ng.0001.{short}.cache.amazonaws.com"
            )
        )
        return str(call.render(text, hex6=_suffix(call), short=_short(call.region)))

    return name


def _suffix(call: Call) -> str:
    return f"{zlib.crc32(f'{call.account}{call.region}'.encode()) & 0xFFFFFF:06x}"


def _short(region: str) -> str:
    """eu-central-1 is euc1 in ElastiCache's names."""
    place, where, number = region.rsplit("-", 2)
    return (
        f"{place.replace('-', '')}{where[0]}{number}"
        if where not in ("northeast", "southeast")
        else f"{place}{where[0]}{where[5]}{number}"
    )


def _nodes(call: Call) -> int:
    return int((call.get("numNodeGroups") or 1) * ((call.get("replicasPerNodeGroup") or 0) + 1))


def _members(call: Call) -> list[str]:
    return [f"{call.id}-{number:03}" for number in range(1, call.state["numCacheClusters"] + 1)]


def _group_users(call: Call) -> None:
    users = [call.find(USER, id) for id in call.inputs.get("userIds") or []]
    names = [user.properties["userName"] for user in users if user]
    if len(set(names)) < len(names):
        raise call.refusal("DuplicateUserName", "A user group cannot hold two users of the same name")
    for user in users:
        if call.inputs["engine"] == "valkey" and user and user.properties.get("noPasswordRequired"):
            raise call.refusal(
                "InvalidParameterCombination",
                f"User {user.id} does not authenticate, which a user group of engine valkey needs",
            )
    if call.inputs["engine"] == "redis" and not any(u and u.properties["userName"] == "default" for u in users):
        raise call.refusal("DefaultUserRequired", "User group needs to contain a user with the user name default.")


SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=SUBNET_GROUP,
        service="elasticache",
        calls=Calls(
            "CreateCacheSubnetGroup",
            "DescribeCacheSubnetGroups",
            "ModifyCacheSubnetGroup",
            "DeleteCacheSubnetGroup",
        ),
        id="{name}",
        replace_on=("name",),
        requires={"subnetIds": IN_SUBNET},
        autoname="name",
        defaults={"description": "Managed by Pulumi"},
        outputs={
            "arn": "arn:{partition}:elasticache:{region}:{account}:subnetgroup:{name}",
            "vpcId": subnet_vpc("subnetIds"),
        },
        members={"tags": ""},
        unique=("name",),
        taken=Refusal("CacheSubnetGroupAlreadyExists", "Cache subnet group {name} already exists."),
        not_found=Refusal("CacheSubnetGroupNotFoundFault", "Cache Subnet Group {value} does not exist."),
        in_use=Refusal("CacheSubnetGroupInUse", "Cache subnet group {name} is currently in use by a cache cluster."),
    ),
    TypeSpec(
        token=PARAMETER_GROUP,
        service="elasticache",
        calls=Calls(
            "CreateCacheParameterGroup",
            "DescribeCacheParameterGroups",
            "ModifyCacheParameterGroup",
            "DeleteCacheParameterGroup",
        ),
        id="{name}",
        replace_on=("name", "family", "description"),
        requires={},
        autoname="name",
        defaults={"description": "Managed by Pulumi"},
        outputs={"arn": "arn:{partition}:elasticache:{region}:{account}:parametergroup:{name}"},
        members={"tags": "", "parameters": ""},
        unique=("name",),
        taken=Refusal("CacheParameterGroupAlreadyExists", "Cache parameter group {name} already exists"),
        not_found=Refusal("CacheParameterGroupNotFound", "CacheParameterGroup {value} not found"),
        in_use=Refusal(
            "InvalidCacheParameterGroupState",
            "One or more cache clusters are still members of this parameter group {name}.",
        ),
    ),
    TypeSpec(
        token=aws("elasticache", "ReplicationGroup"),
        service="elasticache",
        calls=Calls(
            "CreateReplicationGroup",
            "DescribeReplicationGroups",
            "ModifyReplicationGroup",
            "DeleteReplicationGroup",
        ),
        id="{replicationGroupId}",
        replace_on=(
            "replicationGroupId",
            "atRestEncryptionEnabled",
            "kmsKeyId",
            "subnetGroupName",
            "port",
            "snapshotArns",
            "snapshotName",
            "dataTieringEnabled",
            "networkType",
            "securityGroupNames",
            "preferredCacheClusterAzs",
        ),
        requires={
            "subnetGroupName": Ref(SUBNET_GROUP, blocks=True),
            "securityGroupIds": IN_GROUP,
            "kmsKeyId": Ref(KEY, "arn"),
            "parameterGroupName": Ref(PARAMETER_GROUP, blocks=True, outside=("default.",)),
            "userGroupIds": Ref(USER_GROUP, blocks=True),
            "notificationTopicArn": Ref(TOPIC, "arn"),
        },
        autoname="replicationGroupId",
        name_length=40,
        defaults={"automaticFailoverEnabled": False, "multiAzEnabled": False},
        outputs={
            "arn": "arn:{partition}:elasticache:{region}:{account}:replicationgroup:{replicationGroupId}",
            "engine": "redis",
            "applyImmediately": False,
            "atRestEncryptionEnabled": lambda call: call.state["engine"] == "valkey",
            "autoMinorVersionUpgrade": True,
            "clusterMode": "disabled",
            "dataTieringEnabled": False,
            "engineVersion": "7.1",
            "engineVersionActual": "{engineVersion}",
            "ipDiscovery": "ipv4",
            "networkType": "ipv4",
            "maintenanceWindow": "sun:05:00-sun:06:00",
            "snapshotWindow": "02:00-03:00",
            "nodeType": "cache.t4g.micro",
            "numNodeGroups": 1,
            "replicasPerNodeGroup": lambda call: max(0, call.inputs.get("numCacheClusters", 1) - 1),
            "numCacheClusters": _nodes,
            "memberClusters": _members,
            "clusterEnabled": _clustered,
            "parameterGroupName": lambda call: (
                f"default.{call.state['engine']}{str(call.state['engineVersion']).split('.')[0]}"
            ),
            "subnetGroupName": "default",
            "transitEncryptionEnabled": False,
            "transitEncryptionMode": lambda call: "required" if call.state["transitEncryptionEnabled"] else "",
            "primaryEndpointAddress": _endpoint("primary"),
            "readerEndpointAddress": _endpoint("replica"),
            "configurationEndpointAddress": _endpoint("clustercfg"),
        },
        renewed=("memberClusters", "engineVersionActual"),
        empty=(
            "durability",
            "globalReplicationGroupId",
            "nodeGroupConfigurations",
            "securityGroupNames",
            "securityGroupIds",
        ),
        write_only={"authTokenWo": "authTokenWoVersion"},
        secret=("authToken",),
        members={
            "nodeType": "CacheNodeType",
            "tags": "",
            "authToken": "",
            "authTokenWo": "",
            "logDeliveryConfigurations": "",
            "nodeGroupConfigurations": "",
        },
        unique=("replicationGroupId",),
        taken=Refusal("ReplicationGroupAlreadyExists", "Replication group {replicationGroupId} already exists."),
        not_found=Refusal("ReplicationGroupNotFoundFault", "ReplicationGroup {value} not found."),
        on_create=(_failover, _zones, _access, _family, _logs, _windows),
        on_update=(_failover, _zones, _access, _family, _logs, _windows),
    ),
    TypeSpec(
        token=USER,
        service="elasticache",
        calls=Calls("CreateUser", "DescribeUsers", "ModifyUser", "DeleteUser"),
        id="{userId}",
        replace_on=("userId", "userName"),
        requires={},
        defaults={"noPasswordRequired": False},
        outputs={
            "arn": "arn:{partition}:elasticache:{region}:{account}:user:{userId}",
            "authenticationMode": lambda call: {
                "type": "no-password" if call.inputs.get("noPasswordRequired") else "password",
                "passwordCount": len(call.inputs.get("passwords") or call.inputs.get("passwordsWo") or []),
            },
        },
        write_only={"passwordsWo": "passwordsWoVersion"},
        secret=("passwords",),
        members={"tags": "", "passwords": "", "passwordsWo": "", "authenticationMode": ""},
        unique=("userId",),
        taken=Refusal("UserAlreadyExists", "User {userId} already exists."),
        not_found=Refusal("UserNotFound", "User {value} not found."),
        on_create=(_passwords,),
        on_update=(_passwords,),
    ),
    TypeSpec(
        token=USER_GROUP,
        service="elasticache",
        calls=Calls("CreateUserGroup", "DescribeUserGroups", "ModifyUserGroup", "DeleteUserGroup"),
        id="{userGroupId}",
        replace_on=("userGroupId",),
        requires={"userIds": Ref(USER, outside=("default",))},
        outputs={"arn": "arn:{partition}:elasticache:{region}:{account}:usergroup:{userGroupId}"},
        members={"tags": ""},
        unique=("userGroupId",),
        taken=Refusal("UserGroupAlreadyExists", "User group {userGroupId} already exists."),
        not_found=Refusal("UserGroupNotFound", "UserGroup {value} not found."),
        in_use=Refusal("InvalidUserGroupState", "User group {userGroupId} is associated with {user}."),
        on_create=(_group_users,),
        on_update=(_group_users,),
    ),
)
