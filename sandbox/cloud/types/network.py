"""VPC, subnets, routes, network ACLs, security groups, endpoints and flow logs."""

# An id is called id, a property is called property, as in AWS and Pulumi.
# ruff: noqa: A001, A002

from __future__ import annotations

import zlib
from ipaddress import IPv4Network, ip_network
from typing import Any

from sandbox.cloud.call import Call, scramble
from sandbox.cloud.regions import REGIONS
from sandbox.cloud.spec import Calls, Ref, Refusal, Rule, TypeSpec, Value, aws

VPC = aws("ec2", "Vpc")
SUBNET = aws("ec2", "Subnet")
INTERNET_GATEWAY = aws("ec2", "InternetGateway")
EIP = aws("ec2", "Eip")
NAT_GATEWAY = aws("ec2", "NatGateway")
ROUTE_TABLE = aws("ec2", "RouteTable")
ROUTE = aws("ec2", "Route")
NETWORK_ACL = aws("ec2", "NetworkAcl")
SECURITY_GROUP = aws("ec2", "SecurityGroup")
ENDPOINT = aws("ec2", "VpcEndpoint")
LOG_GROUP = aws("cloudwatch", "LogGroup")
ROLE = aws("iam", "Role")
BUCKET = aws("s3", "Bucket")
KEY = aws("kms", "Key")

IN_VPC = Ref(VPC, blocks=True)
IN_SUBNET = Ref(SUBNET, blocks=True)
IN_GROUP = Ref(SECURITY_GROUP, blocks=True)


def arn(kind: str) -> str:
    """The ARN template of an EC2 resource."""
    return f"arn:{{partition}}:ec2:{{region}}:{{account}}:{kind}/{{id}}"


# Zones and addresses


def _zones(call: Call) -> dict[str, str]:
    if call.region not in REGIONS:
        raise call.refusal("InvalidParameterValue", f"the sandbox knows no zones of region {call.region}")
    return dict(REGIONS[call.region].zones)


def _zone_exists(call: Call) -> None:
    zones = _zones(call)
    for given, known in (
        (call.get("availabilityZoneId"), zones.keys()),
        (call.get("availabilityZone"), zones.values()),
    ):
        if given and given not in known:
            choices = ", ".join(sorted(known))
            message = (
                f"Value ({given}) for parameter availabilityZone is invalid. Subnets can currently "
                f"only be created in the following availability zones: {choices}."
            )
            raise call.refusal("InvalidParameterValue", message)


def _zone_name(call: Call) -> str:
    zones = _zones(call)
    return zones.get(call.get("availabilityZoneId") or "") or min(zones.values())


def _zone_id(call: Call) -> str:
    return next(id for id, name in _zones(call).items() if name == call.state["availabilityZone"])


def _cidr_fits(call: Call) -> None:
    block = _block(call, call.inputs.get("cidrBlock"))
    vpc = call.find(VPC, call.inputs["vpcId"])
    if block is None or vpc is None:
        return
    if not block.subnet_of(IPv4Network(vpc.properties["cidrBlock"])):
        raise call.refusal("InvalidSubnet.Range", f"The CIDR '{block}' is invalid.")
    for other in call.siblings():
        if other.properties["vpcId"] == vpc.id and block.overlaps(IPv4Network(other.properties["cidrBlock"])):
            raise call.refusal("InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with another subnet")


def _vpc_size(call: Call) -> None:
    _block(call, call.inputs.get("cidrBlock"), code="InvalidVpc.Range")


def _block(call: Call, text: Any, code: str = "InvalidSubnet.Range") -> IPv4Network | None:
    if not text:
        return None
    try:
        block = IPv4Network(text)
    except ValueError:
        raise call.refusal(
            "InvalidParameterValue",
            f"Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        ) from None
    if not 16 <= block.prefixlen <= 28:
        raise call.refusal(code, f"The CIDR '{text}' is invalid.")
    return block


# What a VPC is born with, and takes along


def _born_with(token: str, prefix: str) -> Value:
    def find(call: Call) -> Any:
        id = f"{prefix}-{scramble('hex', 17)}"
        born: dict[str, Any] = {
            "vpcId": call.id,
            "ownerId": call.account,
            "region": call.region,
            "_implicit": True,
        }
        born["arn"] = call.render(f"arn:{{partition}}:ec2:{{region}}:{{account}}:{_KINDS[token]}/{id}")
        if token == SECURITY_GROUP:
            born |= {"name": "default", "description": "default VPC security group"}
        call.store.put(call.region, token, id, born)
        return id

    return find


_KINDS = {SECURITY_GROUP: "security-group", NETWORK_ACL: "network-acl", ROUTE_TABLE: "route-table"}


def _born_die(call: Call) -> None:
    for token in _KINDS:
        for record in call.siblings(token):
            if record.properties.get("_implicit") and record.properties["vpcId"] == call.id:
                call.store.remove(call.region, token, record.id)


def _default_group(call: Call) -> str:
    for record in call.siblings(SECURITY_GROUP):
        if record.properties.get("_implicit") and record.properties["vpcId"] == call.inputs.get("vpcId"):
            return record.id
    raise call.refusal("InvalidGroup.NotFound", f"no default security group in VPC {call.inputs.get('vpcId')}")


def _of_default(token: str, input: str) -> Value:
    def vpc(call: Call) -> Any:
        record = call.find(token, call.inputs[input])
        return record.properties["vpcId"] if record else ""

    return vpc


# Rules of security groups and network ACLs


def _same_rule_once(call: Call) -> None:
    keys = ("securityGroupId", "ipProtocol", "fromPort", "toPort")
    peers = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
    if sum(bool(call.inputs.get(peer)) for peer in peers) != 1:
        raise call.refusal("InvalidParameterCombination", f"exactly one of {', '.join(peers)} must be specified")
    mine = [call.inputs.get(key) for key in keys + peers]
    for other in call.siblings():
        if [other.properties.get(key) for key in keys + peers] == mine:
            peer = next(call.inputs[peer] for peer in peers if call.inputs.get(peer))
            ports = f"from port: {mine[2]}, to port: {mine[3]}"
            message = f'the specified rule "peer: {peer}, {mine[1]}, {ports}, ALLOW" already exists'
            raise call.refusal("InvalidPermission.Duplicate", message)


def _ports_ordered(call: Call) -> None:
    start, end = call.inputs.get("fromPort"), call.inputs.get("toPort")
    if isinstance(start, int) and isinstance(end, int) and start > end:
        raise call.refusal("InvalidParameterValue", f"Invalid TCP/UDP port range ({start}:{end})")


def _acl_number(call: Call) -> None:
    number = call.inputs["ruleNumber"]
    if not 1 <= number <= 32766:
        raise call.refusal(
            "InvalidParameterValue",
            f"Value ({number}) for parameter ruleNumber is invalid. The rule number must be between 1 and 32766.",
        )


def _rules_die(call: Call) -> None:
    for token in (aws("vpc", "SecurityGroupIngressRule"), aws("vpc", "SecurityGroupEgressRule")):
        for record in call.siblings(token):
            if record.properties["securityGroupId"] == call.id:
                call.store.remove(call.region, token, record.id)


def _acl_moves(call: Call) -> None:
    """A subnet is always associated with exactly one network ACL."""
    for other in call.siblings():
        if other.properties["subnetId"] == call.inputs["subnetId"]:
            raise call.refusal(
                "InvalidParameterValue",
                f"subnet {call.inputs['subnetId']} is already associated with network ACL "
                f"{other.properties['networkAclId']}",
            )


# Gateways


def _one_gateway(call: Call) -> None:
    for other in call.siblings():
        if call.inputs.get("vpcId") and other.properties.get("vpcId") == call.inputs["vpcId"]:
            raise call.refusal(
                "Resource.AlreadyAssociated",
                f"resource {call.inputs['vpcId']} is already attached to network {other.id}",
            )


def _gateway_needed(call: Call) -> None:
    """An internet gateway cannot leave a VPC while a NAT gateway maps public addresses through it."""
    for other in call.siblings(NAT_GATEWAY):
        if other.properties.get("vpcId") == call.state.get("vpcId"):
            message = (
                f"Network {call.state['vpcId']} has some mapped public address(es). Please unmap "
                "those public address(es) before detaching the gateway."
            )
            raise call.refusal("DependencyViolation", message)


def _allocation(property: str) -> Value:
    def find(call: Call) -> Any:
        record = call.find(EIP, call.inputs.get("allocationId"))
        return record.properties.get(property, "") if record else ""

    return find


def _nat_public(call: Call) -> None:
    public = call.inputs.get("connectivityType", "public") == "public"
    if public and call.inputs.get("subnetId") and not call.inputs.get("allocationId"):
        raise call.refusal("MissingParameter", "The request must contain the parameter AllocationId")


def _subnet_vpc(path: str = "subnetId") -> Value:
    def find(call: Call) -> Any:
        given = call.inputs.get(path)
        record = call.find(SUBNET, given[0] if isinstance(given, list) and given else given)
        return record.properties["vpcId"] if record else ""

    return find


subnet_vpc = _subnet_vpc


def _address_in_subnet(call: Call) -> str:
    record = call.find(SUBNET, call.inputs.get("subnetId"))
    if record is None:
        return ""
    block = ip_network(record.properties["cidrBlock"])
    return str(block[4 + zlib.crc32(call.id.encode()) % (block.num_addresses - 6)])


def _public_ip(call: Call) -> str:
    octets = zlib.crc32(call.id.encode())
    return f"198.51.100.{octets % 254 + 1}" if octets % 2 else f"203.0.113.{octets % 254 + 1}"


def _public_dns(call: Call) -> str:
    domain = "compute-1" if call.region == "us-east-1" else f"{call.region}.compute"
    return f"ec2-{call.state['publicIp'].replace('.', '-')}.{domain}.amazonaws.com"


def _crc(template: str, prefix: str) -> Value:
    return lambda call: f"{prefix}{zlib.crc32(call.render(template).encode())}"


def _destination(call: Call) -> str:
    for key in ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"):
        if call.inputs.get(key):
            return str(call.inputs[key])
    raise call.refusal(
        "MissingParameter",
        "one of `cidr_block, ipv6_cidr_block, destination_prefix_list_id` must be specified",
    )


def _route_id(call: Call) -> str:
    return f"r-{call.inputs['routeTableId']}{zlib.crc32(_destination(call).encode())}"


def _one_route(call: Call) -> None:
    mine = _destination(call)
    for other in call.siblings():
        if other.properties["routeTableId"] == call.inputs["routeTableId"] and mine in other.properties.values():
            raise call.refusal("RouteAlreadyExists", f"The route identified by {mine} already exists.")


# Endpoints


def _endpoint_service(call: Call) -> None:
    name = call.inputs.get("serviceName", "")
    if name and not name.startswith(
        (
            f"com.amazonaws.{call.region}.",
            "com.amazonaws.vpce.",
            f"aws.api.{call.region}.",
            "com.amazonaws.s3-global",
        )
    ):
        raise call.refusal("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    if call.inputs.get("vpcEndpointType") == "Interface" and call.inputs.get("privateDnsEnabled"):
        for other in call.siblings():
            same = (other.properties.get("vpcId"), other.properties.get("serviceName")) == (
                call.inputs["vpcId"],
                name,
            )
            if same and other.properties.get("privateDnsEnabled"):
                message = (
                    "private-dns-enabled cannot be set because there is already a conflicting DNS domain "
                    f"for {name} in the VPC {call.inputs['vpcId']}"
                )
                raise call.refusal("InvalidParameter", message)


def _interface(value: Value, otherwise: Any) -> Value:
    return lambda call: (
        call.render(value) if call.inputs.get("vpcEndpointType", "Gateway") == "Interface" else otherwise
    )


def _endpoint_dns(call: Call) -> list[dict[str, str]]:
    service = str(call.inputs.get("serviceName", "")).rsplit(".", 1)[-1]
    name = f"{call.id}-{scramble('lower', 8)}.{service}.{call.region}.vpce.amazonaws.com"
    return [{"dnsName": name, "hostedZoneId": f"Z{scramble('upper', 14)}"}]


def _interfaces(call: Call) -> list[str]:
    return [f"eni-{scramble('hex', 17)}" for _ in call.inputs.get("subnetIds", [])]


def _endpoint_subnets(call: Call) -> list[dict[str, str]]:
    found = []
    for id in call.inputs.get("subnetIds", []):
        record = call.find(SUBNET, id)
        if record:
            found.append({"subnetId": id, "ipv4": str(ip_network(record.properties["cidrBlock"])[10])})
    return found


_ALLOW_ALL = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}'
_FLOW_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} "
    "${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
)


def _one_destination(call: Call) -> None:
    if call.inputs.get("logDestinationType", "cloud-watch-logs") == "cloud-watch-logs" and not call.inputs.get(
        "iamRoleArn"
    ):
        raise call.refusal(
            "InvalidParameter",
            "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.",
        )


def _zone_pair(call: Call) -> None:
    zones = {*_zones(call), call.region}
    for key in ("source", "destination"):
        if call.inputs[key] not in zones and not any(call.inputs[key] in (r, *REGIONS[r].zones) for r in REGIONS):
            raise call.refusal("InvalidParameterValue", f"Value ({call.inputs[key]}) for parameter {key} is invalid.")


def _next_version(call: Call) -> None:
    call.state["latestVersion"] = call.state.get("latestVersion", 0) + 1
    if call.inputs.get("updateDefaultVersion"):
        call.state["defaultVersion"] = call.state["latestVersion"]


def _rule(kind: str) -> TypeSpec:
    plural = f"SecurityGroup{kind}"
    return TypeSpec(
        token=aws("vpc", f"SecurityGroup{kind}Rule"),
        service="ec2",
        calls=Calls(f"Authorize{plural}", "DescribeSecurityGroupRules", "ModifySecurityGroupRules", f"Revoke{plural}"),
        id="sgr-{hex17}",
        replace_on=("securityGroupId",),
        requires={
            "securityGroupId": Ref(SECURITY_GROUP),
            "referencedSecurityGroupId": Ref(SECURITY_GROUP, blocks=True),
        },
        outputs={"arn": arn("security-group-rule"), "securityGroupRuleId": "{id}"},
        members={"ipProtocol": "", "fromPort": "", "toPort": ""},
        on_create=(_ports_ordered, _same_rule_once),
        on_update=(_ports_ordered, _same_rule_once),
    )


def _default(name: str, token: str, input: str, calls: Calls, id: Value, **more: Any) -> TypeSpec:
    """A type that adopts what the VPC was born with; a delete only lets go of it."""
    outputs = {"arn": arn(_KINDS[token]), "ownerId": "{account}", **more.pop("outputs", {})}
    return TypeSpec(
        token=aws("ec2", name),
        service="ec2",
        calls=calls,
        id=id,
        replace_on=(input,),
        requires={input: Ref(VPC if input == "vpcId" else token), **more.pop("requires", {})},
        outputs=outputs,
        **more,
    )


_ACL_CALLS = Calls("ReplaceNetworkAclEntry", "DescribeNetworkAcls", "ReplaceNetworkAclEntry", "DescribeNetworkAcls")
_GUARDS: tuple[Rule, ...] = (_zone_exists, _cidr_fits)

SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=VPC,
        service="ec2",
        calls=Calls("CreateVpc", "DescribeVpcs", "ModifyVpcAttribute", "DeleteVpc"),
        id="vpc-{hex17}",
        replace_on=("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"),
        requires={},
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        outputs={
            "arn": arn("vpc"),
            "ownerId": "{account}",
            "enableDnsHostnames": False,
            "enableNetworkAddressUsageMetrics": False,
            "dhcpOptionsId": "dopt-{hex17}",
            "defaultSecurityGroupId": _born_with(SECURITY_GROUP, "sg"),
            "defaultNetworkAclId": _born_with(NETWORK_ACL, "acl"),
            "mainRouteTableId": _born_with(ROUTE_TABLE, "rtb"),
            "defaultRouteTableId": "{mainRouteTableId}",
        },
        empty=("cidrBlock", "ipv6AssociationId", "ipv6CidrBlock", "ipv6CidrBlockNetworkBorderGroup"),
        not_found=Refusal("InvalidVpcID.NotFound", "The vpc ID '{value}' does not exist"),
        in_use=Refusal("DependencyViolation", "The vpc '{id}' has dependencies and cannot be deleted."),
        on_create=(_vpc_size,),
        after_delete=(_born_die,),
    ),
    TypeSpec(
        token=SUBNET,
        service="ec2",
        calls=Calls("CreateSubnet", "DescribeSubnets", "ModifySubnetAttribute", "DeleteSubnet"),
        id="subnet-{hex17}",
        replace_on=(
            "vpcId",
            "cidrBlock",
            "availabilityZone",
            "availabilityZoneId",
            "ipv6Native",
            "outpostArn",
        ),
        requires={"vpcId": IN_VPC},
        defaults={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
        outputs={
            "arn": arn("subnet"),
            "ownerId": "{account}",
            "availabilityZone": _zone_name,
            "availabilityZoneId": _zone_id,
            "privateDnsHostnameTypeOnLaunch": "ip-name",
        },
        empty=("ipv6CidrBlock", "ipv6CidrBlockAssociationId", "cidrBlock"),
        not_found=Refusal("InvalidSubnetID.NotFound", "The subnet ID '{value}' does not exist"),
        in_use=Refusal("DependencyViolation", "The subnet '{id}' has dependencies and cannot be deleted."),
        on_create=_GUARDS,
    ),
    TypeSpec(
        token=INTERNET_GATEWAY,
        service="ec2",
        calls=Calls(
            "CreateInternetGateway",
            "DescribeInternetGateways",
            "AttachInternetGateway",
            "DeleteInternetGateway",
        ),
        id="igw-{hex17}",
        replace_on=(),
        requires={"vpcId": IN_VPC},
        outputs={"arn": arn("internet-gateway"), "ownerId": "{account}"},
        empty=("vpcId",),
        not_found=Refusal("InvalidInternetGatewayID.NotFound", "The internetGateway ID '{value}' does not exist"),
        on_create=(_one_gateway,),
        on_delete=(_gateway_needed,),
    ),
    TypeSpec(
        token=EIP,
        service="ec2",
        calls=Calls("AllocateAddress", "DescribeAddresses", "AssociateAddress", "ReleaseAddress"),
        id="eipalloc-{hex17}",
        replace_on=("domain", "networkBorderGroup", "publicIpv4Pool", "address"),
        requires={},
        outputs={
            "arn": "arn:{partition}:ec2:{region}:{account}:elastic-ip/{id}",
            "allocationId": "{id}",
            "domain": "vpc",
            "publicIp": _public_ip,
            "publicDns": _public_dns,
            "networkBorderGroup": "{region}",
            "publicIpv4Pool": "amazon",
        },
        empty=(
            "associationId",
            "carrierIp",
            "customerOwnedIp",
            "instance",
            "ipamPoolId",
            "networkInterface",
            "privateDns",
            "privateIp",
            "ptrRecord",
        ),
        not_found=Refusal("InvalidAllocationID.NotFound", "The allocation ID '{value}' does not exist"),
        in_use=Refusal("InvalidIPAddress.InUse", "Address {publicIp} is in use."),
    ),
    TypeSpec(
        token=NAT_GATEWAY,
        service="ec2",
        calls=Calls("CreateNatGateway", "DescribeNatGateways", "AssociateNatGatewayAddress", "DeleteNatGateway"),
        id="nat-{hex17}",
        replace_on=("allocationId", "availabilityMode", "connectivityType", "privateIp", "subnetId", "vpcId"),
        requires={"subnetId": IN_SUBNET, "allocationId": Ref(EIP, blocks=True), "vpcId": IN_VPC},
        defaults={"connectivityType": "public"},
        outputs={
            "availabilityMode": "zonal",
            "associationId": "eipassoc-{hex17}",
            "networkInterfaceId": "eni-{hex17}",
            "publicIp": _allocation("publicIp"),
            "privateIp": _address_in_subnet,
            "vpcId": _subnet_vpc(),
        },
        # The last four belong to regional NAT gateways.
        empty=(
            "secondaryAllocationIds",
            "secondaryPrivateIpAddressCount",
            "secondaryPrivateIpAddresses",
            "autoProvisionZones",
            "autoScalingIps",
            "regionalNatGatewayAddresses",
            "regionalNatGatewayAutoMode",
            "routeTableId",
        ),
        not_found=Refusal("NatGatewayNotFound", "The Nat Gateway {value} was not found"),
        on_create=(_nat_public,),
    ),
    TypeSpec(
        token=ROUTE_TABLE,
        service="ec2",
        calls=Calls("CreateRouteTable", "DescribeRouteTables", "CreateRoute", "DeleteRouteTable"),
        id="rtb-{hex17}",
        replace_on=("vpcId",),
        requires={
            "vpcId": IN_VPC,
            "routes.gatewayId": Ref(INTERNET_GATEWAY),
            "routes.natGatewayId": Ref(NAT_GATEWAY),
        },
        outputs={"arn": arn("route-table"), "ownerId": "{account}"},
        empty=("propagatingVgws", "routes"),
        not_found=Refusal("InvalidRouteTableID.NotFound", "The routeTable ID '{value}' does not exist"),
        in_use=Refusal("DependencyViolation", "The routeTable '{id}' has dependencies and cannot be deleted."),
    ),
    TypeSpec(
        token=ROUTE,
        service="ec2",
        calls=Calls("CreateRoute", "DescribeRouteTables", "ReplaceRoute", "DeleteRoute"),
        id=_route_id,
        replace_on=(
            "routeTableId",
            "destinationCidrBlock",
            "destinationIpv6CidrBlock",
            "destinationPrefixListId",
        ),
        requires={
            "routeTableId": Ref(ROUTE_TABLE),
            "gatewayId": Ref(INTERNET_GATEWAY, outside=("vgw-", "local")),
            "natGatewayId": Ref(NAT_GATEWAY),
            "vpcEndpointId": Ref(ENDPOINT),
        },
        outputs={"origin": "CreateRoute", "state": "active"},
        empty=("instanceId", "instanceOwnerId", "networkInterfaceId"),
        on_create=(_one_route,),
    ),
    TypeSpec(
        token=aws("ec2", "RouteTableAssociation"),
        service="ec2",
        calls=Calls(
            "AssociateRouteTable",
            "DescribeRouteTables",
            "ReplaceRouteTableAssociation",
            "DisassociateRouteTable",
        ),
        id="rtbassoc-{hex17}",
        replace_on=("subnetId", "gatewayId"),
        requires={
            "routeTableId": Ref(ROUTE_TABLE, blocks=True),
            "subnetId": Ref(SUBNET),
            "gatewayId": Ref(INTERNET_GATEWAY),
        },
        unique=("subnetId", "gatewayId"),
        taken=Refusal(
            "Resource.AlreadyAssociated",
            "the specified association for route table {routeTableId} conflicts with an existing association",
        ),
    ),
    TypeSpec(
        token=NETWORK_ACL,
        service="ec2",
        calls=Calls("CreateNetworkAcl", "DescribeNetworkAcls", "ReplaceNetworkAclEntry", "DeleteNetworkAcl"),
        id="acl-{hex17}",
        replace_on=("vpcId",),
        requires={"vpcId": IN_VPC, "subnetIds": Ref(SUBNET)},
        outputs={"arn": arn("network-acl"), "ownerId": "{account}"},
        empty=("egress", "ingress", "subnetIds"),
        not_found=Refusal("InvalidNetworkAclID.NotFound", "The networkAcl ID '{value}' does not exist"),
        in_use=Refusal("DependencyViolation", "network ACL {id} has dependencies and cannot be deleted"),
    ),
    TypeSpec(
        token=aws("ec2", "NetworkAclRule"),
        service="ec2",
        calls=Calls("CreateNetworkAclEntry", "DescribeNetworkAcls", "", "DeleteNetworkAclEntry"),
        id=_crc("{networkAclId}-{ruleNumber}-{egress}-{protocol}", "nacl-"),
        # Every input forces replacement: an entry has no identity of its own.
        replace_on=(
            "networkAclId",
            "ruleNumber",
            "egress",
            "protocol",
            "ruleAction",
            "cidrBlock",
            "ipv6CidrBlock",
            "fromPort",
            "toPort",
            "icmpType",
            "icmpCode",
        ),
        requires={"networkAclId": Ref(NETWORK_ACL)},
        defaults={"egress": False},
        unique=("networkAclId", "ruleNumber", "egress"),
        taken=Refusal(
            "NetworkAclEntryAlreadyExists", "The network acl entry identified by {ruleNumber} already exists."
        ),
        on_create=(_acl_number, _ports_ordered),
    ),
    TypeSpec(
        token=aws("ec2", "NetworkAclAssociation"),
        service="ec2",
        calls=Calls(
            "ReplaceNetworkAclAssociation",
            "DescribeNetworkAcls",
            "ReplaceNetworkAclAssociation",
            "ReplaceNetworkAclAssociation",
        ),
        id="aclassoc-{hex17}",
        replace_on=("networkAclId", "subnetId"),
        requires={"networkAclId": Ref(NETWORK_ACL, blocks=True), "subnetId": Ref(SUBNET)},
        on_create=(_acl_moves,),
    ),
    _default(
        "DefaultSecurityGroup",
        SECURITY_GROUP,
        "vpcId",
        Calls(
            "RevokeSecurityGroupIngress",
            "DescribeSecurityGroups",
            "RevokeSecurityGroupIngress",
            "DescribeSecurityGroups",
        ),
        _default_group,
        outputs={"name": "default", "description": "default VPC security group"},
        empty=("egress", "ingress", "namePrefix", "vpcId"),
    ),
    _default(
        "DefaultNetworkAcl",
        NETWORK_ACL,
        "defaultNetworkAclId",
        _ACL_CALLS,
        "{defaultNetworkAclId}",
        requires={"subnetIds": Ref(SUBNET)},
        outputs={"vpcId": _of_default(NETWORK_ACL, "defaultNetworkAclId")},
    ),
    _default(
        "DefaultRouteTable",
        ROUTE_TABLE,
        "defaultRouteTableId",
        Calls("DescribeRouteTables", "DescribeRouteTables", "ReplaceRoute", "DescribeRouteTables"),
        "{defaultRouteTableId}",
        outputs={"vpcId": _of_default(ROUTE_TABLE, "defaultRouteTableId")},
        empty=("routes",),
    ),
    TypeSpec(
        token=SECURITY_GROUP,
        service="ec2",
        calls=Calls(
            "CreateSecurityGroup",
            "DescribeSecurityGroups",
            "AuthorizeSecurityGroupIngress",
            "DeleteSecurityGroup",
        ),
        id="sg-{hex17}",
        replace_on=("description", "name", "namePrefix", "vpcId"),
        requires={"vpcId": IN_VPC, "ingress.securityGroups": IN_GROUP, "egress.securityGroups": IN_GROUP},
        autoname="name",
        defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
        outputs={"arn": arn("security-group"), "ownerId": "{account}"},
        empty=("egress", "ingress", "vpcId"),
        unique=("vpcId", "name"),
        taken=Refusal("InvalidGroup.Duplicate", "The security group '{name}' already exists for VPC '{vpcId}'"),
        not_found=Refusal("InvalidGroup.NotFound", "The security group '{value}' does not exist"),
        in_use=Refusal("DependencyViolation", "resource {id} has a dependent object"),
        after_delete=(_rules_die,),
    ),
    _rule("Ingress"),
    _rule("Egress"),
    TypeSpec(
        token=ENDPOINT,
        service="ec2",
        calls=Calls("CreateVpcEndpoint", "DescribeVpcEndpoints", "ModifyVpcEndpoint", "DeleteVpcEndpoints"),
        id="vpce-{hex17}",
        replace_on=("vpcId", "serviceName", "vpcEndpointType", "serviceRegion"),
        requires={
            "vpcId": IN_VPC,
            "subnetIds": IN_SUBNET,
            "securityGroupIds": IN_GROUP,
            "routeTableIds": Ref(ROUTE_TABLE),
        },
        defaults={"vpcEndpointType": "Gateway"},
        outputs={
            "arn": arn("vpc-endpoint"),
            "ownerId": "{account}",
            "state": "available",
            "requesterManaged": False,
            "policy": _ALLOW_ALL.replace("{", "{{").replace("}", "}}"),
            "privateDnsEnabled": False,
            "ipAddressType": _interface("ipv4", ""),
            "serviceRegion": "{region}",
            "dnsEntries": _interface(_endpoint_dns, []),
            "dnsOptions": _interface({"dnsRecordIpType": "ipv4"}, {"dnsRecordIpType": "service-defined"}),
            "networkInterfaceIds": _interface(_interfaces, []),
            "subnetConfigurations": _endpoint_subnets,
            "prefixListId": lambda call: _interface("", f"pl-{scramble('hex', 8)}")(call),
            "cidrBlocks": _interface([], ["52.219.72.0/22", "3.5.134.0/23"]),
        },
        empty=("routeTableIds", "securityGroupIds", "subnetIds"),
        not_found=Refusal("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '{value}' does not exist"),
        on_create=(_endpoint_service,),
    ),
    TypeSpec(
        token=aws("ec2", "FlowLog"),
        service="ec2",
        calls=Calls("CreateFlowLogs", "DescribeFlowLogs", "CreateTags", "DeleteFlowLogs"),
        id="fl-{hex17}",
        replace_on=(
            "vpcId",
            "subnetId",
            "eniId",
            "iamRoleArn",
            "logDestination",
            "logDestinationType",
            "logFormat",
            "maxAggregationInterval",
            "trafficType",
            "destinationOptions",
        ),
        requires={
            "vpcId": Ref(VPC),
            "subnetId": Ref(SUBNET),
            "iamRoleArn": Ref(ROLE, "arn"),
            "logDestination": (Ref(LOG_GROUP, "arn"), Ref(BUCKET, "arn", anywhere=True)),
        },
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
        outputs={"arn": arn("vpc-flow-log"), "logFormat": _FLOW_FORMAT.replace("{", "{{").replace("}", "}}")},
        empty=("logDestination",),
        on_create=(_one_destination,),
    ),
    TypeSpec(
        token=aws("ec2", "VpcNetworkPerformanceMetricSubscription"),
        service="ec2",
        calls=Calls(
            "EnableAwsNetworkPerformanceMetricSubscription",
            "DescribeAwsNetworkPerformanceMetricSubscriptions",
            "",
            "DisableAwsNetworkPerformanceMetricSubscription",
        ),
        id="{source}/{destination}/{metric}/{statistic}",
        replace_on=("source", "destination", "metric", "statistic"),
        requires={},
        defaults={"metric": "aggregate-latency", "statistic": "p50"},
        outputs={"period": "five-minutes"},
        on_create=(_zone_pair,),
    ),
    TypeSpec(
        token=aws("ec2", "LaunchTemplate"),
        service="ec2",
        calls=Calls(
            "CreateLaunchTemplate",
            "DescribeLaunchTemplates",
            "CreateLaunchTemplateVersion",
            "DeleteLaunchTemplate",
        ),
        id="lt-{hex17}",
        replace_on=("name", "namePrefix"),
        requires={
            "vpcSecurityGroupIds": IN_GROUP,
            "iamInstanceProfile.name": Ref(aws("iam", "InstanceProfile")),
            "iamInstanceProfile.arn": Ref(aws("iam", "InstanceProfile"), "arn"),
        },
        autoname="name",
        outputs={"arn": arn("launch-template"), "defaultVersion": 1, "latestVersion": 1},
        nested={
            "metadataOptions": {
                "httpEndpoint": "enabled",
                "httpProtocolIpv6": "disabled",
                "httpTokens": "optional",
                "httpPutResponseHopLimit": 1,
                "instanceMetadataTags": "disabled",
            }
        },
        unique=("name",),
        taken=Refusal("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use."),
        not_found=Refusal(
            "InvalidLaunchTemplateId.NotFound",
            "The specified launch template, with template ID {value}, does not exist.",
        ),
        after_update=(_next_version,),
    ),
)
