"""onnxruntime: the encoder as a graph of ``Gemm`` and ``Relu``, on two threads."""

import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper


def graph(workload, weights, features):
    """The model's bytes, written by hand."""
    nodes, initializers, x = [], [], "x"
    for i, ((_, _, activation), (kernel, bias)) in enumerate(
        zip(workload.layers, weights, strict=True)
    ):
        initializers += [
            numpy_helper.from_array(kernel, f"W{i}"),
            numpy_helper.from_array(bias, f"b{i}"),
        ]
        nodes.append(helper.make_node("Gemm", [x, f"W{i}", f"b{i}"], [f"z{i}"]))
        x = f"z{i}"
        if activation == "relu":
            nodes.append(helper.make_node("Relu", [x], [f"a{i}"]))
            x = f"a{i}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
        for name, size in (("x", features), (x, workload.layers[-1][1]))
    ]
    made = helper.make_model(
        helper.make_graph(nodes, "encoder", ends[:1], ends[1:], initializers),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=10,
    )
    checker.check_model(made)
    return made.SerializeToString()


def touch():
    """Nothing is put off."""


class Encode:
    """``InferenceSession.run``."""

    def __init__(self, workload, x, weights):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = 2, 1
        self.session = onnxruntime.InferenceSession(
            graph(workload, weights, x.shape[1]), options, providers=["CPUExecutionProvider"]
        )
        self.feed = {"x": x}

    def check(self):
        return self.session.run(None, self.feed)[0]

    def run(self, count):
        for _ in range(count):
            self.session.run(None, self.feed)
