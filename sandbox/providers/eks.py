"""The pulumi-eks component provider: Cluster and ManagedNodeGroup, made of the aws resources they stand for."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_eks  # registers the classes that references to components are read with
import pulumi_kubernetes as kubernetes
from pulumi.provider import ConstructResult, Provider
from pulumi.provider.server import main as serve

CLUSTER_POLICY = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly")


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _present(**values: Any) -> dict[str, Any]:
    """Arguments that were given."""
    return {key: value for key, value in values.items() if value is not None}


class Cluster(pulumi.ComponentResource):
    """An EKS cluster with its role, its node role and its security groups; without a default node group."""

    def __init__(self, name: str, inputs: Mapping[str, Any], options: pulumi.ResourceOptions | None) -> None:
        super().__init__("eks:index:Cluster", name, None, options)
        if inputs.get("skipDefaultNodeGroup") is not True:
            raise ValueError("the sandbox emulates eks.Cluster with skip_default_node_group=True only")
        child = pulumi.ResourceOptions(parent=self)
        cluster_role = inputs.get("serviceRole") or self._role(f"{name}-eksRole", "eks.amazonaws.com")
        if not inputs.get("serviceRole"):
            aws.iam.RolePolicyAttachment(
                f"{name}-eksRole-policy", role=cluster_role.name, policy_arn=CLUSTER_POLICY, opts=child
            )
        node_roles = inputs.get("instanceRoles") or [
            inputs.get("instanceRole") or self._node_role(f"{name}-instanceRole")
        ]
        private, public = inputs.get("privateSubnetIds") or [], inputs.get("publicSubnetIds") or []
        subnets = inputs.get("subnetIds") or [*private, *public]
        network = _present(
            subnet_ids=subnets,
            endpoint_private_access=inputs.get("endpointPrivateAccess"),
            endpoint_public_access=inputs.get("endpointPublicAccess"),
            public_access_cidrs=inputs.get("publicAccessCidrs"),
        )
        group, node_group_ids = None, {}
        if not inputs.get("skipDefaultSecurityGroups"):
            group = self._security_group(f"{name}-eksClusterSecurityGroup", inputs)
            nodes = self._security_group(f"{name}-nodeSecurityGroup", inputs)
            rule = aws.vpc.SecurityGroupIngressRule(
                f"{name}-eksClusterIngressRule",
                security_group_id=group.id,
                referenced_security_group_id=nodes.id,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                opts=child,
            )
            network["security_group_ids"] = [group.id]
            node_group_ids = {
                "clusterSecurityGroup": group,
                "nodeSecurityGroup": nodes,
                "nodeSecurityGroupId": nodes.id,
                "clusterIngressRuleId": rule.id,
            }
        encryption = inputs.get("encryptionConfigKeyArn")
        mode = inputs.get("authenticationMode")
        self.cluster = aws.eks.Cluster(
            f"{name}-eksCluster",
            opts=child,
            **_present(
                role_arn=cluster_role.arn,
                vpc_config=network,
                name=inputs.get("name"),
                version=inputs.get("version"),
                tags=inputs.get("clusterTags") or inputs.get("tags"),
                enabled_cluster_log_types=inputs.get("enabledClusterLogTypes"),
                deletion_protection=inputs.get("deletionProtection"),
                bootstrap_self_managed_addons=inputs.get("bootstrapSelfManagedAddons"),
                upgrade_policy=inputs.get("upgradePolicy"),
                access_config={"authenticationMode": mode} if mode else None,
                encryption_config=(
                    {"provider": {"keyArn": encryption}, "resources": ["secrets"]} if encryption else None
                ),
            ),
        )
        kubeconfig = pulumi.Output.all(
            self.cluster.endpoint, self.cluster.certificate_authority, self.cluster.name
        ).apply(lambda facts: _kubeconfig(facts[0], facts[1]["data"], facts[2]))
        issuer = self.cluster.identities.apply(lambda found: found[0]["oidcs"][0]["issuer"])
        identity = None
        if inputs.get("createOidcProvider"):
            identity = aws.iam.OpenIdConnectProvider(
                f"{name}-oidcProvider", client_id_lists=["sts.amazonaws.com"], url=issuer, opts=child
            )
        for key, entry in (inputs.get("accessEntries") or {}).items():
            self._access(f"{name}-{key}", entry)
        connection = kubernetes.Provider(f"{name}-provider", kubeconfig=kubeconfig.apply(json.dumps), opts=child)
        core: dict[str, Any] = {
            "cluster": self.cluster,
            "clusterIamRole": cluster_role,
            "endpoint": self.cluster.endpoint,
            "instanceRoles": node_roles,
            "nodeGroupOptions": {},
            "provider": connection,
            "subnetIds": subnets,
            "vpcId": self.cluster.vpc_config.apply(lambda found: found["vpc_id"]),
            "kubeconfig": kubeconfig,
            **({"oidcProvider": identity} if identity else {}),
        }
        given = options.providers if options else None
        aws_provider = given.get("aws") if isinstance(given, Mapping) else None
        self.state: dict[str, Any] = {
            "awsProvider": aws_provider or aws.Provider(f"{name}-aws", opts=child),
            "clusterSecurityGroupId": self.cluster.vpc_config.apply(lambda found: found["cluster_security_group_id"]),
            "core": core,
            "eksCluster": self.cluster,
            "instanceRoles": node_roles,
            "kubeconfig": kubeconfig,
            "kubeconfigJson": kubeconfig.apply(json.dumps),
            "oidcIssuer": issuer.apply(lambda url: url.removeprefix("https://")),
            "oidcProviderArn": identity.arn if identity else "",
            "oidcProviderUrl": issuer,
            # Of what was not asked for: Auto Mode, Fargate, the default node group, separate security groups.
            "autoModeNodeRoleName": "",
            "fargateProfileId": "",
            "fargateProfileStatus": "",
            "defaultNodeGroupAsgName": "",
            "nodeSecurityGroupId": "",
            "clusterIngressRuleId": "",
            **node_group_ids,
        }
        self.register_outputs(self.state)

    def _role(self, name: str, service: str) -> aws.iam.Role:
        child = pulumi.ResourceOptions(parent=self)
        return aws.iam.Role(f"{name}-role", assume_role_policy=_trust(service), opts=child)

    def _node_role(self, name: str) -> aws.iam.Role:
        role = self._role(name, "ec2.amazonaws.com")
        for policy in NODE_POLICIES:
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}",
                role=role.name,
                policy_arn=f"arn:aws:iam::aws:policy/{policy}",
                opts=pulumi.ResourceOptions(parent=self),
            )
        return role

    def _security_group(self, name: str, inputs: Mapping[str, Any]) -> aws.ec2.SecurityGroup:
        child = pulumi.ResourceOptions(parent=self)
        return aws.ec2.SecurityGroup(name, opts=child, **_present(vpc_id=inputs.get("vpcId"), tags=inputs.get("tags")))

    def _access(self, name: str, entry: Mapping[str, Any]) -> None:
        child = pulumi.ResourceOptions(parent=self)
        made = aws.eks.AccessEntry(
            name,
            cluster_name=self.cluster.name,
            principal_arn=entry["principalArn"],
            opts=child,
            **_present(type=entry.get("type"), kubernetes_groups=entry.get("kubernetesGroups")),
        )
        for key, policy in (entry.get("accessPolicies") or {}).items():
            aws.eks.AccessPolicyAssociation(
                f"{name}-{key}",
                cluster_name=self.cluster.name,
                principal_arn=entry["principalArn"],
                policy_arn=policy["policyArn"],
                access_scope=policy["accessScope"],
                opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
            )


class ManagedNodeGroup(pulumi.ComponentResource):
    """A managed node group on a cluster."""

    def __init__(self, name: str, inputs: Mapping[str, Any], options: pulumi.ResourceOptions | None) -> None:
        super().__init__("eks:index:ManagedNodeGroup", name, None, options)
        cluster = pulumi.Output.from_input(inputs["cluster"])
        core = cluster.apply(lambda found: found.core if isinstance(found, pulumi_eks.Cluster) else found)
        role = inputs.get("nodeRole")
        role_arn = inputs.get("nodeRoleArn") or (
            role.arn if role else core.apply(lambda found: _field(found, "instanceRoles")[0].arn)
        )
        group = aws.eks.NodeGroup(
            name,
            cluster_name=inputs.get("clusterName") or core.apply(lambda found: _field(found, "cluster").name),
            node_role_arn=role_arn,
            subnet_ids=inputs.get("subnetIds") or core.apply(lambda found: _field(found, "subnetIds")),
            opts=pulumi.ResourceOptions(parent=self),
            **_present(
                scaling_config=inputs.get("scalingConfig") or {"desiredSize": 2, "maxSize": 2, "minSize": 1},
                ami_type=inputs.get("amiType"),
                capacity_type=inputs.get("capacityType"),
                disk_size=inputs.get("diskSize"),
                instance_types=inputs.get("instanceTypes"),
                labels=inputs.get("labels"),
                launch_template=inputs.get("launchTemplate"),
                node_group_name=inputs.get("nodeGroupName"),
                release_version=inputs.get("releaseVersion"),
                tags=inputs.get("tags"),
                taints=inputs.get("taints"),
                version=inputs.get("version"),
            ),
        )
        self.state: dict[str, Any] = {"nodeGroup": group, "placementGroupName": ""}
        self.register_outputs(self.state)


def _field(core: Mapping[str, Any], name: str) -> Any:
    """A field of the cluster's core data, whichever way its names are spelt."""
    return core[name] if name in core else core[re.sub("[A-Z]", lambda m: f"_{m[0].lower()}", name)]


def _kubeconfig(endpoint: str, certificate: str, cluster: str) -> dict[str, Any]:
    command = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", cluster, "--output", "json"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "kubernetes", "cluster": {"server": endpoint, "certificate-authority-data": certificate}}
        ],
        "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
        "current-context": "aws",
        "users": [{"name": "aws", "user": {"exec": command}}],
    }


_COMPONENTS: dict[str, type[Cluster | ManagedNodeGroup]] = {
    "eks:index:Cluster": Cluster,
    "eks:index:ManagedNodeGroup": ManagedNodeGroup,
}


class Eks(Provider):
    """Builds the components that the engine asks for."""

    def construct(
        self, name: str, resource_type: str, inputs: Any, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Build a component; an error that names the type where there is none."""
        if resource_type not in _COMPONENTS:
            raise ValueError(f"the sandbox does not emulate the resource type {resource_type}")
        made = _COMPONENTS[resource_type](name, inputs, options)
        return ConstructResult(made.urn, made.state)


def main(arguments: list[str]) -> int:
    """Serve until the engine ends the process."""
    sys.argv[1:] = arguments  # the SDK reads the engine's address from there, not from what it is given
    serve(Eks(importlib.metadata.version("pulumi_eks")), arguments)
    return 0
