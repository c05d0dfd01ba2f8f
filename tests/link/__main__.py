"""`python -m tests.link --target HOST:PORT`: a bad link by hand; prints its port."""

from __future__ import annotations

import argparse
import signal

from tests.link.proxy import LinkProxy


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True, help="HOST:PORT")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds, each way")
    parser.add_argument("--rate", type=float, help="bytes a second towards the target")
    parser.add_argument("--cut-after", type=int, help="bytes")
    parser.add_argument("--freeze-after", type=int, help="bytes")
    given = parser.parse_args()
    host, _, port = given.target.rpartition(":")
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with LinkProxy(
        (host, int(port)),
        delay=given.delay,
        rate=given.rate,
        cut_after=given.cut_after,
        freeze_after=given.freeze_after,
    ) as link:
        print(f"127.0.0.1:{link.port}", flush=True)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
