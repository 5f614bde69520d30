"""EKS, Auto Scaling, launch templates, Lambda."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from policies.graph import Graph, Node, Unknown, strings
from policies.rule import Rule, Violation, every
from policies.tokens import (
    EKS_CLUSTER,
    EKS_COMPONENT,
    FUNCTION,
    FUNCTION_PERMISSION,
    INSTANCE,
    KEY,
    LAUNCH_TEMPLATE,
    NODE_GROUP,
    SCALING_GROUP,
    SSM_PARAMETER,
)

_rule = partial(Rule, family="security")

CLUSTERS = (EKS_CLUSTER, EKS_COMPONENT)
CONTROL_PLANE_LOGS = {"api", "audit", "authenticator", "controllerManager", "scheduler"}
LOOKS_SECRET = re.compile(
    r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|(password|passwd|secret_access_key|auth_?token)[\"']?\s*[=:]\s*[\"']?[^\s\"'${]{6,}",
    re.IGNORECASE,
)
"""An access key, a private key, or something that is called a password and is written out."""


def judged_here(graph: Graph, node: Node) -> bool:
    """A component is judged by its own inputs only where the cluster that it makes is not in the graph."""
    return node.type == EKS_CLUSTER or not any(_is_inside(graph, c, node) for c in graph.of(EKS_CLUSTER))


def _is_inside(graph: Graph, node: Node, ancestor: Node) -> bool:
    while node.parent in graph.by_urn:
        node = graph.by_urn[node.parent]
        if node is ancestor:
            return True
    return False


def cluster(node: Node, path: str, component_path: str) -> Any:
    """A cluster's setting, in the provider's shape or in the component's."""
    return node.get(component_path if node.type == EKS_COMPONENT else path)


def _is_private(graph: Graph, node: Node) -> bool:
    if cluster(node, "vpcConfig.endpointPublicAccess", "endpointPublicAccess") is False:
        return True
    cidrs = cluster(node, "vpcConfig.publicAccessCidrs", "publicAccessCidrs")
    return isinstance(cidrs, list) and bool(cidrs) and all(isinstance(c, str) and c != "0.0.0.0/0" for c in cidrs)


def _secrets_encrypted(graph: Graph, node: Node) -> bool:
    if node.type == EKS_COMPONENT:
        return graph.refers(node, "encryptionConfigKeyArn", KEY)
    return graph.refers(node, "encryptionConfig", KEY)


def carries_secret(text: object) -> bool:
    """Whether a text, or what it is the base64 of, looks like it carries a secret."""
    if not isinstance(text, str):
        return False
    try:
        decoded = base64.b64decode(text, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        decoded = ""
    return bool(LOOKS_SECRET.search(text) or LOOKS_SECRET.search(decoded))


def _user_data_is_clean(graph: Graph, node: Node) -> bool:
    # What is made from other resources' outputs is read by the pass over the exported states.
    value = node.get("userData")
    return node.has("userData") if isinstance(value, Unknown) else not carries_secret(value)


def _volumes(node: Node) -> list[Any]:
    return [d.get("ebs") for d in node.items("blockDeviceMappings") if d.get("ebs") is not None]


def _environment_is_clean(graph: Graph, node: Node) -> bool:
    variables = node.get("environment.variables") or {}
    return not any(LOOKS_SECRET.search(f"{key}={text}") for key, value in variables.items() for text in strings(value))


def _hop_limit(graph: Graph) -> Iterator[Violation]:
    for node in graph.of(LAUNCH_TEMPLATE):
        if node.get("metadataOptions.httpPutResponseHopLimit") not in (1, None):
            yield Violation(node, "pods can reach the node's credentials; set http_put_response_hop_limit to 1")


EKS_PRIVATE = _rule(
    id="eks-endpoint-private",
    severity="critical",
    protects="Kubernetes' API cannot be reached from the whole internet.",
    why="A stolen token is then enough to run anything beside the orders.",
    references=("fsbp:EKS.1", "ckv:CKV_AWS_38", "ckv:CKV_AWS_39", "G60"),
    fix="Set endpoint_public_access to False, or public_access_cidrs to your own.",
    check=every(CLUSTERS, _is_private, "its API faces the internet", where=judged_here),
)

EKS_REACHABLE = _rule(
    id="eks-endpoint-inside",
    severity="high",
    protects="Nodes reach Kubernetes' API inside the VPC.",
    why="Otherwise they lose it with the way to the internet.",
    references=("G60",),
    fix="Set endpoint_private_access.",
    check=every(
        CLUSTERS,
        lambda g, n: cluster(n, "vpcConfig.endpointPrivateAccess", "endpointPrivateAccess") is True,
        "endpoint_private_access is not set",
        where=judged_here,
    ),
)

EKS_SECRETS = _rule(
    id="eks-secrets-own-key",
    severity="high",
    protects="Kubernetes' secrets are encrypted with a key of this account.",
    why="They hold the logins of the database and the cache.",
    references=("fsbp:EKS.3", "ckv:CKV_AWS_58"),
    fix="Set encryption_config (or encryption_config_key_arn) with a key.",
    check=every(
        CLUSTERS, _secrets_encrypted, "secrets are not encrypted with a key of this account", where=judged_here
    ),
)

EKS_LOGS = _rule(
    id="eks-control-plane-logs",
    severity="medium",
    protects="Everything asked of Kubernetes' API is on record.",
    why="It shows who changed what, and who tried to.",
    references=("fsbp:EKS.8", "ckv:CKV_AWS_37", "G60"),
    fix="Enable all five log types.",
    check=every(
        CLUSTERS,
        lambda g, n: set(n.items("enabledClusterLogTypes")) >= CONTROL_PLANE_LOGS,
        "not all five log types are enabled",
        where=judged_here,
    ),
)

EKS_VERSION = _rule(
    id="eks-version-pinned",
    severity="high",
    protects="Kubernetes' version is decided here, and not extended past its support.",
    why="An unpinned cluster differs between the regions; extended support costs six times as much.",
    references=("fsbp:EKS.2", "ckv:CKV_AWS_339", "G60"),
    fix='Set version, and upgrade_policy with support_type "STANDARD".',
    check=every(
        CLUSTERS,
        lambda g, n: n.has("version") and n.get("upgradePolicy.supportType") == "STANDARD",
        "version is not set, or upgrade_policy is not STANDARD",
        where=judged_here,
    ),
)

EKS_KEPT = _rule(
    id="eks-deletion-protection",
    severity="high",
    protects="No cluster is deleted by mistake.",
    why="Everything that runs goes with it.",
    references=("prowler:eks_cluster_deletion_protection_enabled", "G60"),
    fix="Set deletion_protection.",
    check=every(
        CLUSTERS, lambda g, n: n.get("deletionProtection") is True, "deletion_protection is not set", where=judged_here
    ),
)

EKS_ACCESS = _rule(
    id="eks-access-by-api",
    severity="medium",
    protects="Who may use a cluster is decided by access entries.",
    why="One wrong line in the aws-auth map locks everybody out, or lets somebody in.",
    references=("G60",),
    fix='Set authentication_mode to "API".',
    check=every(
        CLUSTERS,
        lambda g, n: cluster(n, "accessConfig.authenticationMode", "authenticationMode") in ("API", "Api"),
        'authentication_mode is not "API"',
        where=judged_here,
    ),
)

NODES_NO_SSH = _rule(
    id="nodes-no-ssh",
    severity="high",
    protects="Nobody logs in to nodes with a key.",
    why="Keys are shared, and the port is open to anybody when no group is named.",
    references=("ckv:CKV_AWS_100",),
    fix="Leave remote_access out; use Session Manager.",
    check=every(NODE_GROUP, lambda g, n: not n.has("remoteAccess"), "remote_access is set"),
)

IMDS_TOKENS = _rule(
    id="metadata-needs-token",
    severity="high",
    protects="A machine's credentials cannot be fetched through its applications.",
    why="One request forged through a proxy is enough with the old protocol.",
    references=("fsbp:EC2.8", "fsbp:EC2.170", "fsbp:AutoScaling.3", "cis3:5.6", "ckv:CKV_AWS_79"),
    fix='Set metadata_options.http_tokens to "required".',
    check=every(
        (LAUNCH_TEMPLATE, INSTANCE),
        lambda g, n: n.get("metadataOptions.httpTokens") == "required",
        'http_tokens is not "required"',
    ),
)

IMDS_HOPS = _rule(
    id="metadata-one-hop",
    severity="medium",
    protects="Containers do not get the credentials of the machine they run on.",
    why="The node may do more than any pod should.",
    references=("fsbp:AutoScaling.4", "ckv:CKV_AWS_341", "G68"),
    fix="Set metadata_options.http_put_response_hop_limit to 1; pods have Pod Identity.",
    check=_hop_limit,
)

VOLUMES_ENCRYPTED = _rule(
    id="volumes-encrypted",
    severity="high",
    protects="Machines' disks are encrypted.",
    why="Memory and logs end up on them.",
    references=("fsbp:EC2.3", "fsbp:EC2.181", "cis3:2.2.1", "ckv:CKV_AWS_8"),
    fix="Set ebs.encrypted on every block device mapping.",
    check=every(
        LAUNCH_TEMPLATE,
        lambda g, n: _volumes(n) and all(v.get("encrypted") in (True, "true") for v in _volumes(n)),
        "a volume is not encrypted, or none is described",
    ),
)

MACHINES_PRIVATE = _rule(
    id="machines-private",
    severity="high",
    protects="No machine has an address on the internet.",
    why="Only load balancers are made for that.",
    references=("fsbp:EC2.9", "fsbp:EC2.25", "ckv:CKV_AWS_88"),
    fix="Leave associate_public_ip_address off.",
    check=every(
        (LAUNCH_TEMPLATE, INSTANCE),
        lambda g, n: (
            all(i.get("associatePublicIpAddress") not in (True, "true") for i in n.items("networkInterfaces"))
            and n.get("associatePublicIpAddress") is not True
        ),
        "associate_public_ip_address is set",
    ),
)

USER_DATA_CLEAN = _rule(
    id="user-data-no-secret",
    severity="critical",
    protects="No secret is in what a machine is started with.",
    why="Everybody who may describe machines reads it, and so does every process on them.",
    references=("ckv:CKV_AWS_46", "M16"),
    fix="Fetch it from Secrets Manager at the start.",
    check=every((LAUNCH_TEMPLATE, INSTANCE), _user_data_is_clean, "user_data carries what looks like a secret"),
)

SCALING_BY_TEMPLATE = _rule(
    id="scaling-group-launch-template",
    severity="medium",
    protects="Machines are started from a launch template.",
    why="Launch configurations get no new instance types, and new accounts cannot make them.",
    references=("fsbp:AutoScaling.9", "ckv:CKV_AWS_315"),
    fix="Use launch_template or mixed_instances_policy.",
    check=every(
        SCALING_GROUP,
        lambda g, n: n.has("launchTemplate") or n.has("mixedInstancesPolicy"),
        "it has no launch template",
    ),
)

SCALING_TAGS = _rule(
    id="scaling-group-tags-propagate",
    severity="low",
    protects="Machines carry the tags of their group.",
    why="Default tags do not reach them; costs and rights are told apart by tag.",
    references=("ckv:CKV_AWS_153", "G81"),
    fix="Set propagate_at_launch on every tag.",
    check=every(
        SCALING_GROUP,
        lambda g, n: n.items("tags") and all(t.get("propagateAtLaunch") is True for t in n.items("tags")),
        "it has no tags, or they stay behind",
    ),
)

FUNCTION_CLEAN = _rule(
    id="function-no-secret",
    severity="critical",
    protects="No secret is in a function's environment.",
    why="Everybody who may describe functions reads it.",
    references=("ckv:CKV_AWS_45", "M16"),
    fix="Fetch it from Secrets Manager.",
    check=every(FUNCTION, _environment_is_clean, "its environment carries what looks like a secret"),
)

FUNCTION_CLOSED = _rule(
    id="function-closed",
    severity="critical",
    protects="Nobody outside calls a function.",
    why="Anybody means the internet.",
    references=("fsbp:Lambda.1", "ckv:CKV_AWS_301"),
    fix="Name the principal, and a source account or ARN.",
    check=every(
        FUNCTION_PERMISSION, lambda g, n: n.has("principal") and n.get("principal") != "*", "anybody may call it"
    ),
)

PARAMETER_CLEAN = _rule(
    id="parameter-no-secret",
    severity="critical",
    protects="No secret is kept as a plain parameter.",
    why="A String parameter is not encrypted.",
    references=("ckv:CKV2_AWS_34", "M16"),
    fix='Use type "SecureString", or Secrets Manager.',
    check=every(
        SSM_PARAMETER,
        lambda g, n: (
            n.get("type") == "SecureString"
            or not (carries_secret(n.get("value")) or re.search("password|secret|token", str(n.get("name")), re.I))
        ),
        "it looks like a secret, and is not encrypted",
    ),
)

RULES = (
    EKS_PRIVATE,
    EKS_REACHABLE,
    EKS_SECRETS,
    EKS_LOGS,
    EKS_VERSION,
    EKS_KEPT,
    EKS_ACCESS,
    NODES_NO_SSH,
    IMDS_TOKENS,
    IMDS_HOPS,
    VOLUMES_ENCRYPTED,
    MACHINES_PRIVATE,
    USER_DATA_CLEAN,
    SCALING_BY_TEMPLATE,
    SCALING_TAGS,
    FUNCTION_CLEAN,
    FUNCTION_CLOSED,
    PARAMETER_CLEAN,
)
