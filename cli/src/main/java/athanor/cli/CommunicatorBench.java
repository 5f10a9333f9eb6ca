package athanor.cli;

import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.DType;
import athanor.engine.DeviceBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.parallel.Parallel;
import athanor.train.DataParallel;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingRun;
import athanor.train.distributed.ScalingModel;
import athanor.train.distributed.World;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/// What the exchange of gradients costs over these ranks: alone, behind a step's backward pass, and
/// beside it; and what a model of latency and bandwidth makes of that for more ranks.
///
/// @param steps how often each is measured; medians are shown
record CommunicatorBench(Communicator ranks, int steps) {
    private static final int[] SIZES = {1 << 10, 1 << 14, 1 << 17, 1 << 20, 1 << 23, 1 << 25};

    /// Every rank has `--batch-size / ranks` images, as in a training.
    void run(Settings global, BiConsumer<String, String> line) {
        Backend backend = TrainingRun.backend(global);
        Parallel.threads(TrainingRun.threads(global));
        Communicator over = World.on(backend, ranks);
        int images = Math.max(1, global.whole(Setting.BATCH_SIZE) / over.size());
        Settings own = global.with(Setting.BATCH_SIZE, String.valueOf(images));
        line.accept("ranks", over.size() + " by " + over.name() + ", images each: " + images);
        double[] seconds = new double[SIZES.length];
        for (int i = 0; i < SIZES.length; i++) {
            seconds[i] = exchange(over, backend, SIZES[i]);
            line.accept("exchange of %,d kB".formatted(SIZES[i] >> 10), ms(seconds[i]));
        }
        double[] bytes = Arrays.stream(SIZES).asDoubleStream().toArray();
        double[] network =
                over.size() == 1
                        ? new double[] {0, Double.POSITIVE_INFINITY}
                        : ScalingModel.fit(over.size(), bytes, seconds);
        line.accept(
                "fitted network",
                "latency %.1f us, %,.0f MB/s".formatted(network[0] * 1e6, network[1] / 1e6));

        SyntheticTraining training = new SyntheticTraining(own, Sizes.of(own), backend);
        double gradients = 4.0 * training.model().parameterCount();
        double alone = step(training, new DataParallel(Communicator.single()));
        double behind = step(training, new DataParallel(over, Long.MAX_VALUE));
        double beside = step(training, new DataParallel(over));
        ScalingModel model =
                new ScalingModel(
                        alone, gradients, DataParallel.BUCKET_BYTES, network[0], network[1]);
        line.accept("gradients", "%,.0f kB".formatted(gradients / 1024));
        line.accept("step without exchange", ms(alone));
        line.accept(
                "exchange behind it",
                ms(behind) + ", the model says " + ms(model.stepBehind(over.size())));
        line.accept(
                "exchange beside it",
                ms(beside) + ", the model says " + ms(model.stepBeside(over.size())));
        for (int n : new int[] {2, 4, 8, 16, 32, 64, 128, 256, 512}) {
            double step = model.stepBeside(n);
            line.accept(
                    "model, %d ranks".formatted(n),
                    "%s, exchanges %s, %.0f %% of n times the speed"
                            .formatted(ms(step), ms(model.exchanges(n)), 100 * alone / step));
        }
    }

    private static String ms(double seconds) {
        return seconds < 0.01
                ? "%.2f ms".formatted(seconds * 1000)
                : "%,.0f ms".formatted(seconds * 1000);
    }

    private double exchange(Communicator over, Backend backend, int bytes) {
        Tensor values = Tensor.zeros(backend, DType.FLOAT32, Shape.of(bytes / Float.BYTES));
        return median(
                over,
                () -> {
                    over.allReduce(List.of(values)).await();
                    // What a GPU was given is done when it can be read.
                    if (values.buffer() instanceof DeviceBuffer) {
                        values.toFloats();
                    }
                });
    }

    private double step(SyntheticTraining training, DataParallel over) {
        training.over(over, 1);
        return median(ranks, training::train);
    }

    /// The median of what the slowest rank took.
    private double median(Communicator over, Runnable work) {
        double[] times = new double[steps];
        for (int i = -(steps + 1) / 2; i < steps; i++) {
            over.barrier();
            long began = System.nanoTime();
            work.run();
            double took = (System.nanoTime() - began) / 1e9;
            double[] all = new double[over.size()];
            all[over.rank()] = took;
            double slowest = Arrays.stream(over.sum(all)).max().orElse(took);
            times[Math.max(i, 0)] = slowest; // What warms up is written over.
        }
        Arrays.sort(times);
        return (times[(steps - 1) / 2] + times[steps / 2]) / 2;
    }
}
