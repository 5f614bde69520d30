"""A stand-in for `pulumi-language-python`, for a Pulumi CLI that was built from Go modules.

The official CLI ships a Python language host of its own; the Go modules do not carry it. Like the official
one, this server starts a fresh interpreter for every run of the program, by the official script
`pulumi-language-python-exec`, which the Go modules do carry: a preview leaves nothing over for the update.
"""

# ruff: noqa: N802  (the names are those of the protocol)

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

EXECUTOR = "TRADING_PYTHON_EXEC"
"""Names the official script that runs a program; the wrapper that starts this host sets it."""

_ALREADY_REPORTED = 32  # the official script's exit code when it has told the user what went wrong
_UNLIMITED = ("grpc.max_receive_message_length", -1)


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine's questions about a Python program, and runs it."""

    def __init__(self, engine: str, executor: Path) -> None:
        self._engine = engine
        self._executor = executor

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run the program once, for a preview or an update."""
        command = [sys.executable, "-u", str(self._executor), *_arguments(request, self._engine)]
        environment = os.environ | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        # The engine reads this process's stdout as the program's: the child inherits it.
        status = subprocess.run(command, cwd=request.info.program_directory, env=environment).returncode
        if status == _ALREADY_REPORTED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {status}" if status else "")

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say which interpreter runs the program."""
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to say: the CLI knows this host by its place."""
        return plugin_pb2.PluginInfo()

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:
        """None: every provider is emulated, and named in the project file."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        """None, as above."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        """What is installed in this environment."""
        found = sorted((each.metadata["Name"], each.version) for each in distributions())
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        )

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Nothing to do: this interpreter's environment was made from the hashed lock."""
        yield from ()

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:
        """No questions to ask."""
        return language_pb2.RuntimeOptionsResponse()


def _arguments(request: Any, engine: str) -> Iterator[str]:
    """The official script's command line for a run, as the official host builds it."""
    flags = {
        "monitor": request.monitor_address,
        "engine": engine,
        "project": request.project,
        "root_directory": request.info.root_directory,
        "stack": request.stack,
        "pwd": request.pwd,
        "dry_run": "true" if request.dryRun else "false",
        "parallel": str(request.parallel),
        "organization": request.organization,
    }
    for flag, value in flags.items():
        if value:
            yield from (f"--{flag}", value)
    yield request.info.entry_point
    yield from request.args


def main() -> None:
    """Serve one engine until it ends."""
    # The engine ends its hosts with SIGINT; a traceback would be shown to the user as a diagnostic.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    server = grpc.server(ThreadPoolExecutor(max_workers=8), options=[_UNLIMITED])
    host = LanguageHost(engine=sys.argv[-1], executor=Path(os.environ[EXECUTOR]))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    engine = os.getppid()
    while os.getppid() == engine:
        server.wait_for_termination(timeout=1)
    os.killpg(0, signal.SIGTERM)  # the engine was killed: end the program too, it would wait for ever


if __name__ == "__main__":
    main()
