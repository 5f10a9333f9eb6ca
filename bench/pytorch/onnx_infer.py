"""Times inference of one model in ONNX Runtime, on two threads; bench/peers starts it.

    python onnx_infer.py export FILE MODEL BATCH     needs torch, onnx and onnxscript
    python onnx_infer.py run FILE BATCH STEPS        needs onnxruntime and numpy

The second, which is a process of its own so that its memory is ONNX Runtime's alone, prints one line of JSON like step.py.
"""
import json, resource, sys, time


def export(file, name, batch):
    import torch
    from models import MODELS, image
    torch.manual_seed(1)
    torch.onnx.export(MODELS[name]().eval(), (torch.randn(batch, *image(name)),), file, input_names=["images"], dynamo=True, verbose=False)


def run(file, batch, steps):
    import numpy, onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    images = numpy.random.default_rng(1).standard_normal(session.get_inputs()[0].shape, numpy.float32)
    times = []
    for _ in range(steps + (steps + 1) // 2):
        began = time.perf_counter(); session.run(None, {"images": images}); times.append(time.perf_counter() - began)
    median = sorted(times[-steps:])[steps // 2]
    print(json.dumps({"images_per_s": batch / median, "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if sys.argv[1] == "export":
    export(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    run(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
