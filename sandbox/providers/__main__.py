"""`python -m sandbox.providers <package>`: serve one package and print the port, as the engine expects."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HOME_VARIABLE = "TRADING_SANDBOX_HOME"


def main(arguments: list[str]) -> int:
    """Start the provider of a package; eks is a component provider and answers in its own way."""
    if not arguments or arguments[0] not in ("aws", "random", "kubernetes", "eks"):
        print("usage: python -m sandbox.providers aws|random|kubernetes|eks", file=sys.stderr)  # noqa: T201
        return 2
    package, rest = arguments[0], arguments[1:]
    if package == "eks":
        from sandbox.providers import eks

        return eks.main(rest)
    from sandbox.cloud.store import Store
    from sandbox.providers import server

    if package == "random":  # keeps nothing outside Pulumi's state
        return server.serve(package, Store())
    if HOME_VARIABLE not in os.environ:
        print(f"{HOME_VARIABLE} must name the sandbox's folder", file=sys.stderr)  # noqa: T201
        return 2
    return server.serve(package, Store(Path(os.environ[HOME_VARIABLE]) / "cloud.sqlite"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
