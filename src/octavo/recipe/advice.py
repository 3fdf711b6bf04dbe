"""Which scheme suits a network, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import nn

from octavo.graph.signature import Sample
from octavo.recipe.layer_times import KindTime, layer_times
from octavo.recipe.summary import megabytes

# A kind of layer leads where it takes at least this share of the time that 8 bits can shorten at all.
_LEADS = 0.5
# Tables of embeddings are worth quantizing on their own from this share of the model's bytes.
_LARGE_TABLE = 0.25

_SCHEMES = {
    "static": ("CNN", "octavo.quantize(model, example_inputs, calibration_data=samples)"),
    "dynamic": ("LSTM, RNN, BERT", "octavo.quantize(model, example_inputs)"),
    "weight_only": ("embeddings", "embedding.qconfig = octavo.quantization.float_qparams_weight_only_qconfig"),
    "qat": (
        "static not accurate enough",
        "octavo.quantization.prepare_qat_fx(model.train(), get_default_qat_qconfig_mapping('x86'), example_inputs)",
    ),
}


@dataclass(frozen=True)
class Advice:
    """How to quantize a network.

    Args:
        scheme: `"static"`, `"dynamic"`, `"weight_only"`, `"qat"`, or `"float"` where 8 bits have nothing to gain.
        reasons: why, one sentence each, with the measured numbers.
        profile: where the float network's time goes.
        also: further schemes for parts of the network: scheme to reason.
    """

    scheme: str
    reasons: tuple[str, ...]
    profile: tuple[KindTime, ...]
    also: dict[str, str]

    @property
    def call(self) -> str:
        """The call to make."""
        return _SCHEMES[self.scheme][1] if self.scheme in _SCHEMES else "keep the float model"

    def __str__(self) -> str:
        lines = [f"{'kind':<12} {'layers':>6} {'parameters':>12} {'ms':>9} {'share':>6}"]
        lines += [
            f"{row.kind:<12} {row.layers:>6} {megabytes(row.bytes):>12} {row.milliseconds:>9.3f} {row.share:>6.0%}"
            for row in self.profile
        ]
        lines += [f"scheme       {self.scheme}", *(f"because      {reason}" for reason in self.reasons)]
        lines += [f"also         {scheme}: {reason}" for scheme, reason in self.also.items()]
        lines.append(f"call         {self.call}")
        return "\n".join(lines)


def advise(
    model: nn.Module,
    example_inputs: Sample,
    calibration_data: Iterable[Sample] | None = None,
    evaluate: Callable[[nn.Module], float] | None = None,
    max_drop: float = 0.01,
) -> Advice:
    """Say which scheme suits a network, from what it is made of and where its time goes.

    Convolutions profit from static quantization: their inputs are large, and finding ranges at run time would cost
    what 8 bits gain. Recurrent and attention networks are bound by reading weights, and their ranges vary from input to
    input: dynamic. Embeddings are tables: their weights alone. Where static quantization loses accuracy, train with
    quantization in the loop.

    Args:
        model: a float32 module on the CPU, left as it was.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments, of the size that will be run.
        calibration_data: with `evaluate`, what a static network is calibrated with.
        evaluate: the score of a module, larger is better; the static network is then measured against the float one.
        max_drop: the loss of score above which training is advised.

    Returns: the scheme, with its reasons.

    Raises:
        ValueError: `evaluate` without calibration data, or a score that is not finite.
    """
    if evaluate is not None and calibration_data is None:
        raise ValueError("advise: evaluate needs calibration_data to calibrate the static network with")
    profile = layer_times(model, example_inputs)
    scheme, reasons = _scheme(profile)
    also = _tables(profile)
    if scheme == "float" and also:
        scheme, reasons = "weight_only", list(also.values())
        also = {}
    if scheme == "static" and evaluate is not None and calibration_data is not None:
        drop = _drop(model, example_inputs, calibration_data, evaluate)
        if drop > max_drop:
            scheme = "qat"
            reasons.append(f"static quantization loses {drop:.4g} of the score, more than max_drop={max_drop:.4g}")
        else:
            reasons.append(f"static quantization loses {drop:.4g} of the score, within max_drop={max_drop:.4g}")
    return Advice(scheme, tuple(reasons), tuple(profile), also)


def _scheme(profile: list[KindTime]) -> tuple[str, list[str]]:
    share = {entry.kind: entry.share for entry in profile}
    conv = share.get("convolution", 0.0)
    recurrent = share.get("recurrent", 0.0)
    dense = share.get("linear", 0.0) + share.get("attention", 0.0)
    int8 = conv + recurrent + dense
    if int8 < 0.1:
        reason = f"layers that 8 bits can shorten take {int8:.0%} of the time"
        return "float", [reason]
    if conv >= _LEADS * int8:
        return "static", [
            f"convolutions take {conv:.0%} of the time: 8-bit activations make them faster, ranges are found once, "
            "from calibration data",
            "if static quantization is not accurate enough, train with quantization in the loop (QAT)",
        ]
    if recurrent >= dense:
        return "dynamic", [
            f"recurrent layers take {recurrent:.0%} of the time: they are bound by reading weights, and the range of "
            "their state varies from step to step"
        ]
    what = "linear and attention layers" if share.get("attention") else "linear layers"
    return "dynamic", [
        f"{what} take {dense:.0%} of the time: int8 weights are a quarter to read, the ranges of activations vary from "
        "input to input and are found as they arrive; no calibration data is needed"
    ]


def _tables(profile: list[KindTime]) -> dict[str, str]:
    total = sum(entry.bytes for entry in profile)
    tables = next((entry.bytes for entry in profile if entry.kind == "embedding"), 0)
    if not total or tables < _LARGE_TABLE * total:
        return {}
    return {
        "weight_only": f"embeddings are {tables / total:.0%} of the parameters ({megabytes(tables)}): rows of int8 "
        "with a scale each are a quarter of that"
    }


def _drop(
    model: nn.Module,
    example_inputs: Sample,
    calibration_data: Iterable[Sample],
    evaluate: Callable[[nn.Module], float],
) -> float:
    from octavo.recipe.quantize import quantize

    quantized = quantize(model, example_inputs, calibration_data, recipe="static", progress=False)
    before, after = float(evaluate(model)), float(evaluate(quantized))
    drop = before - after
    if drop != drop or abs(drop) == float("inf"):
        raise ValueError(
            f"advise: evaluate gave {before} for the float and {after} for the static model; expected numbers"
        )
    return drop
