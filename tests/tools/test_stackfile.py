"""What a second `make sandbox` does to the stack files in the sandbox."""

from __future__ import annotations

from pathlib import Path

from sandbox.cli.stackfile import merge, read, read_config, write_config


def test_what_the_user_set_survives_and_the_rest_follows_the_commit() -> None:
    base = {"role": "standby", "targetTps": 10_000, "old": 1}
    committed = {"role": "standby", "targetTps": 20_000, "new": 2}
    own = {"role": "active", "targetTps": 10_000, "old": 1, "compute": "asg"}
    assert merge(base, committed, own) == {"role": "active", "targetTps": 20_000, "new": 2, "compute": "asg"}


def test_what_the_user_removed_stays_removed() -> None:
    assert merge({"peerStack": "primary"}, {"peerStack": "primary"}, {}) == {}


def test_the_first_copy_is_the_committed_file() -> None:
    assert merge({}, {"role": "active"}, {}) == {"role": "active"}


def test_the_encryption_salt_survives(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dr.yaml"
    file.write_text("encryptionsalt: v1:abc\nconfig:\n  trading:role: standby\n")
    write_config(file, {"trading:role": "active"})
    assert read_config(file) == {"trading:role": "active"}
    assert read(file)["encryptionsalt"] == "v1:abc"
