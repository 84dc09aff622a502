"""The stand-in by hand: ``python -m tests.delo_server --port 0 --rubrics 500``; prints its addresses as JSON."""

import argparse
import json
import signal
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.delo_server.control import Control
from tests.delo_server.factory import mixed_rubrics
from tests.delo_server.server import PASSWORD, USER, DeloServer


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.delo_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--rubrics", type=int, default=500)
    parser.add_argument("--pending", type=float, default=0.05, help="share of rubrics that wait for a status")
    parser.add_argument("--days", type=float, default=30, help="they were created in so many last days")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--user", default=USER)
    parser.add_argument("--password", default=PASSWORD)
    parser.add_argument("--tls-cert", type=Path, help="certificate chain and key (PEM): serve https")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = parse()
    now = datetime.now(UTC)
    rubrics = mixed_rubrics(
        options.rubrics,
        since=now - timedelta(days=options.days),
        until=now,
        pending=options.pending,
        seed=options.seed,
    )
    tls = None
    if options.tls_cert is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.tls_cert)
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    server = DeloServer(
        rubrics, host=options.host, port=options.port, accounts={options.user: options.password}, tls=tls
    )
    with server, Control(server, host=options.host, port=options.control_port) as control:
        print(json.dumps({"url": server.url, "control": control.url}), flush=True)
        end.wait()


if __name__ == "__main__":
    main()
