"""What an exported ONNX graph gives, in onnxruntime and in the reference that onnx brings."""

import numpy as np

from tests.support.exported import assert_close


def run_onnxruntime(path, x):
    """All results for samples, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})


def run_reference(path, x):
    """The same by onnx's own slow evaluator, which has every operator in float64."""
    from onnx.reference import ReferenceEvaluator

    with np.errstate(all="ignore"):  # it computes both sides of Elu and of Sigmoid
        return ReferenceEvaluator(str(path)).run(None, {"x": x})


def check(model, path, x, encoder_only=False):
    """That the file gives the model's outputs or codes: float64 by the reference."""
    x = np.ascontiguousarray(x, model.dtype)
    model.export_onnx(path, encoder_only=encoder_only)
    run = run_onnxruntime if model.dtype == np.float32 else run_reference
    (found,) = run(path, x)
    assert_close(found, model.encode(x) if encoder_only else model.reconstruct(x))
