package athanor.bench.pytorch;

import static org.bytedeco.pytorch.global.torch.arange;
import static org.bytedeco.pytorch.global.torch.cross_entropy;
import static org.bytedeco.pytorch.global.torch.manual_seed;
import static org.bytedeco.pytorch.global.torch.randn;
import static org.bytedeco.pytorch.global.torch.set_num_threads;

import athanor.train.ProcessMemory;
import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/// bench/pytorch/step.py for who has no Python: times training steps or inference of one model in
/// PyTorch's C++ library. Compiled in the Maven profile `pytorch` alone; bench/peers starts it.
///
/// `Step MODEL BATCH STEPS sgd|adam|infer contiguous|channels_last`
///
/// Prints one line of JSON: the median images a second, and the peak of resident memory.
final class Step {
    private Step() {}

    public static void main(String[] arguments) {
        String model = arguments[0];
        int batch = Integer.parseInt(arguments[1]);
        int steps = Integer.parseInt(arguments[2]);
        String work = arguments[3];
        MemoryFormat format =
                arguments[4].equals("channels_last")
                        ? MemoryFormat.ChannelsLast
                        : MemoryFormat.Contiguous;
        set_num_threads(2);
        manual_seed(1);
        Network network = new Network(model, !work.equals("infer"), format);
        long[] image = Network.image(model);
        Tensor images = randn(batch, image[0], image[1], image[2]).contiguous(format);
        Tensor labels =
                arange(new Scalar(batch)).remainder(new Scalar(10)).to(torch.ScalarType.Long);
        Runnable step =
                work.equals("infer")
                        ? () -> infer(network, images)
                        : training(network, work, images, labels);
        double[] times = new double[steps + (steps + 1) / 2];
        for (int i = 0; i < times.length; i++) {
            long began = System.nanoTime();
            // Tensors go back to PyTorch as its own do in Python, not when Java collects garbage.
            try (PointerScope _ = new PointerScope()) {
                step.run();
            }
            times[i] = (System.nanoTime() - began) / 1e9;
        }
        double[] measured = Arrays.copyOfRange(times, times.length - steps, times.length);
        Arrays.sort(measured);
        System.out.printf(
                Locale.ROOT,
                "{\"images_per_s\": %.3f, \"peak_memory_bytes\": %d}%n",
                batch / measured[steps / 2],
                ProcessMemory.peakResidentBytes());
    }

    private static void infer(Network network, Tensor images) {
        try (InferenceMode _ = new InferenceMode(true)) {
            network.layers.run(images);
        }
    }

    private static Runnable training(Network network, String work, Tensor images, Tensor labels) {
        Optimizer optimizer = optimizer(work, network);
        return () -> {
            optimizer.zero_grad();
            cross_entropy(network.layers.run(images), labels).backward();
            optimizer.step();
        };
    }

    private static Optimizer optimizer(String work, Network network) {
        TensorVector parameters = new TensorVector(network.parameters.toArray(Tensor[]::new));
        if (work.equals("adam")) {
            return new Adam(parameters, new AdamOptions(0.001));
        }
        SGDOptions options = new SGDOptions(0.01);
        options.momentum().put(0.9);
        options.weight_decay().put(5e-4);
        return new SGD(parameters, options);
    }
}
