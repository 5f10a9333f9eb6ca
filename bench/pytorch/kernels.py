"""Times matrix products and convolutions in PyTorch, two threads; bench/peers starts it.

    python kernels.py BATCH

Sizes are named as in GemmBenchmark (m x n x k) and ConvolutionBenchmark, and so are the directions. Prints one line of JSON: for
each, the median GFLOP/s.
"""
import json, re, sys, time
import torch

PRODUCTS = ["1024x1024x1024", "2048x2048x2048", "4096x256x1024", "4096x1024x256"]
CONVOLUTIONS = ["3x3/1+1 64-64@32", "3x3/1+1 128-128@16", "3x3/1+1 256-256@8", "3x3/1+1 512-512@4"]


def rate(work, call):
    times, until = [], time.perf_counter() + 1.5
    while time.perf_counter() < until or len(times) < 6:
        began = time.perf_counter(); call(); times.append(time.perf_counter() - began)
    times = sorted(times[len(times) // 3:])
    return work / times[len(times) // 2] / 1e9


def convolution(size, batch):
    r, s, stride, padding, channels, filters, side = map(int, re.findall(r"\d+", size))
    last = torch.channels_last
    x = torch.randn(batch, channels, side, side).to(memory_format=last)
    w = torch.randn(filters, channels, r, s).to(memory_format=last)
    y = torch.conv2d(x, w, None, stride, padding)
    dy = torch.randn_like(y)
    work = 2 * y.numel() * channels * r * s

    def backward(*mask):
        return lambda: torch.ops.aten.convolution_backward(dy, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, [*mask, False])

    yield "forward", rate(work, lambda: torch.conv2d(x, w, None, stride, padding))
    yield "inputGradient", rate(work, backward(True, False))
    yield "filterGradient", rate(work, backward(False, True))


torch.set_num_threads(2); torch.manual_seed(1)
rates = {}
with torch.inference_mode():
    for size in PRODUCTS:
        m, n, k = map(int, size.split("x"))
        a, b, c = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
        rates[size] = rate(2 * m * n * k, lambda: torch.mm(a, b, out=c))
    for size in CONVOLUTIONS:
        for direction, figure in convolution(size, int(sys.argv[1])):
            rates[f"{size} {direction}"] = figure
print(json.dumps(rates))
