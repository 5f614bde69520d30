"""Where the load balancer lets clients in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.edge.target_group import TargetType
from components.network.flows import HTTPS

TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.3, and 1.2 with forward secrecy and authenticated encryption only
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html)."""

STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpsListenerArgs:
    """certificate_arn: an issued certificate of the region; target_group_type: what kind of targets the group has.

    opens_after: what must be there first, so also before clients are moved from one target group to another.
    """

    load_balancer_arn: pulumi.Input[str]
    certificate_arn: pulumi.Input[str]
    target_group_arn: pulumi.Input[str]
    target_group_type: TargetType
    opens_after: Sequence[pulumi.Resource]


class HttpsListener(pulumi.ComponentResource):
    """HTTPS from clients to one target group; to lead to another one it changes in place."""

    def __init__(self, name: str, args: HttpsListenerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:edge:HttpsListener", name, None, opts)
        aws.lb.Listener(
            f"{name}-https",
            load_balancer_arn=args.load_balancer_arn,
            port=HTTPS,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=args.certificate_arn,
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=args.target_group_arn)],
            routing_http_response_server_enabled=False,
            routing_http_response_strict_transport_security_header_value=STRICT_TRANSPORT,
            tags={"Targets": args.target_group_type},
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.opens_after),
        )
        self.register_outputs({})
