"""AWS WAF's resource types, registered by their tokens.

pulumi_aws.wafv2 declares every nesting of statements as classes of its own, 93,000 lines of them: importing it takes
0.3 seconds of each preview (1.3 and more before Python has compiled it), for three resources. These classes
register the same types with plain data under AWS's own (camelCase) names. tests/test_waf.py holds the data against
the SDK's classes, and the web ACL stays a normal `rules` input: `rule_json` would end drift detection.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, cast

import pulumi


class _WafResource(pulumi.CustomResource):
    """A resource of the same provider, in the same version, as the SDK's own classes."""

    pulumi_type: str

    def __init__(
        self,
        name: str,
        props: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
        *,
        outputs: tuple[str, ...] = (),
    ) -> None:
        same_provider = pulumi.ResourceOptions(version=version("pulumi-aws"))
        computed = dict.fromkeys(outputs)
        super().__init__(
            self.pulumi_type, name, {**computed, **props}, pulumi.ResourceOptions.merge(same_provider, opts)
        )


class WebAcl(_WafResource):
    """aws_wafv2_web_acl."""

    pulumi_type = "aws:wafv2/webAcl:WebAcl"

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, props, opts, outputs=("arn",))

    @property
    def arn(self) -> pulumi.Output[str]:
        """What associations and logging name."""
        return cast("pulumi.Output[str]", pulumi.get(self, "arn"))


class WebAclAssociation(_WafResource):
    """aws_wafv2_web_acl_association."""

    pulumi_type = "aws:wafv2/webAclAssociation:WebAclAssociation"


class WebAclLoggingConfiguration(_WafResource):
    """aws_wafv2_web_acl_logging_configuration."""

    pulumi_type = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
