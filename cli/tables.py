"""Loads another state table, by the name of a module or the path of a file, to decide the audit log by it."""

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from schemas.errors import BadInput
from statemachine.table import Edge

HOW = "give a module or a file with EDGES, like statemachine.table or ./next_table.py"


def load(name: str) -> Sequence[Edge]:
    """The EDGES of the module or file. Raises BadInput where there are none."""
    try:
        module = _from_file(Path(name)) if name.endswith(".py") else importlib.import_module(name)
    except (ImportError, OSError, SyntaxError) as error:
        raise BadInput("against", f"{name} cannot be loaded: {error}; {HOW}") from error
    edges = getattr(module, "EDGES", None)
    if not isinstance(edges, Sequence) or not all(isinstance(edge, Edge) for edge in edges):
        raise BadInput("against", f"{name} has no EDGES of statemachine.table.Edge; {HOW}")
    return edges


def _from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("another_table", path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
