package athanor.nn.model;

import athanor.engine.HostBuffer;
import athanor.engine.Tensor;
import athanor.nn.AdaptiveAveragePool2d;
import athanor.nn.BatchNorm2d;
import athanor.nn.Conv2d;
import athanor.nn.Flatten;
import athanor.nn.GraphWriter;
import athanor.nn.Linear;
import athanor.nn.MaxPool2d;
import athanor.nn.Module;
import athanor.nn.Parameter;
import athanor.nn.Sequential;
import java.util.ArrayList;
import java.util.List;

/// Deep residual networks: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition",
/// 2015. A stem, stages of blocks (each but the first halves the image and doubles the width), the
/// mean over the image, a linear classifier. Names are torchvision's.
public final class ResNet extends Module {
    private final Conv2d conv1;
    private final BatchNorm2d bn1;
    private final List<Module> rest = new ArrayList<>();

    /// The network of 18, 34, 50, 101 or 152 layers of the paper's table 1.
    public static ResNet ofImageNet(int depth, Stem stem, int channels, int classes) {
        Block.Kind kind = depth < 50 ? Block.Kind.BASIC : Block.Kind.BOTTLENECK;
        int[] blocks =
                switch (depth) {
                    case 18 -> new int[] {2, 2, 2, 2};
                    case 34, 50 -> new int[] {3, 4, 6, 3};
                    case 101 -> new int[] {3, 4, 23, 3};
                    case 152 -> new int[] {3, 8, 36, 3};
                    default ->
                            throw new IllegalArgumentException(
                                    "resnet: depth " + depth + "; it is 18, 34, 50, 101 or 152");
                };
        return new ResNet(kind, 64, blocks, stem, channels, classes);
    }

    /// The network of 6n + 2 layers (8, 20, 32, 44, 56, 110) of the paper's section 4.2, with
    /// projections where the shape changes (option B).
    public static ResNet ofCifar(int depth, Stem stem, int channels, int classes) {
        if (depth < 8 || depth % 6 != 2) {
            throw new IllegalArgumentException("resnet: depth " + depth + "; it is 6n + 2");
        }
        int n = (depth - 2) / 6;
        int[] blocks = {n, n, n};
        return new ResNet(Block.Kind.BASIC, 16, blocks, stem, channels, classes);
    }

    private ResNet(
            Block.Kind kind, int firstWidth, int[] blocks, Stem stem, int channels, int classes) {
        boolean large = stem == Stem.IMAGENET;
        conv1 =
                child(
                        "conv1",
                        Block.convolution(channels, firstWidth, large ? 7 : 3, large ? 2 : 1));
        bn1 = child("bn1", new BatchNorm2d(firstWidth));
        if (large) {
            rest.add(child("maxpool", new MaxPool2d(3, 2, 1)));
        }
        int in = firstWidth;
        for (int stage = 0; stage < blocks.length; stage++) {
            int width = firstWidth << stage;
            Module[] layers = new Module[blocks[stage]];
            for (int i = 0; i < layers.length; i++) {
                layers[i] = kind.make(in, width, stage > 0 && i == 0 ? 2 : 1);
                in = kind.expansion * width;
            }
            rest.add(child("layer" + (stage + 1), new Sequential(layers)));
        }
        rest.add(child("avgpool", new AdaptiveAveragePool2d(1, 1)));
        rest.add(child("flatten", new Flatten()));
        rest.add(child("fc", new Linear(in, classes)));
    }

    @Override
    protected Tensor compute(Tensor x) {
        Tensor current = bn1.relu(conv1, x);
        for (Module layer : rest) {
            Tensor next = layer.forward(current);
            current.release();
            current = next;
        }
        return current;
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        String current = bn1.writeRelu(graph, conv1, x);
        for (Module layer : rest) {
            current = layer.writeTo(graph, current);
        }
        return current;
    }

    /// Sets the last norm of each block of a network that has values to 0, so that each block
    /// begins as its shortcut. Goyal et al. 2017.
    public static void zeroLastNorms(Module network) {
        for (Module module : network.modules().values()) {
            if (module instanceof Block block) {
                Parameter weight = block.lastNorm().parameter("weight");
                weight.assign(HostBuffer.allocate(weight.dtype(), weight.size()));
            }
        }
    }
}
