"""The one login to a cache, rotated without an outage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.naming import cache_secret_name

USERNAME: Final = "trading"

APP_ACCESS: Final = "on ~* &* +@all -@admin -@dangerous +info"
"""Every key and channel, but no command that stops, empties or reconfigures the cache; INFO, which clients ask when
they connect, is counted among the dangerous (https://valkey.io/topics/acl/)."""

NO_ACCESS: Final = "off -@all"
"""For the user "default", whom a client without a name would be."""

PASSWORD_LENGTH: Final = 64
"""ElastiCache takes 16 to 128 characters, of the special ones only a few: letters and digits are legal everywhere
(https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html)."""


def password_generations(version: int) -> dict[str, int]:
    """By slot, even and odd, the version that its password is of: the current one and the one before.

    Raising the version by one renews the older slot alone, so that clients keep working with what they know until
    they have read the secret again.
    """
    even, odd = sorted((version, version - 1), key=lambda number: number % 2)
    return {"even": even, "odd": odd}


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLoginArgs:
    """cache_name: names users and group; version: raising it rotates; kms_key_arn: the region's key for secrets."""

    cache_name: str
    engine: str
    version: int
    kms_key_arn: pulumi.Input[str]
    protect: bool


class CacheLogin(pulumi.ComponentResource):
    """A user group with one application user, two valid passwords, the current one of them in Secrets Manager.

    The user takes its passwords by an argument that Pulumi keeps, encrypted: the write-only one takes a single
    password, and with a single one every rotation locks clients out until they have read the secret.
    """

    user_group_id: pulumi.Output[str]
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: CacheLoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:index:CacheLogin", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def password(key: str, version: int) -> random.RandomPassword:
            return random.RandomPassword(
                f"{name}-{key}",
                length=PASSWORD_LENGTH,
                special=False,
                keepers={"version": str(version)},
                opts=child,
            )

        passwords = {slot: password(slot, version) for slot, version in password_generations(args.version).items()}
        current = passwords["odd" if args.version % 2 else "even"]
        app = aws.elasticache.User(
            f"{name}-app",
            user_id=f"{args.cache_name}-app",
            user_name=USERNAME,
            engine=args.engine,
            access_string=APP_ACCESS,
            passwords=[each.result for each in passwords.values()],
            opts=child,
        )
        # Valkey's user groups take no user without a password, not even one that is off.
        nobody = aws.elasticache.User(
            f"{name}-default",
            user_id=f"{args.cache_name}-default",
            user_name="default",
            engine=args.engine,
            access_string=NO_ACCESS,
            passwords=[password("nobody", 1).result],
            opts=child,
        )
        users = aws.elasticache.UserGroup(
            f"{name}-users",
            user_group_id=args.cache_name,
            engine=args.engine,
            user_ids=[app.user_id, nobody.user_id],
            opts=child,
        )
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            name=cache_secret_name(),
            description="Login of the application to this region's cache",
            kms_key_id=args.kms_key_arn,
            # A deleted secret keeps its name for the recovery window: wanted, unless the stack is torn down.
            recovery_window_in_days=30 if args.protect else 0,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.secretsmanager.SecretVersion(
            f"{name}-version",
            secret_id=secret.id,
            secret_string_wo=pulumi.Output.json_dumps({"username": USERNAME, "password": current.result}),
            secret_string_wo_version=args.version,
            # Told only once the cache takes it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[app]),
        )
        self.user_group_id = users.user_group_id
        self.secret_arn = secret.arn
        self.register_outputs({"user_group_id": self.user_group_id, "secret_arn": self.secret_arn})
