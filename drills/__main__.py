"""`python -m drills up`: the whole data path with the reference service on this machine, until ^C."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from drills.processes import until
from drills.programs import UnavailableError, acquire
from drills.site import running_site


def up() -> int:
    """Start everything, say where it is, wait for ^C or SIGTERM, end everything."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        programs = acquire()
        _say(programs.describe())
        with running_site(programs) as site:
            site.bootstrap()
            pooler = site.pooler()
            _, cache_port = site.cache()
            service = site.service(site.environment(pooler, cache_port))
            until(service.is_ready, 20, "the service is ready")
            curl = f"curl --cacert {service.bundle}"
            _say(
                f"\nservice     {service.url}\nmetrics     {service.url}/metrics\npgBouncer   localhost:{pooler.port}"
                f"\nwriter      {site.writer.host}:{site.writer.port}\nValkey      localhost:{cache_port}"
                f"\nfence       {site.fence}\nlogs        {site.directory}/*.log\n"
                f"\n{curl} -X PUT {service.url}/accounts/1"
                f'\n{curl} {service.url}/orders -d \'{{"client_ref": "first", "account_id": 1, "amount": "12.50"}}\''
                f"\n{curl} {service.url}/health/writable\n\n^C ends everything."
            )
            while service.process.is_running():
                time.sleep(0.5)
            _say(f"the service ended:\n{service.process.said()[-2000:]}")
            return 1
    except KeyboardInterrupt:
        return 0
    except UnavailableError as reason:
        _say(f"The real programs cannot be had: {reason}")
        return 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    if sys.argv[1:] != ["up"]:
        sys.exit(__doc__)
    sys.exit(up())
