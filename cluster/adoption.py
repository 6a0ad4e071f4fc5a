"""Surveys what there is of an instance that Reprise did not make: found by name, by labels, or by what its pods use."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from pydantic import ValidationError

from cluster.adopted import labels_of, owned
from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, POD, REPLICA_SET, SECRET, SERVICE, STATEFUL_SET, Kind, Object
from cluster.names import INSTALLATION, INSTANCE
from cluster.observe import Observation, Phase, observe, observe_running
from cluster.selecting import matches
from cluster.sight import Sight
from schemas.adoption import ExistingObjects
from schemas.errors import BadInput
from schemas.payloads import AdoptedObjects
from schemas.requests import InstanceRequest

Workload = tuple[Kind, Object]
"""A Deployment or StatefulSet, with its kind, which lists leave out."""


@dataclass(slots=True)
class Survey:
    """What was found. `missing` and `shared` are told and left alone; `found` is what would be labelled."""

    deployment: Object | None = None
    seen: Observation | None = None
    found: list[tuple[Kind, Object]] = field(default_factory=list)
    missing: list[tuple[Kind, str]] = field(default_factory=list)
    shared: list[tuple[Kind, str, str]] = field(default_factory=list)

    def names(self, kind: Kind) -> tuple[str, ...]:
        """Of what would be labelled."""
        return tuple(each["metadata"]["name"] for one, each in self.found if one is kind)

    @property
    def objects(self) -> AdoptedObjects:
        """The names to record; a Deployment that was named and is missing is recorded too, since it may come back."""
        gone = next((name for kind, name in self.missing if kind is DEPLOYMENT), None)
        return AdoptedObjects(
            deployment=next(iter(self.names(DEPLOYMENT)), gone),
            claims=self.names(CLAIM),
            services=self.names(SERVICE),
            secrets=self.names(SECRET),
        )

    @property
    def owners(self) -> set[tuple[str, str]]:
        """Installation and instance of those that some Reprise has labelled already."""
        marked = (labels_of(each) for _, each in self.found)
        return {(each.get(INSTALLATION, ""), each[INSTANCE]) for each in marked if INSTANCE in each}

    @property
    def state(self) -> str | None:
        """running, stopped or degraded; None without a Deployment."""
        if self.deployment is None or self.seen is None:
            return None
        if not self.deployment["spec"].get("replicas", 1):
            return "stopped"
        return "running" if self.seen.phase is Phase.READY else "degraded"

    @property
    def sizes(self) -> dict[str, str]:
        """cpu and memory of its first container, and its first volume's size, as far as they are said."""
        containers = self.deployment["spec"]["template"]["spec"]["containers"] if self.deployment is not None else [{}]
        asked = (containers[0].get("resources") or {}).get("requests") or {}
        claim: Object = next((each for kind, each in self.found if kind is CLAIM), {"spec": {}})
        storage = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
        sizes = {"cpu": asked.get("cpu"), "memory": asked.get("memory"), "volume": storage}
        return {name: str(size) for name, size in sizes.items() if _is_valid(name, size)}

    @property
    def lacking(self) -> list[Kind]:
        """Kinds of which nothing was named or found, though an instance has one as a rule."""
        known = {kind for kind, *_ in (*self.found, *self.missing, *self.shared)}
        return [kind for kind in (DEPLOYMENT, CLAIM, SERVICE) if kind not in known]

    @property
    def may_hold_files(self) -> bool:
        """Whether pods of it may ever have run: one cannot while a volume that it mounts was never bound."""
        claims = [each for kind, each in self.found if kind is CLAIM]
        never_bound = bool(claims) and all(not each["spec"].get("volumeName") for each in claims)
        return not never_bound and (self.deployment is not None or bool(claims))


def _is_valid(name: str, size: object) -> bool:
    """Objects of others may hold sizes that a request does not allow, and forms that it does not know, such as 1e3."""
    try:
        return size is not None and bool(InstanceRequest.model_validate({name: str(size)}))
    except ValidationError:
        return False


async def survey(cluster: Cluster, wanted: ExistingObjects, now: datetime) -> Survey:
    """Look at everything that was named or can be found. Raises BadInput where the labels fit several Deployments."""
    everything = {kind: await cluster.select(kind) for kind in (DEPLOYMENT, STATEFUL_SET, CLAIM, SERVICE, SECRET)}
    result = Survey(deployment=await _deployment(cluster, wanted, everything[DEPLOYMENT]))
    if result.deployment is not None:
        result.found.append((DEPLOYMENT, result.deployment))
        result.seen = await _look(cluster, result.deployment, now)
    elif wanted.deployment is not None:
        result.missing.append((DEPLOYMENT, wanted.deployment))
    others = [each for each in _workloads(everything) if not _is_same(each[1], result.deployment)]
    for kind, named in ((CLAIM, wanted.claims), (SERVICE, wanted.services), (SECRET, wanted.secrets)):
        names = named or await _names(cluster, wanted, result.deployment, kind, everything[kind])
        _sort(result, kind, names, everything[kind], others)
    return result


async def _deployment(cluster: Cluster, wanted: ExistingObjects, everything: Sequence[Object]) -> Object | None:
    if wanted.deployment is not None:
        return next((each for each in everything if each["metadata"]["name"] == wanted.deployment), None)
    if wanted.selector is None:
        return None
    found = await cluster.select(DEPLOYMENT, wanted.selector)
    if len(found) > 1:
        named = ", ".join(sorted(each["metadata"]["name"] for each in found)[:5])
        raise BadInput("objects.selector", f"fits {len(found)} Deployments ({named}); name one in objects.deployment")
    return found[0] if found else None


async def _look(cluster: Cluster, deployment: Object, now: datetime) -> Observation:
    replica_sets = await owned(cluster, REPLICA_SET, [deployment], deployment)
    pods = await owned(cluster, POD, replica_sets, deployment)
    sight = Sight(deployment, tuple(replica_sets), tuple(pods))
    seen = observe_running(sight, now, 0.0)
    return seen if seen.phase is Phase.READY else observe(sight, None, now, 0.0)


async def _names(
    cluster: Cluster, wanted: ExistingObjects, deployment: Object | None, kind: Kind, everything: Sequence[Object]
) -> list[str]:
    """What belongs to the Deployment; without one, what has the labels (with one they may fit its database too)."""
    if deployment is None:
        found = await cluster.select(kind, wanted.selector) if wanted.selector else []
        return [each["metadata"]["name"] for each in found]
    template = deployment["spec"]["template"]
    if kind is SERVICE:
        pod_labels = labels_of(template)
        return [each["metadata"]["name"] for each in everything if matches(_selected(each), pod_labels)]
    return sorted(_used(template["spec"], kind))


def _workloads(everything: dict[Kind, list[Object]]) -> list[Workload]:
    return [(kind, each) for kind in (DEPLOYMENT, STATEFUL_SET) for each in everything[kind]]


def _is_same(one: Object, other: Object | None) -> bool:
    return other is not None and one["metadata"]["uid"] == other["metadata"]["uid"]


def _sort(
    result: Survey,
    kind: Kind,
    names: Iterable[str],
    everything: Sequence[Object],
    others: Sequence[Workload],
) -> None:
    there = {each["metadata"]["name"]: each for each in everything}
    for name in dict.fromkeys(names):
        if name not in there:
            result.missing.append((kind, name))
            continue
        users = [f"{one.name} {other['metadata']['name']}" for one, other in others if _uses(other, kind, there[name])]
        if users:
            result.shared.append((kind, name, users[0]))
        else:
            result.found.append((kind, there[name]))


def _uses(other: Object, kind: Kind, found: Object) -> bool:
    template = other["spec"]["template"]
    if kind is SERVICE:
        return matches(_selected(found), labels_of(template))
    return found["metadata"]["name"] in _used(template["spec"], kind)


def _selected(service: Object) -> dict[str, str]:
    return service["spec"].get("selector") or {}


def _used(pod: Object, kind: Kind) -> set[str]:
    """The claims or Secrets that a pod uses; what it pulls its image with belongs to the namespace."""
    volumes = pod.get("volumes") or []
    if kind is CLAIM:
        return {each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each}
    mounted = {each["secret"]["secretName"] for each in volumes if "secret" in each}
    return mounted.union(*map(_read, chain(pod.get("initContainers") or (), pod["containers"])))


def _read(container: Object) -> Iterator[str]:
    """The Secrets in a container's environment."""
    for each in container.get("envFrom") or ():
        if "secretRef" in each:
            yield each["secretRef"]["name"]
    for each in container.get("env") or ():
        if "secretKeyRef" in (each.get("valueFrom") or {}):
            yield each["valueFrom"]["secretKeyRef"]["name"]
