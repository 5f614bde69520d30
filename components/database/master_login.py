"""The master login: made once, kept in Secrets Manager in both regions, rotated by raising a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.keys import Keys, KeysArgs, Purpose
from components.naming import PLATFORM, master_secret_name

USERNAME: Final = "trading_admin"

LEGAL_SPECIALS: Final = "!#$%&*()-_=+[]{}<>:?"
"""What RDS takes in a PostgreSQL password besides letters and digits: printable ASCII without / " @ and space
(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, MasterUserPassword)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterLoginArgs:
    """version: raising it makes a new password; kms_key_arn: the stack region's key for secrets."""

    version: int
    account_id: str
    peer_region: str
    kms_key_arn: pulumi.Input[str]
    protect: bool


class MasterLogin(pulumi.ComponentResource):
    """A random password and its secret, with a copy in the peer region under a key of that region.

    The password is handed on by write-only arguments: neither the database's state nor the secret's repeats it.
    RDS-managed passwords are no choice, since RDS refuses cross-region replicas of a database that has one
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html). The secret names no host:
    the copy would name the wrong one.
    """

    username: str
    password: pulumi.Output[str]
    version: int
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: MasterLoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:database:MasterLogin", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        password = random.RandomPassword(
            f"{name}-password",
            length=40,
            override_special=LEGAL_SPECIALS,
            keepers={"version": str(args.version)},
            opts=child,
        )
        # The copy needs a key of its own region. It is made here, and not by the peer, which does not stand yet
        # when this stack first comes up; nothing over there is touched again while that region is gone.
        copy_keys = Keys(
            f"{name}-copy-keys",
            KeysArgs(
                purposes=(Purpose.SECRETS,),
                account_id=args.account_id,
                region=args.peer_region,
                prefix=f"{PLATFORM}-login-copy",
                protect=args.protect,
            ),
            opts=child,
        )
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            name=master_secret_name(),
            description="Master login of the trading database",
            kms_key_id=args.kms_key_arn,
            replicas=[
                aws.secretsmanager.SecretReplicaArgs(region=args.peer_region, kms_key_id=copy_keys[Purpose.SECRETS])
            ],
            # A deleted secret keeps its name for the recovery window: wanted, unless the stack is torn down.
            recovery_window_in_days=30 if args.protect else 0,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.secretsmanager.SecretVersion(
            f"{name}-version",
            secret_id=secret.id,
            secret_string_wo=pulumi.Output.json_dumps({"username": USERNAME, "password": password.result}),
            secret_string_wo_version=args.version,
            opts=child,
        )
        self.username = USERNAME
        self.password = password.result
        self.version = args.version
        self.secret_arn = secret.arn
        self.register_outputs({"secret_arn": secret.arn})
