"""The whole program in one graph, as it stands and as a first preview sees it, plus well-made resources of every type
that rules speak of and the program does not have (yet)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from components import settings
from components.platform import build
from policies import tokens as t
from policies.graph import UNKNOWN, Graph, Node
from tests.configuration import configuration
from tests.harness import Deployment, deploy
from tests.policies.graphs import recorded
from tests.sites import PRIMARY, Sites

Mode = Literal["known", "preview"]
Change = Callable[[list[Node]], list[Node]]
HOME = "eu-central-1"
TAGS = {"Project": "trading", "Site": "primary", "ManagedBy": "pulumi"}
MODES: tuple[Mode, ...] = ("known", "preview")


def merged(*deployments: tuple[Deployment, str]) -> Graph:
    """One graph of several stacks, each with the region that it is at home in."""
    return Graph(node for deployment, region in deployments for node in recorded(deployment, region).nodes)


def program(mode: Mode) -> Graph:
    """The bootstrap and both sites."""
    sites = Sites()
    primary = sites.primary()
    if mode == "known":
        standby = sites.standby(primary)
    else:
        upstream = {PRIMARY: primary.exports}
        primary, standby = (
            deploy(
                lambda: build(settings.load()),
                config=configuration(stack, hostedZoneId=sites.zone_id),
                stack=stack,
                upstream=upstream,
                preview=True,
            )
            for stack in ("primary", "dr")
        )
    return merged((sites.bootstrap, "eu-west-3"), (primary, HOME), (standby, "eu-west-1"))


class _Builder:
    """Adds well-made resources to the primary site."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = {(n.stack, n.type, n.name): n for n in graph.nodes}

    def find(self, type_: str, name: str, stack: str = "primary") -> Node:
        return self.nodes[stack, type_, name]

    def add(self, type_: str, name: str, props: Mapping[str, Any], **refs: Node | list[Node]) -> Node:
        """refs: properties that name other resources, by the attribute that the reference needs."""
        values: dict[str, Any] = {}
        relations: dict[str, list[str]] = {}
        for key, target in refs.items():
            targets = target if isinstance(target, list) else [target]
            relations[key] = [n.urn for n in targets]
            named = [n.props.get("id") or n.props.get("arn") or UNKNOWN for n in targets]
            values[key] = named if isinstance(target, list) else named[0]
        urn = f"urn:pulumi:primary::trading::{type_}::{name}"
        bucket = refs.get("bucket")
        home = (bucket.region if isinstance(bucket, Node) else None) or HOME
        regional = {} if type_.startswith(("aws:route53/", "aws:iam/", "eks:")) else {"region": home}
        all_props = {"id": name, **regional, "tagsAll": TAGS, **values, **props}
        node = Node(type_, name, urn, all_props, relations, provider_region=HOME)
        self.nodes[node.stack, type_, name] = node
        return node

    def change(self, node: Node, props: Mapping[str, Any], **relations: list[str]) -> None:
        changed = replace(node, props={**node.props, **props}, relations={**node.relations, **relations})
        self.nodes[node.stack, node.type, node.name] = changed


def complete(graph: Graph) -> Graph:
    """The program's graph with the rest of what rules speak of, all of it good."""
    b = _Builder(graph)
    apps = [b.find(t.SUBNET, f"network-app-{z}") for z in ("euc1-az2", "euc1-az3")]
    key = b.find(t.KEY, "keys-database")
    group = b.find(t.SECURITY_GROUP, "network-groups-app")
    database = b.find(t.DATABASE, "database-g1-instance")
    _state_bucket(b)
    _compute(b, apps, key, group)
    abroad = b.find(t.KEY, "keys-database", "dr")
    b.add(
        t.BACKUP_REPLICATION,
        "copies",
        {"region": "eu-west-1", "retentionPeriod": 14, "kmsKeyId": abroad.props.get("arn", UNKNOWN)},
    )
    copies = b.nodes["primary", t.BACKUP_REPLICATION, "copies"]
    b.change(
        copies,
        {"sourceDbInstanceArn": database.props.get("arn", UNKNOWN)},
        sourceDbInstanceArn=[database.urn],
        kmsKeyId=[abroad.urn],
    )
    b.add(t.BACKUP_VAULT, "vault", {"name": "vault"}, kmsKeyArn=key)
    b.add(t.SECRET_ROTATION, "rotation", {"rotationRules": {"automaticallyAfterDays": 30}}, secretId=_login(b))
    for stack, name in (("primary", "notifications"), ("dr", "notifications"), ("dr", "global-notifications")):
        topic = b.find(t.TOPIC, f"{name}-topic", stack)
        made = b.add(t.SUBSCRIPTION, f"{stack}-{name}", {"protocol": "https", "endpoint": "https://page"}, topic=topic)
        b.change(made, {"region": topic.region})
    zone = b.find(t.ZONE, "zone", "bootstrap")
    b.add(t.QUERY_LOG, "queries", {}, zoneId=zone)
    b.add(t.SSM_PARAMETER, "parameter", {"type": "SecureString", "name": "/trading/token"})
    b.add(t.FUNCTION_PERMISSION, "permission", {"principal": "events.amazonaws.com", "action": "lambda:InvokeFunction"})
    b.add(
        t.ROLE_POLICY_ATTACHMENT,
        "attachment",
        {"policyArn": "arn:aws:iam::aws:policy/service-role/AmazonEKSWorkerNodePolicy"},
    )
    fence = b.find(t.TABLE, "fence-table", "bootstrap")
    b.change(fence, {"serverSideEncryption": {"enabled": True}})
    return Graph(b.nodes.values())


def _login(b: _Builder) -> Node:
    return b.find(t.SECRET, "login-secret")


def _state_bucket(b: _Builder) -> None:
    """The state bucket's log bucket, in the third region."""
    state = b.find(t.BUCKET, "state-bucket", "bootstrap")
    logs = b.add(t.BUCKET, "logs", {"bucket": "trading-logs", "forceDestroy": False, "region": "eu-west-3"})
    logs = b.nodes["primary", t.BUCKET, "logs"] = replace(logs, protect=True)
    policy = b.find(t.BUCKET_POLICY, "state-tls-only", "bootstrap").props["policy"]
    blocked = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
    sse = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "key"}}
    b.add(t.BUCKET_PRIVATE, "logs", blocked, bucket=logs)
    b.add(t.BUCKET_ENCRYPTION, "logs", {"rules": [sse]}, bucket=logs)
    b.add(t.BUCKET_VERSIONING, "logs", {"versioningConfiguration": {"status": "Enabled"}}, bucket=logs)
    b.add(t.BUCKET_POLICY, "logs", {"policy": policy}, bucket=logs)
    lifecycle = {"rules": [{"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}]}
    b.add(t.BUCKET_LIFECYCLE, "logs", lifecycle, bucket=logs)
    for bucket in (state, logs):
        owner = {"rule": {"objectOwnership": "BucketOwnerEnforced"}}
        b.add(t.BUCKET_OWNERSHIP, f"{bucket.name}-owner", owner, bucket=bucket)
        b.add(t.BUCKET_LOGGING, f"{bucket.name}-logging", {}, bucket=bucket, targetBucket=logs)


def _compute(b: _Builder, apps: list[Node], key: Node, group: Node) -> None:
    b.add(
        t.EKS_CLUSTER,
        "cluster",
        {
            "name": "trading",
            "version": "1.34",
            "upgradePolicy": {"supportType": "STANDARD"},
            "deletionProtection": True,
            "accessConfig": {"authenticationMode": "API"},
            "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
            "vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True},
            "zonalShiftConfig": {"enabled": True},
        },
        encryptionConfig=key,
        securityGroupIds=[group],
    )
    b.add(
        t.LOG_GROUP,
        "cluster-logs",
        {"name": "/aws/eks/trading/cluster", "retentionInDays": 365},
        kmsKeyId=key,
    )
    b.add(
        t.EKS_COMPONENT,
        "component",
        {
            "version": "1.34",
            "upgradePolicy": {"supportType": "STANDARD"},
            "deletionProtection": True,
            "authenticationMode": "API",
            "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
            "endpointPublicAccess": False,
            "endpointPrivateAccess": True,
        },
        encryptionConfigKeyArn=key,
    )
    b.add(t.NODE_GROUP, "nodes", {"scalingConfig": {"minSize": 2}}, subnetIds=apps)
    b.add(
        t.LAUNCH_TEMPLATE,
        "template",
        {
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}],
            "userData": "ZWNobyBoZWxsbwo=",
        },
    )
    abroad = [b.find(t.SUBNET, f"network-app-{z}", "dr") for z in ("euw1-az1", "euw1-az2")]
    for name, subnets in (("machines", apps), ("machines-dr", abroad)):
        b.add(
            t.SCALING_GROUP,
            name,
            {
                "region": subnets[0].region,
                "minSize": 4,
                "healthCheckType": "ELB",
                "targetGroupArns": ["targets"],
                "tags": [{"key": key, "value": value, "propagateAtLaunch": True} for key, value in TAGS.items()],
                "launchTemplate": {"id": "template"},
                "tagsAll": None,
            },
            vpcZoneIdentifiers=subnets,
        )


def put(type_: str, /, *, name: str = "", stack: str = "", **props: Any) -> Change:
    """Set properties of the first resource of a type; `a__b` means a.b, `name_` means name, None takes one away."""

    def change(nodes: list[Node]) -> list[Node]:
        node = _first(nodes, type_, name, stack)
        changed = dict(node.props)
        relations = dict(node.relations)
        for key, value in props.items():
            path = key.removesuffix("_")
            _assign(changed, path.split("__"), value)
            relations.pop(path.split("__")[0], None)
        return [replace(n, props=changed, relations=relations) if n is node else n for n in nodes]

    return change


def _assign(holder: dict[str, Any], path: list[str], value: Any) -> None:
    head, *rest = path
    if rest:
        holder[head] = dict(holder.get(head) or {})
        _assign(holder[head], rest, value)
    elif value is None:
        holder.pop(head, None)
    else:
        holder[head] = value


def drop(type_: str, /, *, name: str = "", stack: str = "") -> Change:
    """Take the first resource of a type away."""
    return lambda nodes: [n for n in nodes if n is not _first(nodes, type_, name, stack)]


def unprotect(type_: str, /, *, name: str = "") -> Change:
    """Lift Pulumi's protection."""

    def change(nodes: list[Node]) -> list[Node]:
        node = _first(nodes, type_, name, "")
        return [replace(n, protect=False) if n is node else n for n in nodes]

    return change


def add(type_: str, name: str, /, to: Mapping[str, tuple[str, str]] | None = None, **props: Any) -> Change:
    """Add a resource to the primary site; to: property to (type, name) of what it refers to."""

    def change(nodes: list[Node]) -> list[Node]:
        refs = {key: _first(nodes, *target, "primary") for key, target in (to or {}).items()}
        values = {key: n.props.get("id") or UNKNOWN for key, n in refs.items()}
        urn = f"urn:pulumi:primary::trading::{type_}::{name}"
        all_props = {"id": name, "region": HOME, **values, **props}
        return [*nodes, Node(type_, name, urn, all_props, {key: [n.urn] for key, n in refs.items()})]

    return change


def point(type_: str, path: str, target: tuple[str, str], /, *, name: str = "", stack: str = "") -> Change:
    """Make a property refer to another resource."""

    def change(nodes: list[Node]) -> list[Node]:
        node, other = _first(nodes, type_, name, stack), _first(nodes, *target, stack or "primary")
        value: Any = other.props.get("id") or UNKNOWN
        props = {**node.props, path: [value] if isinstance(node.props.get(path), list) else value}
        relations = {**node.relations, path: [other.urn]}
        return [replace(n, props=props, relations=relations) if n is node else n for n in nodes]

    return change


def _first(nodes: Iterable[Node], type_: str, name: str, stack: str) -> Node:
    found = sorted(
        (n for n in nodes if n.type == type_ and name in ("", n.name) and stack in ("", n.stack)), key=lambda n: n.urn
    )
    assert found, f"no {type_} {name} in {stack or 'any stack'}"
    return found[0]
