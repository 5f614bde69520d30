"""Lambda, EventBridge Scheduler and EC2 Auto Scaling."""

# An id is called id, a property is called property, as in AWS and Pulumi.
# ruff: noqa: A001

from __future__ import annotations

import base64
import hashlib

from sandbox.cloud.call import Call
from sandbox.cloud.spec import Calls, Ref, Refusal, TypeSpec, aws
from sandbox.cloud.types.edge import TARGET_GROUP
from sandbox.cloud.types.network import IN_GROUP, IN_SUBNET
from sandbox.cloud.types.security import KEY, ROLE

FUNCTION = aws("lambda", "Function")
LAUNCH_TEMPLATE = aws("ec2", "LaunchTemplate")
GROUP = aws("autoscaling", "Group")


def _code(call: Call) -> None:
    if not any(call.inputs.get(key) for key in ("code", "s3Bucket", "imageUri")):
        raise call.refusal("InvalidParameterValueException", "one of code, s3_bucket or image_uri must be specified")
    if call.inputs.get("packageType", "Zip") == "Zip" and not (
        call.inputs.get("handler") and call.inputs.get("runtime")
    ):
        raise call.refusal("InvalidParameterValueException", "handler and runtime must be set when PackageType is Zip")


def _code_hash(call: Call) -> str:
    text = repr([call.inputs.get(key) for key in ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri")])
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _invoke_arn(version: str, path: str) -> str:
    return f"arn:{{partition}}:apigateway:{{region}}:lambda:path/{version}/functions/{{arn}}/{path}"


def _sizes(call: Call) -> None:
    low, high = call.inputs["minSize"], call.inputs["maxSize"]
    wanted = call.inputs.get("desiredCapacity", low)
    if low > high:
        raise call.refusal("ValidationError", "Max bound, must be greater than or equal to min bound")
    if not low <= wanted <= high:
        bound = f"above the specified min size:{low}" if wanted < low else f"below the specified max size:{high}"
        raise call.refusal("ValidationError", f"Desired capacity:{wanted} must be {bound}")
    if not any(call.inputs.get(key) for key in ("launchTemplate", "launchConfiguration", "mixedInstancesPolicy")):
        raise call.refusal(
            "ValidationError",
            "One of launch_template, launch_configuration or mixed_instances_policy must be specified",
        )
    if not any(call.inputs.get(key) for key in ("vpcZoneIdentifiers", "availabilityZones")):
        raise call.refusal("ValidationError", "At least one Availability Zone or VPC Subnet is required.")


def _zones(call: Call) -> list[str]:
    found = (call.find(aws("ec2", "Subnet"), id) for id in call.inputs.get("vpcZoneIdentifiers") or [])
    return sorted({record.properties["availabilityZone"] for record in found if record})


SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=FUNCTION,
        service="lambda",
        calls=Calls("CreateFunction", "GetFunction", "UpdateFunctionConfiguration", "DeleteFunction"),
        id="{name}",
        replace_on=("name", "packageType"),
        requires={
            "role": Ref(ROLE, "arn"),
            "vpcConfig.subnetIds": IN_SUBNET,
            "vpcConfig.securityGroupIds": IN_GROUP,
            "kmsKeyArn": Ref(KEY, "arn"),
        },
        autoname="name",
        name_length=64,
        defaults={
            "memorySize": 128,
            "packageType": "Zip",
            "publish": False,
            "reservedConcurrentExecutions": -1,
            "skipDestroy": False,
            "timeout": 3,
        },
        outputs={
            "arn": "arn:{partition}:lambda:{region}:{account}:function:{name}",
            "invokeArn": _invoke_arn("2015-03-31", "invocations"),
            "responseStreamingInvokeArn": _invoke_arn("2021-11-15", "response-streaming-invocations"),
            "version": "$LATEST",
            "qualifiedArn": "{arn}:{version}",
            "qualifiedInvokeArn": "{invokeArn}",
            "architectures": ["x86_64"],
            "codeSha256": _code_hash,
            "sourceCodeHash": "{codeSha256}",
            "sourceCodeSize": lambda call: len(repr(call.inputs.get("code"))),
            "lastModified": "{now}",
            "ephemeralStorage": {"size": 512},
            "loggingConfig": lambda call: {"logFormat": "Text", "logGroup": f"/aws/lambda/{call.id}"},
            "tracingConfig": {"mode": "PassThrough"},
        },
        renewed=("codeSha256", "lastModified", "sourceCodeSize"),
        empty=("signingJobArn", "signingProfileVersionArn"),  # unsigned code
        members={"name": "FunctionName", "code": "", "tags": "", "layers": "", "memorySize": "MemorySize"},
        unique=("name",),
        taken=Refusal("ResourceConflictException", "Function already exist: {name}"),
        not_found=Refusal("ResourceNotFoundException", "Function not found: {value}"),
        on_create=(_code,),
        on_update=(_code,),
    ),
    TypeSpec(
        token=aws("lambda", "Permission"),
        service="lambda",
        calls=Calls("AddPermission", "GetPolicy", "", "RemovePermission"),
        id="{statementId}",
        replace_on=(
            "action",
            "eventSourceToken",
            "function",
            "functionUrlAuthType",
            "invokedViaFunctionUrl",
            "principal",
            "principalOrgId",
            "qualifier",
            "sourceAccount",
            "sourceArn",
            "statementId",
            "statementIdPrefix",
        ),
        requires={"function": (Ref(FUNCTION), Ref(FUNCTION, "arn"))},
        autoname="statementId",
        name_length=100,
        empty=("statementIdPrefix",),
        unique=("function", "statementId"),
        taken=Refusal(
            "ResourceConflictException",
            "The statement id ({statementId}) provided already exists. Please provide a new "
            "statement id, or remove the existing statement.",
        ),
    ),
    TypeSpec(
        token=aws("scheduler", "Schedule"),
        service="scheduler",
        calls=Calls("CreateSchedule", "GetSchedule", "UpdateSchedule", "DeleteSchedule"),
        id="{groupName}/{name}",
        replace_on=("name", "namePrefix", "groupName"),
        requires={"target.roleArn": Ref(ROLE, "arn"), "kmsKeyArn": Ref(KEY, "arn")},
        autoname="name",
        name_length=64,
        defaults={"scheduleExpressionTimezone": "UTC", "state": "ENABLED", "groupName": "default"},
        outputs={
            "arn": "arn:{partition}:scheduler:{region}:{account}:schedule/{groupName}/{name}",
            "actionAfterCompletion": "NONE",
        },
        members={"target": ""},
        unique=("groupName", "name"),
        taken=Refusal("ConflictException", "Schedule {name} already exists."),
    ),
    TypeSpec(
        token=GROUP,
        service="autoscaling",
        calls=Calls(
            "CreateAutoScalingGroup",
            "DescribeAutoScalingGroups",
            "UpdateAutoScalingGroup",
            "DeleteAutoScalingGroup",
        ),
        id="{name}",
        replace_on=("name", "namePrefix", "placementGroup"),
        requires={
            "launchTemplate.id": Ref(LAUNCH_TEMPLATE),
            "launchTemplate.name": Ref(LAUNCH_TEMPLATE, "name"),
            "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateId": Ref(LAUNCH_TEMPLATE),
            "vpcZoneIdentifiers": IN_SUBNET,
            "targetGroupArns": Ref(TARGET_GROUP),
        },
        autoname="name",
        defaults={
            "capacityRebalance": False,
            "forceDelete": False,
            "healthCheckGracePeriod": 300,
            "maxInstanceLifetime": 0,
            "metricsGranularity": "1Minute",
            "protectFromScaleIn": False,
            "waitForCapacityTimeout": "10m",
        },
        outputs={
            "arn": "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}",
            "availabilityZones": _zones,
            "availabilityZoneDistribution": {"capacityDistributionStrategy": "balanced-best-effort"},
            "capacityReservationSpecification": {"capacityReservationPreference": "default"},
            "desiredCapacity": lambda call: call.inputs["minSize"],
            "defaultCooldown": 300,
            "healthCheckType": "EC2",
            "serviceLinkedRoleArn": (
                "arn:{partition}:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/"
                "AWSServiceRoleForAutoScaling"
            ),
        },
        empty=(
            "instanceLifecyclePolicy",
            "launchTemplate",
            "loadBalancers",
            "mixedInstancesPolicy",
            "predictedCapacity",
            "targetGroupArns",
            "trafficSources",
            "vpcZoneIdentifiers",
            "warmPoolSize",
        ),
        members={
            "tags": "",
            "launchTemplate": "",
            "mixedInstancesPolicy": "",
            "vpcZoneIdentifiers": "",
            "targetGroupArns": "",
            "name": "AutoScalingGroupName",
        },
        unique=("name",),
        taken=Refusal(
            "AlreadyExists",
            "AutoScalingGroup by this name already exists - A group with the name {name} already exists",
        ),
        not_found=Refusal("ValidationError", "AutoScalingGroup name not found - AutoScalingGroup {value} not found"),
        on_create=(_sizes,),
        on_update=(_sizes,),
    ),
    TypeSpec(
        token=aws("autoscaling", "Policy"),
        service="autoscaling",
        calls=Calls("PutScalingPolicy", "DescribePolicies", "PutScalingPolicy", "DeletePolicy"),
        id="{name}",
        replace_on=("name", "autoscalingGroupName", "policyType"),
        requires={"autoscalingGroupName": Ref(GROUP)},
        autoname="name",
        defaults={"enabled": True, "policyType": "SimpleScaling"},
        outputs={
            "arn": (
                "arn:{partition}:autoscaling:{region}:{account}:scalingPolicy:{uuid}:"
                "autoScalingGroupName/{autoscalingGroupName}:policyName/{name}"
            ),
            "metricAggregationType": "",
        },
        members={"policyType": "", "targetTrackingConfiguration": "", "stepAdjustments": ""},
    ),
)
