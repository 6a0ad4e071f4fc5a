"""The state diagram, generated from the table, as Mermaid and as Graphviz DOT."""

from schemas.types import EventType
from statemachine.states import MEANINGS, State
from statemachine.table import EDGES, EXISTING, Edge

_COLOURS = {"error": "#f8d7da", "running": "#d1e7dd", "creating": "#cfe2ff", "degraded": "#fff3cd"}
_OTHER = "#e9ecef"
_NEWLINE = "\\n"
_NEARLY_EVERYWHERE = (EventType.DELETE_REQUESTED.value, EventType.ADOPT_REQUESTED.value)
_LONG = 16  # letters of a state's name that stand in one line


def mermaid() -> str:
    """A Mermaid stateDiagram-v2."""
    lines = ["stateDiagram-v2"]
    lines += [
        f"    {state.value}: {state.value}<br/>{m.status} / {m.provisioning_status}" for state, m in MEANINGS.items()
    ]
    for (source, dest), events in arrows().items():
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
    for (source, dest), events in arrows().items():
        lines.append(f'  {source.value} -> {dest.value} [label="{_NEWLINE.join(events)}"];')
    return "\n".join([*lines, "}"]) + "\n"


def bare() -> str:
    """States and arrows alone, from left to right and then once more downwards: where the console places them.

    What leads away from nearly every state is left out: the console draws it where it has happened.
    """
    return "".join(_bare(direction) for direction in ("LR", "TB"))


def _bare(direction: str) -> str:
    lines = [
        f"digraph {direction} {{",
        f"  rankdir={direction}; nodesep=0.22; ranksep=0.35; edge [arrowsize=0.7];",
        '  node [shape=box, fontname="Helvetica", fontsize=13, margin="0.14,0.06", height=0.4];',
        '  none [shape=circle, label="", width=0.15, height=0.15];',
        *(f'  {state.value} [label="{_broken(state.value)}"];' for state in MEANINGS),
        *(f"  {source.value} -> {dest.value};" for source, dest in sorted(usual())),
    ]
    return "\n".join([*lines, "}"]) + "\n"


def usual() -> set[tuple[State, State]]:
    """The arrows of `bare`."""
    return {
        pair
        for pair, labels in arrows().items()
        if pair[0] is not pair[1] and not all(label.startswith(_NEARLY_EVERYWHERE) for label in labels)
    }


def _broken(name: str) -> str:
    """A long name in two lines."""
    if len(name) <= _LONG:
        return name
    middle = min((at for at, letter in enumerate(name, 1) if letter == "_"), key=lambda at: abs(2 * at - len(name)))
    return name[:middle] + _NEWLINE + name[middle:]


def arrows() -> dict[tuple[State, State], list[str]]:
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
