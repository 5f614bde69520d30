"""Wires what both sites rely on, and publishes how to use it."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from bootstrap.fence import Fence, FenceArgs
from bootstrap.settings import BootstrapSettings
from bootstrap.state_store import ALIAS, StateStore, StateStoreArgs
from components.edge.certificate import VALIDATION_TTL_SECONDS, option_of
from components.naming import failover_name


def build(settings: BootstrapSettings) -> None:
    """Register the state store, the fence, the hosted zone and the shared name's validation record."""
    store = StateStore(
        "state",
        StateStoreArgs(account_id=settings.account_ids[0], region=settings.region, protect=settings.is_protected),
    )
    fence = Fence(
        "fence",
        FenceArgs(
            home_region=settings.dr_region,
            replica_region=settings.primary_region,
            witness_region=settings.region,
            protect=settings.is_protected,
        ),
    )
    zone_id: pulumi.Input[str] = settings.hosted_zone_id
    if not settings.hosted_zone_id:
        zone = aws.route53.Zone(
            "zone",
            name=settings.domain,
            comment="Clients and health checks of the trading platform",
            opts=pulumi.ResourceOptions(protect=settings.is_protected),
        )
        zone_id = zone.zone_id
        pulumi.export("nameServers", zone.name_servers)

    # ACM derives a domain's validation record from the account and the name alone. This certificate serves nobody;
    # it exists to learn that record, which then validates the certificates of both sites.
    shared = failover_name(settings.domain)
    certificate = aws.acm.Certificate("failover-name", domain_name=shared, validation_method="DNS")
    option = certificate.domain_validation_options.apply(lambda options: option_of(options, shared))
    aws.route53.Record(
        "failover-name-validation",
        zone_id=zone_id,
        name=option.resource_record_name,
        type=option.resource_record_type,
        records=[option.resource_record_value],
        ttl=VALIDATION_TTL_SECONDS,
    )

    region = settings.region
    pulumi.export("hostedZoneId", zone_id)
    pulumi.export("failoverName", shared)
    pulumi.export("fenceTable", fence.table_name)
    pulumi.export("stateBucket", store.bucket)
    pulumi.export("secretsKeyArn", store.key_arn)
    # Both addresses name their region: without it Pulumi asks the environment, which may mean a dead one.
    pulumi.export("backendUrl", pulumi.Output.format("s3://{0}?region={1}&awssdk=v2", store.bucket, region))
    pulumi.export("secretsProvider", f"awskms://{ALIAS}?region={region}&awssdk=v2")
