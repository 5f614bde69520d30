"""The certificate of one site, for its own name and for the name that clients use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

VALIDATION_TTL_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCertificateArgs:
    """probe_name: the site's own name; failover_name: the shared one; zone_id: their hosted zone."""

    probe_name: str
    failover_name: str
    zone_id: str


class SiteCertificate(pulumi.ComponentResource):
    """An ACM certificate, issued in steady state so that a failover needs no certificate authority.

    The stack owns the validation record of its own name only. The shared name's record is the same one for every
    certificate of the account, so two stacks would fight over it: the bootstrap owns it.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: SiteCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:edge:SiteCertificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args.probe_name,
            subject_alternative_names=[args.failover_name],
            validation_method="DNS",
            tags={"Name": args.probe_name},
            opts=child,
        )
        own = certificate.domain_validation_options.apply(lambda options: option_of(options, args.probe_name))
        record = aws.route53.Record(
            f"{name}-validation",
            zone_id=args.zone_id,
            name=own.resource_record_name,
            type=own.resource_record_type,
            records=[own.resource_record_value],
            ttl=VALIDATION_TTL_SECONDS,
            opts=child,
        )
        validation = aws.acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[record]),
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})


def option_of(
    options: Sequence[aws.acm.outputs.CertificateDomainValidationOption], domain: str
) -> aws.acm.outputs.CertificateDomainValidationOption:
    """The validation option of one domain; ACM returns them in no order."""
    return next(option for option in options if option.domain_name == domain)
