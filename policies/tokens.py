"""The resource types that rules speak of.

Tokens are composed, not looked up: importing pulumi_aws.wafv2 alone takes longer than every rule together.
tests/policies/test_types.py holds each token against its SDK class, so that a renamed class breaks a test.
"""

from __future__ import annotations

from typing import Final

TYPES: Final[dict[str, tuple[str, str]]] = {}
"""Token to (SDK module, class), of everything below."""


def _aws(module: str, name: str, *, package: str | None = None) -> str:
    token = f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"
    TYPES[token] = f"pulumi_aws.{package or module}", name
    return token


def _component(name: str) -> str:
    token = f"eks:index:{name}"
    TYPES[token] = "pulumi_eks", name
    return token


CERTIFICATE: Final = _aws("acm", "Certificate")
CERTIFICATE_VALIDATION: Final = _aws("acm", "CertificateValidation")
SCALING_GROUP: Final = _aws("autoscaling", "Group")
BACKUP_PLAN: Final = _aws("backup", "Plan")
BACKUP_SELECTION: Final = _aws("backup", "Selection")
BACKUP_VAULT: Final = _aws("backup", "Vault")
LOG_GROUP: Final = _aws("cloudwatch", "LogGroup")
ALARM: Final = _aws("cloudwatch", "MetricAlarm")
TABLE: Final = _aws("dynamodb", "Table")
DEFAULT_SECURITY_GROUP: Final = _aws("ec2", "DefaultSecurityGroup")
EIP: Final = _aws("ec2", "Eip")
FLOW_LOG: Final = _aws("ec2", "FlowLog")
INSTANCE: Final = _aws("ec2", "Instance")
INTERNET_GATEWAY: Final = _aws("ec2", "InternetGateway")
LAUNCH_TEMPLATE: Final = _aws("ec2", "LaunchTemplate")
NAT_GATEWAY: Final = _aws("ec2", "NatGateway")
NETWORK_ACL: Final = _aws("ec2", "NetworkAcl")
NETWORK_ACL_RULE: Final = _aws("ec2", "NetworkAclRule")
ROUTE: Final = _aws("ec2", "Route")
ROUTE_TABLE: Final = _aws("ec2", "RouteTable")
ROUTE_TABLE_ASSOCIATION: Final = _aws("ec2", "RouteTableAssociation")
SECURITY_GROUP: Final = _aws("ec2", "SecurityGroup")
SECURITY_GROUP_RULE: Final = _aws("ec2", "SecurityGroupRule")
SUBNET: Final = _aws("ec2", "Subnet")
VPC: Final = _aws("ec2", "Vpc")
VPC_ENDPOINT: Final = _aws("ec2", "VpcEndpoint")
EKS_CLUSTER: Final = _aws("eks", "Cluster")
NODE_GROUP: Final = _aws("eks", "NodeGroup")
CACHE: Final = _aws("elasticache", "ReplicationGroup")
CACHE_SUBNETS: Final = _aws("elasticache", "SubnetGroup")
IAM_GROUP_POLICY: Final = _aws("iam", "GroupPolicy")
IAM_POLICY: Final = _aws("iam", "Policy")
ROLE: Final = _aws("iam", "Role")
ROLE_POLICY: Final = _aws("iam", "RolePolicy")
ROLE_POLICY_ATTACHMENT: Final = _aws("iam", "RolePolicyAttachment")
IAM_USER: Final = _aws("iam", "User")
ACCESS_KEY: Final = _aws("iam", "AccessKey")
KEY: Final = _aws("kms", "Key")
FUNCTION: Final = _aws("lambda", "Function", package="lambda_")
FUNCTION_PERMISSION: Final = _aws("lambda", "Permission", package="lambda_")
LISTENER: Final = _aws("lb", "Listener")
LOAD_BALANCER: Final = _aws("lb", "LoadBalancer")
TARGET_GROUP: Final = _aws("lb", "TargetGroup")
ALB_LISTENER: Final = _aws("alb", "Listener")
ALB_LOAD_BALANCER: Final = _aws("alb", "LoadBalancer")
ALB_TARGET_GROUP: Final = _aws("alb", "TargetGroup")
DB_EVENTS: Final = _aws("rds", "EventSubscription")
DATABASE: Final = _aws("rds", "Instance")
BACKUP_REPLICATION: Final = _aws("rds", "InstanceAutomatedBackupsReplication")
DB_PARAMETERS: Final = _aws("rds", "ParameterGroup")
DB_SUBNETS: Final = _aws("rds", "SubnetGroup")
HEALTH_CHECK: Final = _aws("route53", "HealthCheck")
QUERY_LOG: Final = _aws("route53", "QueryLog")
RECORD: Final = _aws("route53", "Record")
ZONE: Final = _aws("route53", "Zone")
BUCKET: Final = _aws("s3", "Bucket")
BUCKET_LIFECYCLE: Final = _aws("s3", "BucketLifecycleConfiguration")
BUCKET_LOGGING: Final = _aws("s3", "BucketLogging")
BUCKET_OWNERSHIP: Final = _aws("s3", "BucketOwnershipControls")
BUCKET_POLICY: Final = _aws("s3", "BucketPolicy")
BUCKET_PRIVATE: Final = _aws("s3", "BucketPublicAccessBlock")
BUCKET_ENCRYPTION: Final = _aws("s3", "BucketServerSideEncryptionConfiguration")
BUCKET_VERSIONING: Final = _aws("s3", "BucketVersioning")
SECRET: Final = _aws("secretsmanager", "Secret")
SECRET_ROTATION: Final = _aws("secretsmanager", "SecretRotation")
TOPIC: Final = _aws("sns", "Topic")
TOPIC_POLICY: Final = _aws("sns", "TopicPolicy")
SUBSCRIPTION: Final = _aws("sns", "TopicSubscription")
SSM_PARAMETER: Final = _aws("ssm", "Parameter")
GROUP_EGRESS: Final = _aws("vpc", "SecurityGroupEgressRule")
GROUP_INGRESS: Final = _aws("vpc", "SecurityGroupIngressRule")
WEB_ACL: Final = _aws("wafv2", "WebAcl")
WEB_ACL_ASSOCIATION: Final = _aws("wafv2", "WebAclAssociation")
WEB_ACL_LOGGING: Final = _aws("wafv2", "WebAclLoggingConfiguration")
EKS_COMPONENT: Final = _component("Cluster")

# The SDK publishes these under two names.
LOAD_BALANCERS: Final = (LOAD_BALANCER, ALB_LOAD_BALANCER)
LISTENERS: Final = (LISTENER, ALB_LISTENER)
TARGET_GROUPS: Final = (TARGET_GROUP, ALB_TARGET_GROUP)
