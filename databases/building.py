"""Puts the database-service together from the settings."""

from sqlalchemy.ext.asyncio import AsyncEngine

from databases.adopted import AdoptedHost
from databases.adoption import Adoption
from databases.dedicated import DedicatedHost
from databases.hosts import Host
from databases.ports import InstanceGuard, ServerHost
from databases.registry import Registry
from databases.secrets import Vault
from databases.servers import close_to_tenants, register, shared_servers
from databases.service import DatabaseService
from databases.shared import SharedHost
from schemas.settings import Settings


async def open_service(
    settings: Settings, engine: AsyncEngine, guard: InstanceGuard, cluster: ServerHost
) -> tuple[DatabaseService, Registry, Adoption]:
    """The service, its registry, filled from the settings, and what takes databases over. Several may do it at once.

    Raises BadSettings before anything is touched, DependencyDown where PostgreSQL does not answer.
    """
    vault, servers = Vault.of(settings), shared_servers(settings)
    await register(engine, vault, servers)
    if settings.shared_servers is None:
        await close_to_tenants(engine)
    hosts: dict[str, Host] = {
        "shared": SharedHost(vault),
        "dedicated": DedicatedHost(cluster),
        "adopted": AdoptedHost(vault),
    }
    return DatabaseService(engine, vault, hosts, guard), Registry(engine, vault), Adoption(engine, vault)
