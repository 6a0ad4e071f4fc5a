"""The state diagram, generated from the table, as Mermaid and as Graphviz DOT."""

from statemachine.states import MEANINGS, State
from statemachine.table import EDGES, EXISTING, Edge

_COLOURS = {"error": "#f8d7da", "running": "#d1e7dd", "creating": "#cfe2ff", "degraded": "#fff3cd"}
_OTHER = "#e9ecef"
_NEWLINE = "\\n"


def mermaid() -> str:
    """A Mermaid stateDiagram-v2."""
    lines = ["stateDiagram-v2"]
    lines += [
        f"    {state.value}: {state.value}<br/>{m.status} / {m.provisioning_status}" for state, m in MEANINGS.items()
    ]
    for (source, dest), events in _arrows().items():
        begin = "[*]" if source is State.NONE else source.value
        lines.append(f"    {begin} --> {dest.value}: {'<br/>'.join(events)}")
    lines.append(f"    {State.DELETED.value} --> [*]")
    notes = "<br/>".join(f"{name}" for name in _everywhere())
    lines += [f"    note right of {State.PENDING.value}: in every state but deleted, staying there:<br/>{notes}"]
    return "\n".join(lines) + "\n"


def dot() -> str:
    """The same for Graphviz, from which the SVG is drawn."""
    lines = [
        "digraph instance {",
        '  rankdir=TB; node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11];',
        '  edge [fontname="Helvetica", fontsize=9]; none [shape=point, label=""];',
    ]
    for state, meaning in MEANINGS.items():
        colour = _COLOURS.get(meaning.status, _OTHER)
        label = f"{state.value}\\n{meaning.status} / {meaning.provisioning_status}"
        lines.append(f'  {state.value} [label="{label}", fillcolor="{colour}"];')
    for (source, dest), events in _arrows().items():
        lines.append(f'  {source.value} -> {dest.value} [label="{_NEWLINE.join(events)}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _arrows() -> dict[tuple[State, State], list[str]]:
    """One arrow between two states, with all events that lead along it; what stays everywhere is left to a note."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for edge in EDGES:
        if edge.event.value in _everywhere():
            continue
        for source in edge.sources:
            arrows.setdefault((source, edge.dest or source), []).append(_label(edge))
    return arrows


def _everywhere() -> list[str]:
    every = set(EXISTING[:-1])
    return sorted({edge.event.value for edge in EDGES if edge.dest is None and every <= set(edge.sources)})


def _label(edge: Edge) -> str:
    guards = ", ".join(guard.name for guard in edge.when)
    return f"{edge.event.value} [{guards}]" if guards else edge.event.value
