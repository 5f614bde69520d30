"""EKS: clusters, node groups, add-ons and who may enter."""

# An id is called id, a property is called property, as in AWS and Pulumi.
# ruff: noqa: A001

from __future__ import annotations

import base64
from typing import Any

from sandbox.cloud.call import Call, scramble
from sandbox.cloud.errors import CloudError
from sandbox.cloud.spec import Calls, Ref, Refusal, TypeSpec, Value, aws
from sandbox.cloud.types.network import IN_GROUP, IN_SUBNET, SECURITY_GROUP, SUBNET
from sandbox.cloud.types.security import KEY, ROLE

CLUSTER = aws("eks", "Cluster")
ENTRY = aws("eks", "AccessEntry")
IN_CLUSTER = Ref(CLUSTER)
MANAGED = Ref(CLUSTER, blocks=True)


def _two_zones(call: Call) -> None:
    found = (call.find(SUBNET, id) for id in call.inputs["vpcConfig"].get("subnetIds", []))
    if len({record.properties["availabilityZone"] for record in found if record}) < 2:
        raise call.refusal("InvalidParameterException", "Subnets specified must be in at least two different AZs")


def _reachable(call: Call) -> None:
    network = call.inputs["vpcConfig"]
    if network.get("endpointPublicAccess") is False and not network.get("endpointPrivateAccess"):
        raise call.refusal("InvalidParameterException", "Private and public endpoint access cannot be false")


def _cluster_protected(call: Call) -> None:
    if call.state.get("deletionProtection"):
        raise call.refusal("InvalidRequestException", f"Cluster deletion protection is enabled on {call.id}")


def _network(call: Call) -> None:
    """The cluster's own security group, which EKS makes in the cluster's VPC."""
    given = call.state["vpcConfig"]
    record = call.find(SUBNET, given["subnetIds"][0])
    vpc = record.properties["vpcId"] if record else ""
    previous = call.state.get("_clusterSecurityGroup")
    id = previous or f"sg-{scramble('hex', 17)}"
    if not previous:
        group = {
            "vpcId": vpc,
            "name": f"eks-cluster-sg-{call.id}-{scramble('digits', 10)}",
            "ownerId": call.account,
            "description": (
                "EKS created security group applied to ENI that is attached to EKS Control Plane "
                "master nodes, as well as any managed workloads."
            ),
            "arn": call.render("arn:{partition}:ec2:{region}:{account}:security-group/{group}", group=id),
            "region": call.region,
            "_implicit": True,
        }
        call.store.put(call.region, SECURITY_GROUP, id, group)
        call.state["_clusterSecurityGroup"] = id
    call.state["vpcConfig"] = {
        "endpointPrivateAccess": False,
        "endpointPublicAccess": True,
        "publicAccessCidrs": ["0.0.0.0/0"],
        "controlPlaneEgressMode": "AWS_MANAGED",
        **given,
        "clusterSecurityGroupId": id,
        "vpcId": vpc,
    }


def _group_dies(call: Call) -> None:
    id = call.state.get("_clusterSecurityGroup")
    if id:
        call.store.remove(call.region, SECURITY_GROUP, id)
    for token in (
        ENTRY,
        aws("eks", "AccessPolicyAssociation"),
        aws("eks", "Addon"),
        aws("eks", "PodIdentityAssociation"),
    ):
        for record in call.siblings(token):
            if record.properties["clusterName"] == call.id:
                call.store.remove(call.region, token, record.id)


def _certificate(_: Call) -> dict[str, str]:
    body = base64.b64encode(scramble("hex", 256).encode()).decode()
    text = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
    return {"data": base64.b64encode(text.encode()).decode()}


def _issuer(call: Call) -> list[dict[str, Any]]:
    host = call.state["endpoint"].removeprefix("https://").split(".")[0]
    return [{"oidcs": [{"issuer": f"https://oidc.eks.{call.region}.amazonaws.com/id/{host}"}]}]


def _node_sizes(call: Call) -> None:
    scaling = call.inputs["scalingConfig"]
    if not scaling["minSize"] <= scaling["desiredSize"] <= scaling["maxSize"]:
        raise call.refusal(
            "InvalidParameterException",
            f"desired capacity {scaling['desiredSize']} must be between minSize "
            f"{scaling['minSize']} and maxSize {scaling['maxSize']}",
        )


def _cluster_version(call: Call) -> str:
    record = call.find(CLUSTER, call.inputs["clusterName"])
    return str(record.properties["version"]) if record else ""


def _entry_name(call: Call) -> str:
    role = call.inputs["principalArn"].rsplit("/", 1)[-1]
    node = call.inputs.get("type", "STANDARD") != "STANDARD"
    return (
        "system:node:{{EC2PrivateDNSName}}"
        if node
        else f"arn:aws:sts::{call.account}:assumed-role/{role}/{{{{SessionName}}}}"
    )


def _entry_exists(call: Call) -> None:
    wanted = (call.inputs["clusterName"], call.inputs["principalArn"])
    if not any((r.properties["clusterName"], r.properties["principalArn"]) == wanted for r in call.siblings(ENTRY)):
        raise call.refusal("ResourceNotFoundException", f"The specified principalArn could not be found: {wanted[1]}")


def _only_default_version(call: Call) -> None:
    if not call.inputs.get("version") and not call.state.get("version"):
        raise CloudError("the sandbox does not know EKS's default Kubernetes version: set `version`")


def _arn(kind: str) -> Value:
    return f"arn:{{partition}}:eks:{{region}}:{{account}}:{kind}"


SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=CLUSTER,
        service="eks",
        calls=Calls("CreateCluster", "DescribeCluster", "UpdateClusterConfig", "DeleteCluster"),
        id="{name}",
        replace_on=(
            "name",
            "roleArn",
            "bootstrapSelfManagedAddons",
            "kubernetesNetworkConfig",
            "outpostConfig",
        ),
        requires={
            "roleArn": Ref(ROLE, "arn"),
            "vpcConfig.subnetIds": IN_SUBNET,
            "vpcConfig.securityGroupIds": IN_GROUP,
            "encryptionConfig.provider.keyArn": Ref(KEY, "arn"),
        },
        autoname="name",
        name_length=100,
        defaults={"bootstrapSelfManagedAddons": True},
        outputs={
            "arn": _arn("cluster/{name}"),
            "endpoint": "https://{upper32}.gr7.{region}.eks.amazonaws.com",
            "certificateAuthority": _certificate,
            "createdAt": "{now}",
            "identities": _issuer,
            "platformVersion": "eks.1",
            "status": "ACTIVE",
            "deletionProtection": False,
            "accessConfig": {
                "authenticationMode": "CONFIG_MAP",
                "bootstrapClusterCreatorAdminPermissions": True,
            },
            "kubernetesNetworkConfig": {
                "ipFamily": "ipv4",
                "serviceIpv4Cidr": "172.20.0.0/16",
                "serviceIpv6Cidr": "",
                "elasticLoadBalancing": {"enabled": False},
            },
            "upgradePolicy": {"supportType": "EXTENDED"},
            "controlPlaneScalingConfig": {"tier": "standard"},
        },
        # clusterId is of local clusters on Outposts; the rest of Auto Mode and of tuned control planes.
        empty=(
            "version",
            "clusterId",
            "computeConfig",
            "storageConfig",
            "kubeApiServerConfig",
            "kubeControllerManagerConfig",
            "kubeSchedulerConfig",
        ),
        members={"vpcConfig": "", "tags": "", "encryptionConfig": ""},
        unique=("name",),
        taken=Refusal("ResourceInUseException", "Cluster already exists with name: {name}"),
        not_found=Refusal("ResourceNotFoundException", "No cluster found for name: {value}."),
        in_use=Refusal("ResourceInUseException", "Cluster has nodegroups attached"),
        on_create=(_only_default_version, _two_zones, _reachable),
        on_update=(_reachable,),
        on_delete=(_cluster_protected,),
        after_create=(_network,),
        after_update=(_network,),
        after_delete=(_group_dies,),
    ),
    TypeSpec(
        token=aws("eks", "NodeGroup"),
        service="eks",
        calls=Calls("CreateNodegroup", "DescribeNodegroup", "UpdateNodegroupConfig", "DeleteNodegroup"),
        id="{clusterName}:{nodeGroupName}",
        replace_on=(
            "clusterName",
            "nodeGroupName",
            "nodeGroupNamePrefix",
            "nodeRoleArn",
            "subnetIds",
            "amiType",
            "capacityType",
            "diskSize",
            "instanceTypes",
            "remoteAccess",
        ),
        requires={
            "clusterName": MANAGED,
            "nodeRoleArn": Ref(ROLE, "arn"),
            "subnetIds": IN_SUBNET,
            "launchTemplate.id": Ref(aws("ec2", "LaunchTemplate")),
        },
        autoname="nodeGroupName",
        name_length=63,
        outputs={
            "arn": _arn("nodegroup/{clusterName}/{nodeGroupName}/{uuid}"),
            "status": "ACTIVE",
            "amiType": "AL2023_x86_64_STANDARD",
            "capacityType": "ON_DEMAND",
            "diskSize": 20,
            "instanceTypes": ["t3.medium"],
            "version": _cluster_version,
            "releaseVersion": "{version}-20260101",
            "resources": lambda call: [
                {
                    "autoscalingGroups": [{"name": call.render("eks-{nodeGroupName}-{uuid}")}],
                    "remoteAccessSecurityGroupId": "",
                }
            ],
            "updateConfig": {
                "maxUnavailable": 1,
                "maxUnavailablePercentage": 0,
                "updateStrategy": "DEFAULT",
            },
            "nodeRepairConfig": {"enabled": False},
        },
        empty=("nodeGroupNamePrefix",),
        members={"tags": "", "taints": "", "launchTemplate": "", "nodeRoleArn": ""},
        unique=("clusterName", "nodeGroupName"),
        taken=Refusal(
            "ResourceInUseException",
            "NodeGroup already exists with name {nodeGroupName} and cluster name {clusterName}",
        ),
        on_create=(_node_sizes,),
        on_update=(_node_sizes,),
    ),
    TypeSpec(
        token=aws("eks", "Addon"),
        service="eks",
        calls=Calls("CreateAddon", "DescribeAddon", "UpdateAddon", "DeleteAddon"),
        id="{clusterName}:{addonName}",
        replace_on=("clusterName", "addonName"),
        requires={"clusterName": IN_CLUSTER, "serviceAccountRoleArn": Ref(ROLE, "arn")},
        outputs={
            "arn": _arn("addon/{clusterName}/{addonName}/{uuid}"),
            "addonVersion": "v1.0.0-eksbuild.1",
            "createdAt": "{now}",
            "modifiedAt": "{now}",
        },
        renewed=("modifiedAt",),
        empty=("configurationValues", "namespaceConfig"),
        members={"tags": "", "resolveConflictsOnCreate": "resolveConflicts"},
        unique=("clusterName", "addonName"),
        taken=Refusal("ResourceInUseException", "Addon already exists."),
    ),
    TypeSpec(
        token=ENTRY,
        service="eks",
        calls=Calls("CreateAccessEntry", "DescribeAccessEntry", "UpdateAccessEntry", "DeleteAccessEntry"),
        id="{clusterName}:{principalArn}",
        replace_on=("clusterName", "principalArn", "type"),
        requires={
            "clusterName": IN_CLUSTER,
            "principalArn": Ref(ROLE, "arn", outside=("arn:aws:iam::123456789012:user/",)),
        },
        defaults={"type": "STANDARD"},
        outputs={
            "accessEntryArn": _arn("access-entry/{clusterName}/role/{account}/{uuid}"),
            "createdAt": "{now}",
            "modifiedAt": "{now}",
            "userName": _entry_name,
        },
        renewed=("modifiedAt",),
        empty=("kubernetesGroups",),
        members={"tags": "", "userName": "username"},
        unique=("clusterName", "principalArn"),
        taken=Refusal(
            "ResourceInUseException", "The specified access entry resource is already in use on this cluster."
        ),
    ),
    TypeSpec(
        token=aws("eks", "AccessPolicyAssociation"),
        service="eks",
        calls=Calls(
            "AssociateAccessPolicy",
            "ListAssociatedAccessPolicies",
            "AssociateAccessPolicy",
            "DisassociateAccessPolicy",
        ),
        id="{clusterName}#{principalArn}#{policyArn}",
        replace_on=("clusterName", "principalArn", "policyArn", "accessScope"),
        requires={"clusterName": IN_CLUSTER},
        outputs={"associatedAt": "{now}", "modifiedAt": "{now}"},
        on_create=(_entry_exists,),
    ),
    TypeSpec(
        token=aws("eks", "PodIdentityAssociation"),
        service="eks",
        calls=Calls(
            "CreatePodIdentityAssociation",
            "DescribePodIdentityAssociation",
            "UpdatePodIdentityAssociation",
            "DeletePodIdentityAssociation",
        ),
        id="a-{lower17}",
        replace_on=("clusterName", "namespace", "serviceAccount"),
        requires={"clusterName": IN_CLUSTER, "roleArn": Ref(ROLE, "arn"), "targetRoleArn": Ref(ROLE, "arn")},
        outputs={
            "associationId": "{id}",
            "associationArn": _arn("podidentityassociation/{clusterName}/{id}"),
            "disableSessionTags": False,
        },
        empty=("externalId",),
        members={"tags": ""},
        unique=("clusterName", "namespace", "serviceAccount"),
        taken=Refusal("ResourceInUseException", "Association already exists: {namespace}/{serviceAccount}"),
    ),
)
