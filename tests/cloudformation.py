"""Some registered resources in CloudFormation's shape, so that cfn-lint, which knows AWS's schemas, judges them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pulumi_aws as aws

from components.resource_types import type_of
from tests.harness import Registered

Inputs = Mapping[str, Any]
Shape = tuple[str, dict[str, Any]]

_DATABASE_NAMES = {
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "dbName": "DBName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "multiAz": "MultiAZ",
    "parameterGroupName": "DBParameterGroupName",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "replicateSourceDb": "SourceDBInstanceIdentifier",
    "username": "MasterUsername",
    "vpcSecurityGroupIds": "VPCSecurityGroups",
}
_PULUMI_ONLY = {"applyImmediately", "finalSnapshotIdentifier", "region", "skipFinalSnapshot", "tags", "tagsAll"}
_NOT_IN_A_TEMPLATE = {"passwordWo", "passwordWoVersion"}


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def _database(inputs: Inputs) -> Shape:
    left_out = _PULUMI_ONLY | _NOT_IN_A_TEMPLATE
    # CloudFormation wants no word about encryption on a replica; Pulumi's provider must have it, or it replaces.
    if "replicateSourceDb" in inputs:
        left_out = left_out | {"storageEncrypted"}
    properties = {_DATABASE_NAMES.get(k, _pascal(k)): v for k, v in inputs.items() if k not in left_out}
    properties["AllocatedStorage"] = str(properties["AllocatedStorage"])
    if "MasterUsername" in properties:
        properties["ManageMasterUserPassword"] = True  # stands in for the write-only password
    return "AWS::RDS::DBInstance", properties


def _health_check(inputs: Inputs) -> Shape:
    names = {"fqdn": "FullyQualifiedDomainName", "enableSni": "EnableSNI", "childHealthchecks": "ChildHealthChecks"}
    names |= {"childHealthThreshold": "HealthThreshold"}
    other = _PULUMI_ONLY | {"cloudwatchAlarmName", "cloudwatchAlarmRegion", "referenceName"}
    config = {names.get(k, _pascal(k)): v for k, v in inputs.items() if k not in other}
    if "cloudwatchAlarmName" in inputs:
        config["AlarmIdentifier"] = {"Name": inputs["cloudwatchAlarmName"], "Region": inputs["cloudwatchAlarmRegion"]}
    return "AWS::Route53::HealthCheck", {"HealthCheckConfig": config}


def _schedule(inputs: Inputs) -> Shape:
    target = inputs["target"]
    retry = {_pascal(k): v for k, v in target["retryPolicy"].items()}
    return "AWS::Scheduler::Schedule", {
        "ScheduleExpression": inputs["scheduleExpression"],
        "FlexibleTimeWindow": {"Mode": inputs["flexibleTimeWindow"]["mode"]},
        "Target": {"Arn": target["arn"], "RoleArn": target["roleArn"], "RetryPolicy": retry},
    }


def _events(inputs: Inputs) -> Shape:
    names = ("sourceType", "sourceIds", "eventCategories")
    properties = {_pascal(name): inputs[name] for name in names}
    return "AWS::RDS::EventSubscription", properties | {"SnsTopicArn": inputs["snsTopic"]}


def _parameters(inputs: Inputs) -> Shape:
    values = {p["name"]: p["value"] for p in inputs["parameters"]}
    return "AWS::RDS::DBParameterGroup", {
        "Family": inputs["family"],
        "Description": inputs["description"],
        "Parameters": values,
    }


_SHAPES: dict[str, Callable[[Inputs], Shape]] = {
    type_of(aws.rds.Instance): _database,
    type_of(aws.rds.ParameterGroup): _parameters,
    type_of(aws.rds.EventSubscription): _events,
    type_of(aws.route53.HealthCheck): _health_check,
    type_of(aws.scheduler.Schedule): _schedule,
    type_of(aws.iam.Role): lambda i: (
        "AWS::IAM::Role",
        {"AssumeRolePolicyDocument": json.loads(i["assumeRolePolicy"])},
    ),
    type_of(aws.iam.RolePolicy): lambda i: ("AWS::IAM::ManagedPolicy", {"PolicyDocument": json.loads(i["policy"])}),
    type_of(aws.kms.Key): lambda i: (
        "AWS::KMS::Key",
        {"KeyPolicy": json.loads(i["policy"]), "PendingWindowInDays": i["deletionWindowInDays"]},
    ),
    type_of(aws.sns.TopicPolicy): lambda i: (
        "AWS::SNS::TopicPolicy",
        {"PolicyDocument": json.loads(i["policy"]), "Topics": [i["arn"]]},
    ),
    type_of(aws.s3.BucketPolicy): lambda i: (
        "AWS::S3::BucketPolicy",
        {"PolicyDocument": json.loads(i["policy"]), "Bucket": i["bucket"]},
    ),
}


def template(resources: Iterable[Registered]) -> dict[str, Any]:
    """A template of the resources that have a shape here; logical names are Pulumi's without punctuation."""
    found: dict[str, Any] = {}
    for resource in resources:
        if resource.type not in _SHAPES:
            continue
        type_, properties = _SHAPES[resource.type](resource.inputs)
        name = "".join(part.capitalize() for part in (resource.type.split(":")[-1] + "-" + resource.name).split("-"))
        found["".join(filter(str.isalnum, name))] = {"Type": type_, "Properties": properties}
        if type_ == "AWS::RDS::DBInstance":
            found["".join(filter(str.isalnum, name))] |= {
                "DeletionPolicy": "Snapshot",
                "UpdateReplacePolicy": "Snapshot",
            }
    return {"Resources": found}
