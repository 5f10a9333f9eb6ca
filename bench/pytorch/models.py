"""The models of the comparisons, in PyTorch, with torchvision's names."""
import torch
from torch import nn


class Basic(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False); self.bn1 = nn.BatchNorm2d(o)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False); self.bn2 = nn.BatchNorm2d(o)
        self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if stride != 1 or i != o else None

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    def __init__(self, i, w, stride):
        super().__init__(); o = 4 * w
        self.conv1 = nn.Conv2d(i, w, 1, bias=False); self.bn1 = nn.BatchNorm2d(w)
        self.conv2 = nn.Conv2d(w, w, 3, stride, 1, bias=False); self.bn2 = nn.BatchNorm2d(w)
        self.conv3 = nn.Conv2d(w, o, 1, bias=False); self.bn3 = nn.BatchNorm2d(o)
        self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if stride != 1 or i != o else None

    def forward(self, x):
        y = torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))))
        return torch.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, block, depths, widths, expansion, channels=3, imagenet_stem=False):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, widths[0], *((7, 2, 3) if imagenet_stem else (3, 1, 1)), bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.pool = nn.MaxPool2d(3, 2, 1) if imagenet_stem else nn.Identity()
        i = widths[0]
        self.stages = len(depths)
        for s, (d, w) in enumerate(zip(depths, widths)):
            blocks = []
            for b in range(d):
                blocks.append(block(i, w, 2 if s > 0 and b == 0 else 1)); i = w * expansion
            setattr(self, f"layer{s + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(i, 10)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = self.pool(torch.relu(self.bn1(self.conv1(x))))
        for s in range(self.stages):
            x = getattr(self, f"layer{s + 1}")(x)
        return self.fc(x.mean((2, 3)))


def small_cnn():
    return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))


def simple_alexnet():
    return nn.Sequential(
        nn.Conv2d(1, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Flatten(), nn.Linear(192 * 13 * 13, 256), nn.ReLU(), nn.Identity(), nn.Linear(256, 128), nn.ReLU(), nn.Identity(), nn.Linear(128, 10))


MODELS = {"resnet20": lambda: ResNet(Basic, [3, 3, 3], [16, 32, 64], 1),
          "resnet50": lambda: ResNet(Bottleneck, [3, 4, 6, 3], [64, 128, 256, 512], 4),
          "resnet18": lambda: ResNet(Basic, [2, 2, 2, 2], [64, 128, 256, 512], 1),
          "resnet50-mnist": lambda: ResNet(Bottleneck, [3, 4, 6, 3], [64, 128, 256, 512], 4, 1, True),
          "cnn": small_cnn,
          "simple-alexnet": simple_alexnet}


def image(model):
    """Channels, height and width of its images."""
    return {"cnn": (1, 28, 28), "resnet50-mnist": (1, 28, 28), "simple-alexnet": (1, 224, 224)}.get(model, (3, 32, 32))
