package athanor.kernels.cuda;

import static athanor.kernels.Samples.floats;
import static athanor.kernels.cuda.Gpu.STREAM;

import athanor.kernels.pool.AveragePool;
import athanor.kernels.pool.MaxPool;
import athanor.kernels.pool.PoolGeometry;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PtxPoolsTest {
    private static List<PoolGeometry> geometries(int channels) {
        return List.of(
                PoolGeometry.sliding(2, 7, 7, channels, 2, 2, 0),
                PoolGeometry.sliding(1, 9, 6, channels, 3, 2, 1),
                PoolGeometry.sliding(2, 5, 8, channels, 3, 1, 1),
                PoolGeometry.sliding(1, 6, 6, channels, 1, 3, 0),
                PoolGeometry.sliding(1, 1, 1, channels, 1, 1, 0),
                PoolGeometry.adaptive(2, 7, 5, channels, 3, 2),
                PoolGeometry.adaptive(3, 4, 4, channels, 1, 1),
                PoolGeometry.adaptive(1, 2, 3, channels, 5, 7));
    }

    @Test
    void all_pools_have_the_bits_of_the_cpu() {
        for (int channels : new int[] {1, 3, 10, 17, 64}) {
            for (PoolGeometry g : geometries(channels)) {
                check(g);
            }
        }
    }

    private static void check(PoolGeometry g) {
        int inputs = g.batch() * g.height() * g.width() * g.channels();
        int outputs = g.batch() * g.outputHeight() * g.outputWidth() * g.channels();
        float[] x = floats(1, inputs);
        Random random = new Random(g.channels());
        for (int i = 0; i < inputs; i++) {
            // Equals, and now and then a NaN or the lowest.
            x[i] = Math.round(2 * x[i]);
            int kind = random.nextInt(30);
            x[i] = kind == 0 ? Float.NaN : kind == 1 ? Float.NEGATIVE_INFINITY : x[i];
        }
        float[] dy = floats(2, outputs);
        float[] y = new float[outputs];
        int[] index = new int[outputs];
        float[] dx = new float[inputs];
        MaxPool.forward(g, x, y, index);
        MaxPool.gradient(g, dy, index, dx);
        Gpu.assertSame(
                Gpu.runStrided(
                        gpu -> {
                            long to = gpu.room(outputs);
                            new PtxPools(gpu.ptx())
                                    .maxPool(
                                            STREAM,
                                            g,
                                            gpu.of(g.windows()),
                                            gpu.of(x),
                                            to,
                                            gpu.room(outputs));
                            return gpu.floats(to, outputs);
                        }),
                y);
        Gpu.assertSame(
                Gpu.runStrided(
                        gpu -> {
                            long to = gpu.room(outputs);
                            new PtxPools(gpu.ptx())
                                    .maxPool(
                                            STREAM,
                                            g,
                                            gpu.of(g.windows()),
                                            gpu.of(x),
                                            gpu.room(outputs),
                                            to);
                            return gpu.ints(to, outputs);
                        }),
                index);
        Gpu.assertSame(
                Gpu.runStrided(
                        gpu -> {
                            long to = gpu.room(inputs);
                            new PtxPools(gpu.ptx())
                                    .maxPoolGradient(
                                            STREAM,
                                            g,
                                            gpu.of(g.windows()),
                                            gpu.of(dy),
                                            gpu.of(index),
                                            to);
                            return gpu.floats(to, inputs);
                        }),
                dx);
        AveragePool.forward(g, x, y);
        AveragePool.gradient(g, dy, dx);
        Gpu.assertSame(
                Gpu.runStrided(
                        gpu -> {
                            long to = gpu.room(outputs);
                            new PtxPools(gpu.ptx())
                                    .averagePool(STREAM, g, gpu.of(g.windows()), gpu.of(x), to);
                            return gpu.floats(to, outputs);
                        }),
                y);
        Gpu.assertSame(
                Gpu.runStrided(
                        gpu -> {
                            long to = gpu.room(inputs);
                            new PtxPools(gpu.ptx())
                                    .averagePoolGradient(
                                            STREAM, g, gpu.of(g.windows()), gpu.of(dy), to);
                            return gpu.floats(to, inputs);
                        }),
                dx);
    }
}
