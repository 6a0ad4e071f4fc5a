"""Makes the cluster want what the instance's request says, and starts it."""

from cluster import manifests
from cluster.client import Cluster
from cluster.credentials import Credentials
from cluster.ingress import ingress
from cluster.kinds import CLAIM, DEPLOYMENT, INGRESS, SECRET, SERVICE, Kind, Object
from cluster.names import attempt_name
from cluster.ownership import remember
from cluster.profiles import Profile, Profiles
from cluster.secret import apply_secret, fingerprint
from schemas.codes import ErrorCode
from schemas.errors import ClusterRefused, NotYet
from statemachine.instance import Instance


async def deploy(cluster: Cluster, instance: Instance, credentials: Credentials, profiles: Profiles) -> list[str]:
    """Apply Secret, claim, Service, Ingress, at last the Deployment: a crash in between is made good by the next run.

    Returns the objects as kind/name. Raises ClusterRefused, with DATA_MISSING where the volume of an instance that has
    run is gone: it is never replaced by an empty one. Raises NotYet while the Deployment is still being deleted.
    """
    profile = profiles.get(instance.request.profile)
    if instance.has_run:
        await _require_claim(cluster, instance)
    secret = await apply_secret(cluster, instance, credentials, profile)
    if not instance.has_run:
        await _apply(cluster, CLAIM, manifests.claim(cluster.installation, instance, profile))
    service = await _apply(cluster, SERVICE, manifests.service(cluster.installation, instance, profile))
    exposed = await _expose(cluster, instance, profile)
    wanted = manifests.deployment(cluster.installation, instance, profile, fingerprint(secret))
    deployment = await _apply(cluster, DEPLOYMENT, wanted)
    await remember(cluster, ((SECRET, secret), (SERVICE, service), *exposed, (DEPLOYMENT, deployment)))
    return [f"{kind.name}/{attempt_name(instance)}" for kind in applied_kinds(profile)]


def applied_kinds(profile: Profile) -> tuple[Kind, ...]:
    """What an attempt is made of, in the order in which it is made."""
    return (SECRET, CLAIM, SERVICE, *((INGRESS,) if profile.ingress else ()), DEPLOYMENT)


async def _expose(cluster: Cluster, instance: Instance, profile: Profile) -> list[tuple[Kind, Object]]:
    """The Ingress; or none, where the profile had one before and has none any more."""
    if profile.ingress is not None:
        applied = await _apply(cluster, INGRESS, ingress(cluster.installation, instance, profile.ingress))
        return [(INGRESS, applied)]
    seen = await cluster.get(INGRESS, attempt_name(instance))
    if seen is not None:
        await cluster.delete(INGRESS, seen)
    return []


async def _require_claim(cluster: Cluster, instance: Instance) -> None:
    name = attempt_name(instance)
    claim = await cluster.get(CLAIM, name)
    if claim is None:
        raise ClusterRefused(ErrorCode.DATA_MISSING, f"PersistentVolumeClaim {name} is gone, and the data with it.")
    if claim["metadata"].get("deletionTimestamp"):
        raise ClusterRefused(ErrorCode.DATA_MISSING, f"PersistentVolumeClaim {name} is being deleted by somebody.")


async def _apply(cluster: Cluster, kind: Kind, manifest: Object) -> Object:
    applied = await cluster.apply(kind, manifest)
    if applied["metadata"].get("deletionTimestamp"):
        raise NotYet(f"{kind.name} {manifest['metadata']['name']} is still being deleted")
    return applied
