package athanor.bench;

import athanor.engine.Buffer;
import athanor.engine.DType;
import athanor.engine.Shape;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// Elements that only change their place: channels last to channels first and back, a border of
/// zeros around images, images picked for a batch, and bytes that become floats.
public class LayoutBenchmark extends KernelBenchmark {
    private static final int[] LAST_TO_FIRST = {0, 3, 1, 2};
    private static final int[] FIRST_TO_LAST = {0, 2, 3, 1};
    private static final int[] CORNER = {0, 0, 0, 0};
    private static final int[] INSIDE = {0, 1, 1, 0};

    /// images x height x width x channels.
    @Param({"128x32x32x3", "16x32x32x256", "128x4x4x2048"})
    public String size = "";

    @Param({"channelsFirst", "channelsLast", "pad", "gather", "fromBytes"})
    public String move = "";

    @Setup(Level.Trial)
    public void prepare() {
        int[] d = numbers(size, 4);
        Shape last = Shape.of(d);
        Shape first = Shape.of(d[0], d[3], d[1], d[2]);
        Shape padded = Shape.of(d[0], d[1] + 2, d[2] + 2, d[3]);
        int n = last.size();
        int image = n / d[0];
        switch (move) {
            case "channelsFirst" ->
                    prepare(
                            2.0 * n,
                            (backend, x) -> backend.transpose(x[0], last, LAST_TO_FIRST, x[1]),
                            n,
                            n);
            case "channelsLast" ->
                    prepare(
                            2.0 * n,
                            (backend, x) -> backend.transpose(x[0], first, FIRST_TO_LAST, x[1]),
                            n,
                            n);
            case "pad" ->
                    prepare(
                            n + 1.0 * padded.size(),
                            (backend, x) -> {
                                backend.fill(x[1], padded.size(), 0);
                                backend.copyBlock(x[0], last, CORNER, x[1], padded, INSIDE, last);
                            },
                            n,
                            padded.size());
            case "gather" ->
                    prepare(
                            2.0 * n + d[0],
                            (backend, x) -> x[1] = numbers(backend, d[0], d[0]),
                            (backend, x) -> backend.gather(x[0], image, x[1], d[0], x[2]),
                            n,
                            d[0],
                            n);
            case "fromBytes" ->
                    prepare(
                            1.25 * n,
                            (backend, x) -> {
                                Buffer bytes = backend.allocate(DType.UINT8, n);
                                backend.cast(x[0], bytes, n);
                                x[0] = bytes;
                            },
                            (backend, x) -> backend.cast(x[0], x[1], n),
                            n,
                            n);
            default -> throw unknown("move", move);
        }
    }

    @Benchmark
    public void move(Traffic done) {
        run(done);
    }
}
