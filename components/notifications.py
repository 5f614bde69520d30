"""Where alarms and database events go: an encrypted SNS topic per region."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import allow, document
from components.regions import PARTITION

PUBLISHERS = ("cloudwatch.amazonaws.com", "events.rds.amazonaws.com")
"""Services that publish; the topic's key must admit the same ones."""


def topic_policy(topic_arn: str, account_id: str) -> str:
    """Only alarms and events of this account may publish, over TLS only."""
    return document(
        allow(
            "PublishersOfThisAccount",
            ["sns:Publish"],
            [topic_arn],
            principal={"Service": PUBLISHERS},
            condition={"StringEquals": {"aws:SourceAccount": account_id}},
        ),
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Action": ["sns:Publish"],
            "Resource": [topic_arn],
            "Principal": {"AWS": "*"},
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsArgs:
    """topic: its name; kms_key_arn: a key of the topic's region that admits PUBLISHERS."""

    topic: str
    account_id: str
    region: str
    kms_key_arn: pulumi.Input[str]


class Notifications(pulumi.ComponentResource):
    """An encrypted SNS topic that CloudWatch alarms and RDS events may publish to."""

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:index:Notifications", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            region=args.region,
            name=args.topic,
            kms_master_key_id=args.kms_key_arn,
            opts=child,
        )
        arn = f"arn:{PARTITION}:sns:{args.region}:{args.account_id}:{args.topic}"
        aws.sns.TopicPolicy(
            f"{name}-policy",
            region=args.region,
            arn=topic.arn,
            policy=topic_policy(arn, args.account_id),
            opts=child,
        )
        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": topic.arn})
