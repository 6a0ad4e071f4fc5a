"""Starts the simulated cluster: python -m embedded.simulated --data DIR --port PORT"""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from embedded.simulated.cluster import Options
from embedded.simulated.kubelet.pace import Pace


def main() -> None:
    """Parse the command line and serve until SIGTERM or SIGINT."""
    given = _parser().parse_args()
    # The HTTP library reads every certificate of the system when it is imported, for a client that is not used here:
    # without them the cluster starts a fifth sooner. Hence the import down here, too.
    os.environ.setdefault("SSL_CERT_FILE", os.devnull)
    from embedded.simulated.server import Server

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    pace = Pace(init=given.init_delay, start=given.start_delay, stop=given.stop_delay, backoff=given.backoff)
    options = Options(given.node_cpu, given.node_memory, given.nodes, pace)
    server = Server(given.data, given.port, options, given.token, given.kubeconfig)
    asyncio.run(server.run())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded.simulated", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory of its state; made if missing")
    parser.add_argument("--port", type=int, default=0, help="port of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--token", help="bearer token of the one user; by default one is made and kept in --data")
    parser.add_argument("--kubeconfig", type=Path, help="file to write; by default DATA/kubeconfig")
    parser.add_argument("--nodes", type=int, default=1, help="nodes of a new cluster")
    parser.add_argument("--node-cpu", default="4", help="CPU of each node of a new cluster")
    parser.add_argument("--node-memory", default="8Gi", help="memory of each node of a new cluster")
    pace = Pace()
    parser.add_argument("--init-delay", type=float, default=pace.init, help="seconds an init container runs")
    parser.add_argument("--start-delay", type=float, default=pace.start, help="seconds from there to ready")
    parser.add_argument("--stop-delay", type=float, default=pace.stop, help="seconds a pod takes to end")
    parser.add_argument("--backoff", type=float, default=pace.backoff, help="seconds of the first back-off")
    return parser


if __name__ == "__main__":
    main()
