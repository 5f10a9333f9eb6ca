"""Trains the same model from the same weights on the same batches in PyTorch and in Athanor, and compares.

    python compare.py MODEL OPTIMIZER DATA_DIR [STEPS [GAMMA]]

MODEL: resnet20, resnet50, simple-alexnet; OPTIMIZER: sgd, adam. GAMMA is what the weight of each block's last norm starts from
(1; near 0, a deep network starts as a shallow one, and rounding errors grow less).

Prints how far parameters and buffers are apart after one step, and the losses of the steps; and, as a yardstick, the same for
PyTorch in float64, with channels last, and on one thread: float32 training is chaotic, and PyTorch differs from itself. For
development; nothing of the project depends on it. Needs torch and numpy.
"""
import copy, gzip, json, os, struct, subprocess, sys, tempfile
import numpy as np
import torch
from torch import nn
from models import Basic, Bottleneck, MODELS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BATCH, RATE = 32, 0.001


def cifar(folder, count):
    rows = np.fromfile(os.path.join(folder, "cifar-10-batches-bin", "data_batch_1.bin"), np.uint8).reshape(-1, 3073)[:count]
    images = torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32)) / 255
    mean = torch.tensor([0.4914, 0.4822, 0.4465]).view(1, 3, 1, 1); deviation = torch.tensor([0.2023, 0.1994, 0.2010]).view(1, 3, 1, 1)
    return (images - mean) / deviation, torch.from_numpy(rows[:, 0].astype(np.int64))


def mnist(folder, count, copy):
    """Enlarged here, and written as IDX files for Athanor: two ways to enlarge would be two sets of images."""
    raw = gzip.open(os.path.join(folder, "train-images-idx3-ubyte.gz")).read()
    images = torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 1, 28, 28)[:count].astype(np.float32))
    images = nn.functional.interpolate(images, (224, 224), mode="bilinear", align_corners=False).round().clamp(0, 255)
    labels = gzip.open(os.path.join(folder, "train-labels-idx1-ubyte.gz")).read()
    for name, n in (("train", count), ("t10k", 1)):
        with open(f"{copy}/{name}-images-idx3-ubyte", "wb") as f:
            f.write(struct.pack(">IIII", 2051, n, 224, 224) + images[:n].to(torch.uint8).numpy().tobytes())
        with open(f"{copy}/{name}-labels-idx1-ubyte", "wb") as f:
            f.write(struct.pack(">II", 2049, n) + labels[8:8 + n])
    return images / 255, torch.from_numpy(np.frombuffer(labels, np.uint8, offset=8)[:count].astype(np.int64))


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, t in tensors.items():
        raw = t.detach().contiguous().to(torch.float32).numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    head = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + data)


def read_safetensors(path):
    with open(path, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]; header = json.loads(f.read(size)); data = f.read()
    return {n: torch.frombuffer(bytearray(data[h["data_offsets"][0]:h["data_offsets"][1]]), dtype=torch.float32).view(h["shape"])
            for n, h in header.items() if n != "__metadata__" and h["dtype"] == "F32" and h["data_offsets"][0] < h["data_offsets"][1]}


def state_of(model):
    return {n: t.clone().to(torch.float32).contiguous() for n, t in model.state_dict().items() if not n.endswith("num_batches_tracked")}


def train(model, optimizer_name, data, labels, steps, dtype=torch.float32, memory=torch.contiguous_format, threads=2):
    """The state after one step, and the losses."""
    torch.set_num_threads(threads)
    model = copy.deepcopy(model).to(dtype=dtype, memory_format=memory); model.train()
    optimizer = (torch.optim.SGD(model.parameters(), RATE, momentum=0.9, weight_decay=5e-4) if optimizer_name == "sgd"
                 else torch.optim.Adam(model.parameters(), RATE, weight_decay=5e-4))
    losses, after_one = [], None
    for s in range(steps):
        optimizer.zero_grad()
        images = data[s * BATCH:(s + 1) * BATCH].to(dtype=dtype, memory_format=memory)
        loss = nn.functional.cross_entropy(model(images), labels[s * BATCH:(s + 1) * BATCH])
        loss.backward(); optimizer.step(); losses.append(loss.item())
        if s == 0:
            after_one = state_of(model)
    return after_one, losses


def athanor(model_name, optimizer_name, folder, steps, work):
    is_alexnet = model_name == "simple-alexnet"
    common = [os.environ.get("ATHANOR", f"{ROOT}/athanor"), "train", "--model", model_name, "--data", "mnist" if is_alexnet else "cifar10", "--data-dir", folder,
              "--init", f"{work}/init.safetensors", "--augment", "none", "--shuffle", "off", "--batch-size", str(BATCH), "--lr", str(RATE),
              "--schedule", "constant", "--optimizer", optimizer_name, "--momentum", "0.9", "--weight-decay", "5e-4", "--print-freq", "1",
              "--epochs", "1", "--no-progress"] + (["--mean", "0", "--std", "1", "--drop", "0"] if is_alexnet else [])
    subprocess.run(common + ["--max-steps", "1", "--out", f"{work}/one"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(common + ["--max-steps", str(steps), "--out", f"{work}/all"], check=True, stdout=subprocess.DEVNULL)
    losses = [json.loads(line)["loss"] for line in open(f"{work}/all/steps.jsonl")]
    return read_safetensors(f"{work}/one/checkpoints/last.safetensors"), losses


def row(name, base, other):
    (one, losses), (other_one, other_losses) = base, other
    worst, where = max((((other_one[n] - t).abs().max()).item(), n) for n, t in one.items())
    beyond = sum(((other_one[n] - t).abs() > 1e-5).sum().item() for n, t in one.items()) / sum(t.numel() for t in one.values())
    gaps = [abs(a - b) / b for a, b in zip(other_losses, losses)]
    print(f"  {name:22} {worst:10.2e} {beyond:10.4%} {max(gaps[:5]):12.2e} {max(gaps):12.2e}   {where}", flush=True)


def main():
    model_name, optimizer_name, folder = sys.argv[1:4]
    steps = int(sys.argv[4]) if len(sys.argv) > 4 else 20
    torch.manual_seed(1)
    model = MODELS[model_name]()
    if len(sys.argv) > 5:
        for m in model.modules():
            if isinstance(m, (Basic, Bottleneck)):
                nn.init.constant_((m.bn3 if isinstance(m, Bottleneck) else m.bn2).weight, float(sys.argv[5]))
    with tempfile.TemporaryDirectory() as work:
        if model_name == "simple-alexnet":
            data, labels = mnist(folder, BATCH * steps, work)
            folder = work
        else:
            data, labels = cifar(folder, BATCH * steps)
        run = lambda **how: train(model, optimizer_name, data, labels, steps, **how)
        write_safetensors(f"{work}/init.safetensors", state_of(model))
        base = run()
        print(f"{model_name} {optimizer_name}, batch {BATCH}, rate {RATE}, against PyTorch float32 on two threads; last loss {base[1][-1]:.5f}")
        print(f"  {'':22} {'1 step':>10} {'> 1e-5':>10} {'5 losses':>12} {f'{steps} losses':>12}   largest difference in")
        row("Athanor", base, athanor(model_name, optimizer_name, folder, steps, work))
        row("PyTorch channels last", base, run(memory=torch.channels_last))
        row("PyTorch one thread", base, run(threads=1))
        row("PyTorch float64", base, run(dtype=torch.float64))


main()
