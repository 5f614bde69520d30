"""How a Pulumi CLI is found: the order of the ways, the cache, and the one error when none works."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.cli import build, install, tools
from sandbox.cli.pins import REPO, PulumiPin, pulumi_pin
from sandbox.cli.terminal import SandboxError

PIN = pulumi_pin()
Script = Callable[[Path, str], Path]


@pytest.fixture
def script() -> Script:
    def write(path: Path, says: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {says}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No tool on PATH, an empty cache, and neither installer nor build leads anywhere."""

    def out_of_reach(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, "installer", stderr="Name or service not known")

    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TRADING_SANDBOX_HOME", raising=False)
    monkeypatch.setattr(install, "run", out_of_reach)
    return tmp_path


def test_with_no_way_open_one_error_names_all_three() -> None:
    with pytest.raises(SandboxError) as error:
        tools.acquire()
    message = str(error.value)
    assert "no `pulumi` on PATH" in message
    assert "Pulumi's installer" in message
    assert "no `go` on PATH" in message
    assert "Do one of these" in message


def test_a_complete_installation_on_path_comes_first(bare_machine: Path, script: Script) -> None:
    pulumi = script(bare_machine / "path" / "pulumi", "v3.260.0")
    script(bare_machine / "path" / tools.LANGUAGE_HOST, "")
    cli = tools.acquire()
    assert (cli.binary, cli.version) == (pulumi, "3.260.0")
    assert not cli.stand_in, "an official CLI's own language host must not be shadowed"


def test_one_that_is_too_old_is_announced_and_passed_over(
    bare_machine: Path, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    script(bare_machine / "path" / "pulumi", "v3.100.0")
    script(bare_machine / "path" / tools.LANGUAGE_HOST, "")
    with pytest.raises(SandboxError):
        tools.acquire()
    assert f"3.100.0, older than {PIN.minimum}" in capsys.readouterr().out


def test_one_without_a_language_host_is_passed_over(bare_machine: Path, script: Script) -> None:
    script(bare_machine / "path" / "pulumi", "v3.260.0")
    with pytest.raises(SandboxError, match="not a complete installation"):
        tools.acquire()


def test_in_an_activated_shell_the_sandbox_does_not_find_itself(
    bare_machine: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = bare_machine / "home"
    script(home / "bin" / "pulumi", "v3.260.0")
    monkeypatch.setenv("TRADING_SANDBOX_HOME", str(home))
    monkeypatch.setenv("PATH", os.pathsep.join((str(home / "bin"), os.environ["PATH"])))
    with pytest.raises(SandboxError, match="no `pulumi` on PATH"):
        tools.acquire()


def test_the_second_run_uses_the_cache(bare_machine: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    builds: list[PulumiPin] = []

    def compile_once(pin: PulumiPin) -> Path:
        builds.append(pin)
        return script(build.binary(pin), f"v{pin.version}")

    script(bare_machine / "path" / "go", "")
    monkeypatch.setattr(build, "run", compile_once)
    first, second = tools.acquire(), tools.acquire()
    assert first == second
    assert first.stand_in
    assert len(builds) == 1


def test_a_failed_build_says_what_the_compiler_said(
    bare_machine: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = script(bare_machine / "path" / "go", "")
    go.write_text("#!/bin/sh\necho 'module lookup disabled' >&2\nexit 1\n")
    with pytest.raises(SandboxError, match="module lookup disabled"):
        tools.acquire()
    assert not build.binary(PIN).exists(), "a failed build must leave nothing half-made in the cache"


def test_the_go_module_pins_the_version_that_the_list_names() -> None:
    module = (REPO / PIN.module / "go.mod").read_text()
    assert f"require github.com/pulumi/pulumi/pkg/v3 v{PIN.version}" in module
