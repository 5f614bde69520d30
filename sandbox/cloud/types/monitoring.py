"""CloudWatch logs, alarms and events, and SNS."""

from __future__ import annotations

import json
from typing import Any

from sandbox.cloud.call import Call, scramble
from sandbox.cloud.spec import Calls, Ref, Refusal, TypeSpec, aws
from sandbox.cloud.types.security import KEY, ROLE, is_document

LOG_GROUP = aws("cloudwatch", "LogGroup")
TOPIC = aws("sns", "Topic")
EVENT_RULE = aws("cloudwatch", "EventRule")


def _region_of(arn: str) -> str:
    return arn.split(":")[3] if arn.count(":") > 4 else ""


def _retention(call: Call) -> None:
    days = call.inputs.get("retentionInDays", 0)
    legal = (
        0,
        1,
        3,
        5,
        7,
        14,
        30,
        60,
        90,
        120,
        150,
        180,
        365,
        400,
        545,
        731,
        1096,
        1827,
        2192,
        2557,
        2922,
        3288,
        3653,
    )
    if days not in legal:
        message = (
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(map(str, legal[1:]))}]"
        )
        raise call.refusal("InvalidParameterException", message)


def _log_key(call: Call) -> None:
    """CloudWatch Logs tries the key, so its policy must let this region's service in."""
    key = call.find(KEY, call.inputs.get("kmsKeyId"), "arn")
    service = f"logs.{call.region}.amazonaws.com"
    if key and service not in key.properties["policy"] and "logs.amazonaws.com" not in key.properties["policy"]:
        message = f"The specified KMS Key Id could not be found, is not enabled, or does not allow {service} to use it."
        raise call.refusal(
            "InvalidParameterException",
            "The specified KMS key does not exist or is not allowed to be used with "
            f"{call.render('arn:{partition}:logs:{region}:{account}:log-group:{name}')}: {message}",
        )


def _metric_or_queries(call: Call) -> None:
    if not (call.inputs.get("metricName") or call.inputs.get("metricQueries") or call.inputs.get("evaluationCriteria")):
        raise call.refusal(
            "ValidationError", "One of metric_name or metric_query must be set for a cloudwatch metric alarm"
        )
    for key in ("alarmActions", "okActions", "insufficientDataActions"):
        for action in call.inputs.get(key) or []:
            if action.startswith("arn:") and ":sns:" in action and _region_of(action) != call.region:
                raise call.refusal(
                    "ValidationError",
                    f"Invalid region {_region_of(action)} specified. Only {call.region} is supported.",
                )


def _topic_policy(call: Call) -> str:
    actions = (
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    )
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": call.state["arn"],
        "Condition": {"StringEquals": {"AWS:SourceOwner": call.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _schedule_or_pattern(call: Call) -> None:
    if not (call.inputs.get("scheduleExpression") or call.inputs.get("eventPattern")):
        raise call.refusal("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")


def _no_targets(call: Call) -> None:
    targets = [t for t in call.siblings(aws("cloudwatch", "EventTarget")) if t.properties["rule"] == call.id]
    if targets and not call.state.get("forceDestroy"):
        raise call.refusal("ValidationException", "Rule can't be deleted since it has targets.")


def _confirmed(call: Call) -> Any:
    return call.inputs["protocol"] in ("email", "email-json", "http", "https")


def _subscriptions_die(call: Call) -> None:
    for record in call.siblings(aws("sns", "TopicSubscription")):
        if record.properties["topic"] == call.id:
            call.store.remove(call.region, record.type, record.id)


ALARM_TARGETS = Ref(
    TOPIC,
    "arn",
    outside=("arn:aws:autoscaling:", "arn:aws:automate:", "arn:aws:lambda:", "arn:aws:swf:", "arn:aws:ssm"),
)

SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=LOG_GROUP,
        service="logs",
        calls=Calls("CreateLogGroup", "DescribeLogGroups", "PutRetentionPolicy", "DeleteLogGroup"),
        id="{name}",
        replace_on=("name", "namePrefix", "logGroupClass"),
        requires={"kmsKeyId": Ref(KEY, "arn")},
        autoname="name",
        name_length=512,
        defaults={"retentionInDays": 0, "skipDestroy": False},
        outputs={
            "arn": "arn:{partition}:logs:{region}:{account}:log-group:{name}",
            "logGroupClass": "STANDARD",
            "deletionProtectionEnabled": False,
        },
        members={"name": "logGroupName", "kmsKeyId": "kmsKeyId", "tags": ""},
        unique=("name",),
        taken=Refusal("ResourceAlreadyExistsException", "The specified log group already exists"),
        not_found=Refusal("ResourceNotFoundException", "The specified log group does not exist."),
        on_create=(_retention, _log_key),
        on_update=(_retention, _log_key),
    ),
    TypeSpec(
        token=aws("cloudwatch", "LogResourcePolicy"),
        service="logs",
        calls=Calls("PutResourcePolicy", "DescribeResourcePolicies", "PutResourcePolicy", "DeleteResourcePolicy"),
        id=lambda call: call.inputs.get("policyName") or call.inputs.get("resourceArn"),
        replace_on=("policyName", "resourceArn"),
        requires={},
        outputs={
            "policyScope": lambda call: "RESOURCE" if call.inputs.get("resourceArn") else "ACCOUNT",
            "revisionId": "{uuid}",
        },
        renewed=("revisionId",),
        on_create=(is_document("policyDocument", "InvalidParameterException"),),
        on_update=(is_document("policyDocument", "InvalidParameterException"),),
    ),
    TypeSpec(
        token=aws("cloudwatch", "MetricAlarm"),
        service="cloudwatch",
        calls=Calls("PutMetricAlarm", "DescribeAlarms", "PutMetricAlarm", "DeleteAlarms"),
        id="{name}",
        replace_on=("name",),
        requires={
            "alarmActions": ALARM_TARGETS,
            "okActions": ALARM_TARGETS,
            "insufficientDataActions": ALARM_TARGETS,
        },
        autoname="name",
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        outputs={"arn": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"},
        empty=("evaluateLowSampleCountPercentiles",),
        members={"name": "AlarmName", "metricQueries": "", "dimensions": "", "tags": ""},
        on_create=(_metric_or_queries,),
        on_update=(_metric_or_queries,),
    ),
    TypeSpec(
        token=EVENT_RULE,
        service="events",
        calls=Calls("PutRule", "DescribeRule", "PutRule", "DeleteRule"),
        id="{name}",
        replace_on=("name", "namePrefix", "eventBusName"),
        requires={"roleArn": Ref(ROLE, "arn")},
        autoname="name",
        name_length=64,
        defaults={"eventBusName": "default", "forceDestroy": False, "state": "ENABLED"},
        outputs={"arn": "arn:{partition}:events:{region}:{account}:rule/{name}"},
        members={"tags": ""},
        not_found=Refusal("ResourceNotFoundException", "Rule {value} does not exist on EventBus default."),
        on_create=(_schedule_or_pattern,),
        on_update=(_schedule_or_pattern,),
        on_delete=(_no_targets,),
    ),
    TypeSpec(
        token=aws("cloudwatch", "EventTarget"),
        service="events",
        calls=Calls("PutTargets", "ListTargetsByRule", "PutTargets", "RemoveTargets"),
        id=lambda call: f"{call.inputs['rule']}-{call.inputs.get('targetId') or scramble('hex', 26)}",
        replace_on=("rule", "eventBusName", "targetId"),
        requires={"rule": Ref(EVENT_RULE), "roleArn": Ref(ROLE, "arn")},
        defaults={"eventBusName": "default", "forceDestroy": False},
        outputs={"targetId": lambda call: call.id.removeprefix(f"{call.inputs['rule']}-")},
    ),
    TypeSpec(
        token=TOPIC,
        service="sns",
        calls=Calls("CreateTopic", "GetTopicAttributes", "SetTopicAttributes", "DeleteTopic"),
        id="arn:{partition}:sns:{region}:{account}:{name}",
        replace_on=("name", "namePrefix", "fifoTopic"),
        requires={"kmsMasterKeyId": (Ref(KEY, "arn"), Ref(KEY), Ref(aws("kms", "Alias")))},
        autoname="name",
        name_length=256,
        defaults={"contentBasedDeduplication": False, "fifoTopic": False},
        outputs={
            "arn": "{id}",
            "owner": "{account}",
            "policy": _topic_policy,
            "signatureVersion": 1,
            "maximumMessageSize": 262144,
            "tracingConfig": "PassThrough",
        },
        # The first two belong to FIFO topics.
        empty=("fifoThroughputScope", "beginningArchiveTime"),
        members={"tags": ""},
        not_found=Refusal("NotFound", "Topic does not exist"),
        on_create=(is_document("policy", "InvalidParameter"),),
        on_update=(is_document("policy", "InvalidParameter"),),
        after_delete=(_subscriptions_die,),
    ),
    TypeSpec(
        token=aws("sns", "TopicPolicy"),
        service="sns",
        calls=Calls("SetTopicAttributes", "GetTopicAttributes", "SetTopicAttributes", "SetTopicAttributes"),
        id="{arn}",
        replace_on=("arn",),
        requires={"arn": Ref(TOPIC, "arn")},
        outputs={"owner": "{account}"},
        on_create=(is_document("policy", "InvalidParameter"),),
        on_update=(is_document("policy", "InvalidParameter"),),
    ),
    TypeSpec(
        token=aws("sns", "TopicSubscription"),
        service="sns",
        calls=Calls("Subscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"),
        id="{topic}:{uuid}",
        replace_on=("topic", "protocol", "endpoint"),
        requires={"topic": Ref(TOPIC, "arn", anywhere=True)},
        defaults={
            "confirmationTimeoutInMinutes": 1,
            "endpointAutoConfirms": False,
            "rawMessageDelivery": False,
        },
        outputs={
            "arn": "{id}",
            "ownerId": "{account}",
            "pendingConfirmation": _confirmed,
            "confirmationWasAuthenticated": lambda call: not _confirmed(call),
        },
        empty=("filterPolicyScope",),
    ),
)
