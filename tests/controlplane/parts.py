"""The control plane's processes, in the order they are started."""

from pathlib import Path

from embedded.child import Child
from tests.controlplane import probes
from tests.controlplane.layout import Layout

SERVICES = "10.96.0.0/16"
START_DEADLINE = 120.0
"""Seconds; on a machine that does other things at the same time each part takes its time."""
# A node that is not heard of is given up sooner than the 50 s of a real cluster, and not by a moment's load.
GIVEN_UP_AFTER = "20s"


def parts(program: Path, layout: Layout, nodes: int) -> list[Child]:
    """Everything there is to start."""

    def part(name: str, ready: probes.Ready, *arguments: str) -> Child:
        return Child(
            name=name,
            command=(str(program), name, *arguments),
            ready=ready,
            directory=layout.directory,
            start_deadline=START_DEADLINE,
        )

    reaching = f"--kubeconfig={layout.kubeconfig}"
    return [
        part("etcd", probes.etcd(layout), f"--listen={layout.etcd_url}", f"--data={layout.directory / 'etcd'}"),
        part("kube-apiserver", probes.api_server(layout), *_api_server(layout)),
        part("kube-controller-manager", probes.controllers(layout), reaching, *_controllers(layout)),
        part("kube-scheduler", probes.at_once, reaching, "--leader-elect=false", "--secure-port=0"),
        part("storage", probes.storage(layout), reaching),
        part("kubelet", probes.nodes(layout, nodes), reaching, f"--nodes={nodes}"),
    ]


def _api_server(layout: Layout) -> tuple[str, ...]:
    private, public = layout.keys
    return (
        f"--etcd-servers={layout.etcd_url}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.api_port}",
        f"--cert-dir={layout.certificate.parent}",
        f"--service-account-key-file={public}",
        f"--service-account-signing-key-file={private}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={layout.users}",
        f"--audit-policy-file={layout.audit_policy}",
        f"--audit-log-path={layout.audit_log}",
        # it would publish 127.0.0.1, which no endpoint may be
        "--endpoint-reconciler-type=none",
    )


def _controllers(layout: Layout) -> tuple[str, ...]:
    private, _ = layout.keys
    return (
        "--leader-elect=false",
        "--secure-port=0",
        f"--service-account-private-key-file={private}",
        f"--root-ca-file={layout.certificate}",
        "--use-service-account-credentials",
        f"--node-monitor-grace-period={GIVEN_UP_AFTER}",
    )
