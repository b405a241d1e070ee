"""Writes the fitted network as an ONNX file with small integers for weights, and its pieces as a SentencePiece file.

Each output has a scale of its own for its weights, and each row (a piece of a text) one for its numbers while it runs:
nothing of what a text gives depends on the texts beside it. Weights have seven bits: sums of products then fit on
processors without the newer instructions, and all processors add up the same.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sentencepiece import sentencepiece_model_pb2

from feedback.nlp.training.pretrained import HEADS, Floats

proto: Any = sentencepiece_model_pb2  # its classes are made as it loads: no type checker sees them
_LEAST, _HIDDEN_AWAY = 1e-12, -1e4
_WEIGHT_TOP, _ROW_TOP, _MIDDLE = 63, 127, 128  # the largest weight, the largest number of a row; bytes lie around the middle
_KINDS = {0: "CONTROL", 1: "CONTROL", 2: "CONTROL", 3: "UNKNOWN"}


def write_pieces(pieces: Sequence[tuple[str, float]], path: Path) -> None:
    """Write the vocabulary; the first four are start, padding, end, unknown. Texts come folded: nothing is normalised."""
    model = proto.ModelProto()
    for n, (text, odds) in enumerate(pieces):
        kind = proto.ModelProto.SentencePiece.Type.Value(_KINDS.get(n, "NORMAL"))
        model.pieces.add(piece=text, score=odds, type=kind)
    trainer = model.trainer_spec
    trainer.model_type, trainer.vocab_size = proto.TrainerSpec.UNIGRAM, len(pieces)
    trainer.bos_id, trainer.pad_id, trainer.eos_id, trainer.unk_id = 0, 1, 2, 3
    trainer.bos_piece, trainer.pad_piece, trainer.eos_piece, trainer.unk_piece = (text for text, _ in pieces[:4])
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = model.normalizer_spec.escape_whitespaces = True
    model.normalizer_spec.remove_extra_whitespaces = True
    path.write_bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """Nodes and constants of the file in writing; every method returns the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, name: str, *inputs: str, **settings: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **settings))
        return name

    def linear(self, name: str, rows: str, weights: Floats, bias: Floats) -> str:
        scales = np.maximum(np.abs(weights).max(axis=0), 1e-9) / _WEIGHT_TOP
        small = self.constant(f"{name}.weights", np.round(weights / scales).astype(np.int8))
        row, row_scale = self._rounded(rows)
        whole = self.node("MatMulInteger", f"{name}.whole", row, small, self._once("middle.byte", np.uint8(_MIDDLE)))
        scaled = self.node("Mul", f"{name}.scaled", self.node("Cast", f"{name}.cast", whole, to=TensorProto.FLOAT), row_scale)
        product = self.node("Mul", f"{name}.product", scaled, self.constant(f"{name}.scales", scales.astype(np.float32)))
        return self.node("Add", name, product, self.constant(f"{name}.bias", bias))

    def _rounded(self, rows: str) -> tuple[str, str]:
        """Return the numbers of each row as bytes around the middle, and the scale of each row."""
        axis, top = self._once("axis.last", np.array([-1])), self._once("row.top", np.float32(_ROW_TOP))
        most = self.node("ReduceMax", f"rounded.{rows}.most", self.node("Abs", f"rounded.{rows}.size", rows), axis, keepdims=1)
        scale = self.node("Add", f"rounded.{rows}.scale", self.node("Div", f"rounded.{rows}.step", most, top), self._once("least", np.float32(1e-9)))
        round_ = self.node("Round", f"rounded.{rows}.round", self.node("Div", f"rounded.{rows}.share", rows, scale))
        byte = self.node("Add", f"rounded.{rows}.byte", round_, self._once("middle", np.float32(_MIDDLE)))
        return self.node("Cast", f"rounded.{rows}.small", byte, to=TensorProto.UINT8), scale

    def _once(self, name: str, value: Any) -> str:
        if all(constant.name != name for constant in self.constants):
            self.constant(name, value)
        return name

    def normed(self, name: str, rows: str, weights: Floats, bias: Floats) -> str:
        parts = (self.constant(f"{name}.weights", weights), self.constant(f"{name}.bias", bias))
        return self.node("LayerNormalization", name, rows, *parts, axis=-1, epsilon=_LEAST)


def write_network(numbers: Mapping[str, Any], words: Floats, path: Path) -> None:
    """Write the network: `ids` (texts × pieces) and `there` (1 where a piece stands) give `logits` (texts × labels)."""
    graph = _Graph()
    rows = _embedded(graph, numbers, words)
    hidden = _hidden_places(graph)
    for n, layer in enumerate(numbers["layers"]):
        rows = _layer(graph, f"layer{n}", rows, hidden, layer)
    _scored(graph, rows, numbers)
    n_labels = len(numbers["head_bias"])
    made = helper.make_graph(
        graph.nodes,
        "network",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "pieces"]),
            helper.make_tensor_value_info("there", TensorProto.FLOAT, ["texts", "pieces"]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", n_labels])],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _embedded(graph: _Graph, numbers: Mapping[str, Any], words: Floats) -> str:
    scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-8) / 127
    small = graph.constant("words", np.clip(np.round(words / scale), -127, 127).astype(np.int8))
    scales = graph.constant("scales", scale.astype(np.float32))
    chosen = graph.node("Cast", "words.cast", graph.node("Gather", "words.chosen", small, "ids"), to=TensorProto.FLOAT)
    word = graph.node("Mul", "words.full", chosen, graph.node("Gather", "scales.chosen", scales, "ids"))
    first, second, third = (graph.constant(f"at{n}", np.array([n])) for n in range(3))
    length = graph.node("Slice", "length", graph.node("Shape", "shape", "ids"), second, third)
    places = graph.constant("places", np.asarray(numbers["places"]))
    place = graph.node("Slice", "places.chosen", places, first, length, first)
    return graph.normed("embedded", graph.node("Add", "embedded.sum", word, place), *map(np.asarray, numbers["norm"]))


def _hidden_places(graph: _Graph) -> str:
    """Add what keeps a piece from looking at padding."""
    wide = graph.node("Unsqueeze", "there.wide", "there", graph.constant("axes12", np.array([1, 2])))
    away = graph.node("Sub", "there.not", graph.constant("one", np.float32(1)), wide)
    return graph.node("Mul", "hidden", away, graph.constant("far", np.float32(_HIDDEN_AWAY)))


def _layer(graph: _Graph, name: str, rows: str, hidden: str, layer: Mapping[str, Any]) -> str:
    part = {key: np.asarray(value) for key, value in layer.items()}
    size = part["aow"].shape[0]
    joined = [np.concatenate([part[f"{which}{kind}"] for which in "qkv"], axis=-1) for kind in "wb"]
    three = graph.linear(f"{name}.qkv", rows, *joined)
    names = [f"{name}.{which}" for which in "qkv"]
    graph.nodes.append(helper.make_node("Split", [three], names, axis=-1, num_outputs=3))
    shape = graph.constant(f"{name}.heads", np.array([0, 0, HEADS, size // HEADS]))
    orders = ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
    q, k, v = (
        graph.node("Transpose", f"{one}.turned", graph.node("Reshape", f"{one}.cut", one, shape), perm=order)
        for one, order in zip(names, orders, strict=True)
    )
    scale = graph.constant(f"{name}.scale", np.float32((size // HEADS) ** -0.5))
    odds = graph.node("Mul", f"{name}.odds", graph.node("MatMul", f"{name}.looks", q, k), scale)
    shares = graph.node("Softmax", f"{name}.shares", graph.node("Add", f"{name}.seen", odds, hidden), axis=-1)
    heard = graph.node("Transpose", f"{name}.back", graph.node("MatMul", f"{name}.heard", shares, v), perm=[0, 2, 1, 3])
    flat = graph.node("Reshape", f"{name}.flat", heard, graph.constant(f"{name}.whole", np.array([0, 0, size])))
    told = graph.linear(f"{name}.told", flat, part["aow"], part["aob"])
    middle = graph.normed(f"{name}.middle", graph.node("Add", f"{name}.sum1", rows, told), part["alnw"], part["alnb"])
    bent = graph.node("Gelu", f"{name}.bent", graph.linear(f"{name}.wide", middle, part["fiw"], part["fib"]))
    out = graph.linear(f"{name}.out", bent, part["fow"], part["fob"])
    return graph.normed(name, graph.node("Add", f"{name}.sum2", middle, out), part["olnw"], part["olnb"])


def _scored(graph: _Graph, rows: str, numbers: Mapping[str, Any]) -> str:
    """Add the mean over the pieces and the head; the head is given for standardised means, the file takes plain ones."""
    mask = graph.node("Unsqueeze", "there.deep", "there", graph.constant("axes2", np.array([2])))
    axis = graph.constant("axes1", np.array([1]))
    total = graph.node("ReduceSum", "total", graph.node("Mul", "kept", rows, mask), axis, keepdims=0)
    mean = graph.node("Div", "mean.pieces", total, graph.node("ReduceSum", "count", "there", axis, keepdims=1))
    middle, spread, head = (np.asarray(numbers[key]) for key in ("middle", "spread", "head"))
    weights = (head / spread[:, None]).astype(np.float32)
    bias = (np.asarray(numbers["head_bias"]) - middle @ weights).astype(np.float32)
    parts = (graph.constant("head.weights", weights), graph.constant("head.bias", bias))
    return graph.node("Gemm", "logits", mean, *parts)
