"""One site of the platform, from top to bottom: what is made, in what order, and what it hands on."""

from __future__ import annotations

from typing import Final

import pulumi

from components.alarms import Alarms, AlarmsArgs
from components.cache import Cache, CacheArgs
from components.database.master_login import MasterLogin, MasterLoginArgs
from components.database.origin import Fresh, Origin, Promoted, ReplicaOf, follow
from components.database.parameters import Audience
from components.database.postgres import HaPostgres, HaPostgresArgs
from components.edge.access_logs import AccessLogs, AccessLogsArgs
from components.edge.certificate import SiteCertificate, SiteCertificateArgs
from components.edge.https_listener import HttpsListener, HttpsListenerArgs
from components.edge.load_balancer import LoadBalancer, LoadBalancerArgs
from components.edge.target_group import TargetGroup, TargetGroupArgs, target_kind
from components.edge.waf import Waf, WafArgs
from components.exports import SiteExports, warn_if_stale
from components.failover.dns import FailoverDns, FailoverDnsArgs
from components.failover.fence_watch import FenceWatch, FenceWatchArgs
from components.keys import Keys, KeysArgs, Purpose
from components.naming import PLATFORM, database_identifier, failover_name, probe_name
from components.network.flows import Party
from components.network.plan import Tier
from components.network.vpc import TradingVpc, TradingVpcArgs
from components.notifications import Notifications, NotificationsArgs
from components.regions import CONTROL_PLANE_REGION
from components.settings import Settings
from components.sizing import size_database

REGIONAL_KEYS: Final = (Purpose.DATABASE, Purpose.SECRETS, Purpose.CACHE, Purpose.LOGS, Purpose.NOTIFICATIONS)
SITES: Final = ("primary", "dr")


def build(settings: Settings) -> None:
    """Register everything that one stack owns, and publish what the other one may rely on."""
    prefix = f"{PLATFORM}-{settings.site}"
    own_name = probe_name(settings.domain, settings.site)
    peer = _peer(settings)

    keys = _keys("keys", REGIONAL_KEYS, settings, region=settings.region)
    notifications = _notifications("notifications", keys, settings, region=settings.region)
    network = TradingVpc(
        "network",
        TradingVpcArgs(
            cidr=settings.cidr,
            zones=settings.zones,
            region=settings.region,
            account_id=settings.account_id,
            compute=settings.compute,
            logs_key_arn=keys[Purpose.LOGS],
            prefix=prefix,
        ),
    )

    origin = _origin(settings, keys, peer)
    database = _database("database", "trading", origin, settings, keys, notifications, network)
    databases = [database]
    if settings.database.reporting_replica and peer is not None:
        source = ReplicaOf(source_arn=peer.database_arn)
        databases.append(_database("reporting", "reporting", source, settings, keys, notifications, network))

    cache = Cache(
        "cache",
        CacheArgs(
            cache_name=prefix,
            settings=settings.cache,
            subnet_ids=list(network.subnet_ids[Tier.DATA].values()),
            security_group_id=network.security_groups[Party.CACHE],
            cache_key_arn=keys[Purpose.CACHE],
            secrets_key_arn=keys[Purpose.SECRETS],
            logs_key_arn=keys[Purpose.LOGS],
            protect=settings.is_protected,
        ),
    )

    edge = _edge(settings, keys, network)
    Alarms(
        "alarms",
        AlarmsArgs(
            specs=(
                *network.alarms(),
                *(alarm for db in databases for alarm in db.alarms()),
                *cache.alarms(),
                *edge.alarms(),
            ),
            topic_arn=notifications.topic_arn,
            prefix=prefix,
            region=settings.region,
        ),
    )
    if settings.site == "dr":
        _failover(settings, keys, edge)

    SiteExports(
        site=settings.site,
        role=settings.role,
        region=settings.region,
        vpc_cidr=str(settings.cidr),
        database_arn=database.arn,
        database_identifier=database.identifier,
        database_engine_version=database.engine_version,
        database_max_connections=str(size_database(settings.target_tps).max_connections),
    ).publish()
    pulumi.export("endpoint", f"https://{own_name}")
    pulumi.export("loadBalancer", edge.dns_name)
    pulumi.export("databaseAddress", database.address)
    if peer is not None and settings.role == "standby":
        pulumi.export("peer", peer.as_outputs())
        warn_if_stale(peer, settings.peer)


def _peer(settings: Settings) -> SiteExports | None:
    """The other site as this one may know it: asked while standing by, by heart while active."""
    if settings.role == "standby":
        return SiteExports.read(settings.peer_stack)
    return SiteExports.from_cache(settings.peer) if settings.peer else None


def _origin(settings: Settings, keys: Keys, peer: SiteExports | None) -> Origin:
    """How the site's database came to be. The login stays with the primary site, whatever its role."""
    if settings.site == "primary":
        login = MasterLogin(
            "login",
            MasterLoginArgs(
                version=settings.database.master_password_version,
                account_id=settings.account_id,
                peer_region=settings.peer_region,
                kms_key_arn=keys[Purpose.SECRETS],
                protect=settings.is_protected,
            ),
        )
        if not settings.born_as_replica:
            return Fresh(username=login.username, password=login.password, password_version=login.version)
    if peer is not None and settings.role == "standby":
        return follow(
            source_arn=peer.database_arn,
            source_max_connections=peer.database_max_connections,
            max_connections=size_database(settings.target_tps).max_connections,
        )
    return Promoted()


def _database(
    name: str,
    audience: Audience,
    origin: Origin,
    settings: Settings,
    keys: Keys,
    notifications: Notifications,
    network: TradingVpc,
) -> HaPostgres:
    generation = settings.database.generation
    identifier = database_identifier(settings.site, generation)
    return HaPostgres(
        f"{name}-g{generation}",
        HaPostgresArgs(
            identifier=identifier if audience == "trading" else f"{identifier}-{audience}",
            origin=origin,
            audience=audience,
            settings=settings.database,
            sizing=size_database(settings.target_tps),
            subnet_ids=list(network.subnet_ids[Tier.DATA].values()),
            security_group_id=network.security_groups[Party.DATABASE],
            database_key_arn=keys[Purpose.DATABASE],
            logs_key_arn=keys[Purpose.LOGS],
            topic_arn=notifications.topic_arn,
            account_id=settings.account_id,
            protect=settings.is_protected,
        ),
    )


def _edge(settings: Settings, keys: Keys, network: TradingVpc) -> LoadBalancer:
    """Where clients arrive: certificate, load balancer, firewall, the targets of the mode in use; then it opens."""
    prefix = f"{PLATFORM}-{settings.site}"
    own_name = probe_name(settings.domain, settings.site)
    certificate = SiteCertificate(
        "certificate",
        SiteCertificateArgs(
            probe_name=own_name,
            failover_name=failover_name(settings.domain),
            zone_id=settings.hosted_zone_id,
        ),
    )
    logs = AccessLogs(
        "access-logs",
        AccessLogsArgs(
            prefix=prefix,
            account_id=settings.account_id,
            region=settings.region,
            protect=settings.is_protected,
        ),
    )
    edge = LoadBalancer(
        "edge",
        LoadBalancerArgs(
            load_balancer_name=prefix,
            subnet_ids=list(network.subnet_ids[Tier.PUBLIC].values()),
            public_routes=list(network.public_routes.values()),
            security_group_id=network.security_groups[Party.LOAD_BALANCER],
            log_bucket=logs.bucket,
            logs_ready=logs.ready,
            probe_name=own_name,
            zone_id=settings.hosted_zone_id,
            protect=settings.is_protected,
        ),
    )
    waf = Waf(
        "waf",
        WafArgs(
            prefix=prefix,
            load_balancer_arn=edge.arn,
            target_tps=settings.target_tps,
            logs_key_arn=keys[Purpose.LOGS],
            shield_advanced=settings.shield_advanced,
        ),
    )
    targets = TargetGroup(
        target_kind(settings.compute),
        TargetGroupArgs(
            compute=settings.compute,
            prefix=prefix,
            vpc_id=network.vpc_id,
            redirect_listener_arn=edge.redirect_listener_arn,
        ),
    )
    HttpsListener(
        "listener",
        HttpsListenerArgs(
            load_balancer_arn=edge.arn,
            certificate_arn=certificate.arn,
            target_group_arn=targets.arn,
            target_group_type=targets.type,
            opens_after=[waf.association, targets.attached],
        ),
    )
    return edge


def _failover(settings: Settings, keys: Keys, edge: LoadBalancer) -> None:
    """What decides where clients go. It belongs to the DR site for life: the primary's region may be gone."""
    fence = FenceWatch(
        "fence",
        FenceWatchArgs(
            sites=SITES,
            account_id=settings.account_id,
            region=settings.region,
            logs_key_arn=keys[Purpose.LOGS],
        ),
    )
    dns = FailoverDns(
        "failover",
        FailoverDnsArgs(
            failover_name=failover_name(settings.domain),
            zone_id=settings.hosted_zone_id,
            probe_names={site: probe_name(settings.domain, site) for site in SITES},
            fence_alarm_names=fence.alarm_names,
            fence_alarm_region=settings.region,
            own_probe_record=edge.probe_record,
        ),
    )
    region = CONTROL_PLANE_REGION
    global_keys = _keys("global-keys", (Purpose.NOTIFICATIONS,), settings, region=region)
    topic = _notifications("global-notifications", global_keys, settings, region=region)
    Alarms(
        "global-alarms",
        AlarmsArgs(specs=dns.alarms(), topic_arn=topic.topic_arn, prefix=f"{PLATFORM}-global", region=region),
    )


def _keys(name: str, purposes: tuple[Purpose, ...], settings: Settings, *, region: str) -> Keys:
    return Keys(
        name,
        KeysArgs(
            purposes=purposes,
            account_id=settings.account_id,
            region=region,
            prefix=f"{PLATFORM}-{settings.site}",
            protect=settings.is_protected,
        ),
    )


def _notifications(name: str, keys: Keys, settings: Settings, *, region: str) -> Notifications:
    return Notifications(
        name,
        NotificationsArgs(
            topic=f"{PLATFORM}-{settings.site}",
            account_id=settings.account_id,
            region=region,
            kms_key_arn=keys[Purpose.NOTIFICATIONS],
        ),
    )
