"""Times training steps or inference of one model in PyTorch; bench/peers starts it.

    python step.py MODEL BATCH STEPS sgd|adam|infer contiguous|channels_last

Prints one line of JSON: the median images a second, and the peak of resident memory.
"""
import json, resource, sys, time
import torch
from torch import nn
from models import MODELS, image

name, batch, steps, work, layout = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
torch.set_num_threads(2); torch.manual_seed(1)
memory = getattr(torch, {"contiguous": "contiguous_format"}.get(layout, layout))
model = MODELS[name]().to(memory_format=memory)
images = torch.randn(batch, *image(name)).to(memory_format=memory)
labels = torch.arange(batch) % 10
if work == "infer":
    from torch.fx.experimental.optimization import fuse
    model = fuse(model.eval())
optimizer = torch.optim.Adam(model.parameters()) if work == "adam" else torch.optim.SGD(model.parameters(), 0.01, 0.9, weight_decay=5e-4)


def step():
    if work == "infer":
        with torch.inference_mode():
            return model(images)
    optimizer.zero_grad(); nn.functional.cross_entropy(model(images), labels).backward(); optimizer.step()


times = []
for i in range(steps + (steps + 1) // 2):
    began = time.perf_counter(); step(); times.append(time.perf_counter() - began)
median = sorted(times[-steps:])[steps // 2]
print(json.dumps({"images_per_s": batch / median, "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
