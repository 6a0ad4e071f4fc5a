"""Imports what is needed of kubernetes-asyncio without its 700 generated models (1.3 s and 74 MB a process)."""

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

ROOT = "kubernetes_asyncio"


@dataclass(frozen=True, slots=True)
class Library:
    """The parts in use: loading of configurations, refreshing of tokens, TLS and transport."""

    configuration: Any
    transport: Any
    config_error: Any
    kubeconfig: Any
    in_cluster: Any


def load() -> Library:
    """The parts, imported past the package's own `__init__`, which would import every model and API there is.

    Nothing of it stays in `sys.modules`, so that whoever imports kubernetes_asyncio elsewhere gets all of it.
    """
    before = {name: module for name, module in sys.modules.items() if _is_ours(name)}
    for name in before:
        del sys.modules[name]
    try:
        return _load()
    finally:
        for name in [name for name in sys.modules if _is_ours(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _load() -> Library:
    _hollow(ROOT)
    client = _hollow(f"{ROOT}.client")
    configuration = importlib.import_module(f"{ROOT}.client.configuration").Configuration
    transport = importlib.import_module(f"{ROOT}.client.rest").RESTClientObject
    vars(client).update(Configuration=configuration, ApiClient=None)  # the loaders import both, and use the first
    config = importlib.import_module(f"{ROOT}.config")
    kubeconfig = importlib.import_module(f"{ROOT}.config.kube_config")
    return Library(
        configuration=configuration,
        transport=transport,
        config_error=config.ConfigException,
        kubeconfig=kubeconfig.load_kube_config,
        in_cluster=config.load_incluster_config,
    )


def _hollow(name: str) -> ModuleType:
    """A package whose modules can be imported while its own `__init__` has not run."""
    module = ModuleType(name)
    parent = name.rpartition(".")[0]
    module.__path__ = (
        [f"{directory}/{name.rpartition('.')[2]}" for directory in sys.modules[parent].__path__]
        if parent
        else _directories(name)
    )
    sys.modules[name] = module
    return module


def _directories(name: str) -> list[str]:
    found = importlib.util.find_spec(name)
    if found is None or found.submodule_search_locations is None:
        raise ImportError(f"{name} is not installed", name=name)
    return list(found.submodule_search_locations)


def _is_ours(name: str) -> bool:
    return name == ROOT or name.startswith(f"{ROOT}.")
