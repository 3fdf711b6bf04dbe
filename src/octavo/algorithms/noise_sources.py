"""What rounds in an int8 network: the weights of its layers, and the values that it keeps in 8 bits."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.graph.ir import Node
from octavo.graph.passes.share_qparams import MOVING
from octavo.graph.placement import LAYERS, gives_float, is_plain
from octavo.graph.ports import made_in_8_bits, read_in_8_bits
from octavo.graph.prepare import Prepared
from octavo.graph.recurrent import RECURRENT


@dataclass(frozen=True)
class RoundedValue:
    """A value that the program keeps in 8 bits.

    Args:
        name: of the value.
        readers: the int8 nodes that read it; where all of them ran in float it would not have to be rounded.
        maker: the int8 node that rounds it whoever reads it; None where it is rounded for its readers alone.
        everywhere: whether all that reads it reads it rounded.
        again: whether rounding it changes nothing, since its maker only moves what is rounded already.
    """

    name: str
    readers: tuple[str, ...]
    maker: str | None
    everywhere: bool
    again: bool


def rounded_values(prepared: Prepared) -> list[RoundedValue]:
    """List the values of a calibrated graph that its program will keep in 8 bits, in order of execution."""
    graph, decisions = prepared.graph, prepared.decisions
    consumers, producers = graph.consumers(), graph.producers()
    found = []
    for value in graph.shapes():
        if value not in prepared.groups:
            continue
        readers = tuple(n.name for n in consumers[value] if decisions[n.name].int8 and value in read_in_8_bits(n))
        maker = producers.get(value)
        if maker is None or not decisions[maker.name].int8 or value not in made_in_8_bits(maker):
            if readers:
                found.append(RoundedValue(value, readers, None, everywhere=False, again=False))
            continue
        if prepared.layerwise or not gives_float(maker, decisions, consumers):
            follows = None if is_plain(maker) and not prepared.layerwise else maker.name
            found.append(RoundedValue(value, readers, follows, everywhere=True, again=maker.type in MOVING))
    return found


def selectable(prepared: Prepared) -> list[Node]:
    """List the layers with 8-bit weights that have a float form: convolutions and linear layers."""
    where = prepared.decisions
    return [n for n in prepared.graph.nodes if n.type in LAYERS and (where[n.name].int8 or where[n.name].dynamic)]


def following(prepared: Prepared) -> dict[str, tuple[str, ...]]:
    """Map each int8 node that cannot be selected to its int8 neighbours: it runs in float where all of these do.

    One with a form in 8 bits alone, or whose products would be slow in float, has none: it stays in int8.
    """
    graph, decisions = prepared.graph, prepared.decisions
    chosen = {node.name for node in selectable(prepared)}
    producers, consumers = graph.producers(), graph.consumers()
    found = {}
    for node in graph.nodes:
        if not decisions[node.name].int8 or node.name in chosen:
            continue
        around = [producers[value] for value in node.inputs if value in producers]
        around += [reader for value in node.outputs for reader in consumers[value]]
        fixed = node.type in RECURRENT or node.type == "matmul"
        names = dict.fromkeys(other.name for other in around if decisions[other.name].int8)
        found[node.name] = () if fixed else tuple(names)
    return found
