package athanor.kernels.cuda.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;

/// The kernels of kernels.cu, each with data and what plain Java makes of it.
@SuppressWarnings("ImmutableEnumChecker")
enum CompiledKernels {
    VECTOR_ADD("vectorAdd", CompiledKernels::vectorAdd),
    SAXPY4("saxpy4", CompiledKernels::saxpy4),
    TRANSPOSE("transpose", CompiledKernels::transpose),
    BLOCK_REDUCE("blockReduce", gpu -> reduce(gpu, "blockReduce", 0)),
    TREE_REDUCE("treeReduce", gpu -> reduce(gpu, "treeReduce", 1024)),
    SOFTMAX(
            "softmaxRows",
            gpu -> {
                softmax(gpu, 300);
                softmax(gpu, 100);
            }),
    WELFORD("welford", CompiledKernels::welford),
    HISTOGRAM("histogram", CompiledKernels::histogram),
    CONVOLVE("convolve3x3", CompiledKernels::convolve),
    SCAN("scan", CompiledKernels::scan),
    FUNCTIONS("functions", CompiledKernels::functions),
    HALF("toHalfAndBack", CompiledKernels::half),
    DOUBLES("doubles", CompiledKernels::doubles),
    ARGMAX(
            "argmaxRows",
            gpu -> {
                argmax(gpu, 400);
                argmax(gpu, 100);
            }),
    COMPACT("compact", CompiledKernels::compact),
    TABLE("table", CompiledKernels::table);

    static final String TEXT = text();

    final String kernel;
    private final Consumer<Gpu> test;

    CompiledKernels(String kernel, Consumer<Gpu> test) {
        this.kernel = kernel;
        this.test = test;
    }

    /// Runs the kernel and compares its results.
    Gpu check(PtxModule module, long seed) {
        Gpu gpu = new Gpu(module, seed);
        test.accept(gpu);
        return gpu;
    }

    private static String text() {
        try (InputStream in = CompiledKernels.class.getResourceAsStream("kernels.ptx")) {
            assertThat(in).isNotNull();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static float[] random(int n) {
        Random random = new Random(n);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = random.nextFloat() * 4 - 2;
        }
        return x;
    }

    private static void vectorAdd(Gpu gpu) {
        int n = 1000;
        float[] a = random(n);
        float[] b = random(n + 1);
        long y = gpu.fresh(4 * n);
        gpu.run("vectorAdd", Dim3.of(4), Dim3.of(256), 0, gpu.on(a), gpu.on(b), y, n);
        float[] found = gpu.floats(y, n);
        for (int i = 0; i < n; i++) {
            assertThat(found[i]).isEqualTo(a[i] + b[i]);
        }
    }

    private static void saxpy4(Gpu gpu) {
        int n = 300;
        float[] x = random(n);
        float[] y = random(n + 1);
        long at = gpu.on(Arrays.copyOf(y, n));
        gpu.run("saxpy4", Dim3.of(2), Dim3.of(64), 0, 1.7f, gpu.on(x), at, n / 4);
        float[] found = gpu.floats(at, n);
        for (int i = 0; i < n; i++) {
            assertThat(found[i]).isEqualTo(Math.fma(1.7f, x[i], y[i]));
        }
    }

    private static void transpose(Gpu gpu) {
        int rows = 70;
        int columns = 45;
        float[] x = random(rows * columns);
        long y = gpu.fresh(4 * rows * columns);
        gpu.run("transpose", Dim3.of(2, 3), Dim3.of(32, 8), 0, gpu.on(x), y, rows, columns);
        float[] found = gpu.floats(y, rows * columns);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).isEqualTo(x[i % rows * columns + i / rows]);
        }
    }

    private static void reduce(Gpu gpu, String kernel, int sharedBytes) {
        int n = 700;
        float[] x = random(n);
        long sums = gpu.fresh(12);
        gpu.run(kernel, Dim3.of(3), Dim3.of(256), sharedBytes, gpu.on(x), sums, n);
        float[] found = gpu.floats(sums, 3);
        for (int block = 0; block < 3; block++) {
            double sum = 0;
            for (int i = block * 256; i < Math.min(n, block * 256 + 256); i++) {
                sum += x[i];
            }
            assertThat((double) found[block]).isCloseTo(sum, within(1e-4));
        }
    }

    private static void softmax(Gpu gpu, int columns) {
        int rows = 5;
        float[] x = random(rows * columns);
        long y = gpu.fresh(4 * x.length);
        gpu.run("softmaxRows", Dim3.of(rows), Dim3.of(128), 0, gpu.on(x), y, columns);
        float[] found = gpu.floats(y, x.length);
        for (int row = 0; row < rows; row++) {
            double sum = 0;
            for (int i = 0; i < columns; i++) {
                sum += Math.exp(x[row * columns + i]);
            }
            for (int i = row * columns; i < (row + 1) * columns; i++) {
                assertThat((double) found[i]).isCloseTo(Math.exp(x[i]) / sum, within(1e-8));
            }
        }
    }

    private static void welford(Gpu gpu) {
        int n = 1001;
        float[] x = random(3 * n);
        long mean = gpu.fresh(12);
        long variance = gpu.fresh(12);
        gpu.run("welford", Dim3.of(3), Dim3.of(256), 0, gpu.on(x), mean, variance, n);
        for (int row = 0; row < 3; row++) {
            double sum = 0;
            double squares = 0;
            for (int i = row * n; i < (row + 1) * n; i++) {
                sum += x[i];
                squares += (double) x[i] * x[i];
            }
            double average = sum / n;
            assertThat((double) gpu.floats(mean, 3)[row]).isCloseTo(average, within(1e-6));
            assertThat((double) gpu.floats(variance, 3)[row])
                    .isCloseTo(squares / n - average * average, within(1e-5));
        }
    }

    private static void histogram(Gpu gpu) {
        byte[] x = new byte[5000];
        new Random(1).nextBytes(x);
        int[] bins = new int[256];
        for (byte b : x) {
            bins[b & 255]++;
        }
        long counts = gpu.on(new int[256]);
        gpu.run("histogram", Dim3.of(3), Dim3.of(128), 0, gpu.on(x), counts, x.length);
        assertThat(gpu.ints(counts, 256)).isEqualTo(bins);
    }

    private static void convolve(Gpu gpu) {
        int height = 13;
        int width = 21;
        float[] x = random(height * width);
        int[] filter = {1, 2, 1};
        long y = gpu.fresh(4 * x.length);
        gpu.run("convolve3x3", Dim3.of(2, 2), Dim3.of(16, 8), 0, gpu.on(x), y, height, width);
        float[] found = gpu.floats(y, x.length);
        for (int i = 0; i < x.length; i++) {
            double sum = 0;
            for (int r = Math.max(0, i / width - 1);
                    r <= Math.min(height - 1, i / width + 1);
                    r++) {
                for (int c = Math.max(0, i % width - 1);
                        c <= Math.min(width - 1, i % width + 1);
                        c++) {
                    sum += x[r * width + c] * filter[r - i / width + 1] * filter[c - i % width + 1];
                }
            }
            assertThat((double) found[i]).isCloseTo(sum, within(1e-5));
        }
    }

    private static void scan(Gpu gpu) {
        int[] x = new Random(2).ints(512, -1000, 1000).toArray();
        long y = gpu.fresh(4 * x.length);
        gpu.run("scan", Dim3.of(2), Dim3.of(256), 0, gpu.on(x), y);
        int[] wanted = x.clone();
        for (int i = 1; i < x.length; i++) {
            wanted[i] += i == 256 ? 0 : wanted[i - 1];
        }
        assertThat(gpu.ints(y, x.length)).isEqualTo(wanted);
    }

    private static void functions(Gpu gpu) {
        int n = 500;
        float[] x = random(n);
        for (int i = 0; i < n; i++) {
            x[i] = Math.abs(x[i]) * 5 + 1e-3f;
        }
        long y = gpu.fresh(32 * n);
        gpu.run("functions", Dim3.of(2), Dim3.of(256), 0, gpu.on(x), y, n);
        float[] found = gpu.floats(y, 8 * n);
        for (int i = 0; i < n; i++) {
            double v = x[i];
            double[] wanted = {
                Math.tanh(v),
                1 / Math.sqrt(v),
                v / 3.7f,
                Math.sin(x[i] * 50000f),
                Math.log(v),
                Math.pow(v, 2.5),
                Math.sqrt(v)
            };
            for (int k = 0; k < wanted.length; k++) {
                assertThat((double) found[k * n + i])
                        .as("function %d of %s", k, v)
                        .isCloseTo(wanted[k], within(Math.abs(wanted[k]) * 4e-7 + 1e-7));
            }
            assertThat((double) found[7 * n + i]).isCloseTo(erf(v), within(1e-6));
        }
    }

    /// By its series, or where that loses digits, 1.
    private static double erf(double x) {
        if (x > 5) {
            return 1;
        }
        double term = x;
        double sum = x;
        for (int k = 1; k < 200; k++) {
            term *= -x * x / k;
            sum += term / (2 * k + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }

    private static void half(Gpu gpu) {
        int n = 300;
        float[] x = random(n);
        x[0] = 65_519;
        x[1] = 65_520;
        x[2] = 3e-8f;
        x[3] = 2.9e-8f;
        x[4] = Float.NEGATIVE_INFINITY;
        long h = gpu.fresh(2 * n);
        long y = gpu.fresh(4 * n);
        gpu.run("toHalfAndBack", Dim3.of(2), Dim3.of(256), 0, gpu.on(x), h, y, n);
        float[] found = gpu.floats(y, n);
        for (int i = 0; i < n; i++) {
            assertThat(found[i]).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(x[i])));
        }
    }

    private static void doubles(Gpu gpu) {
        int n = 200;
        double[] x = new Random(3).doubles(n, -20, 20).toArray();
        long y = gpu.fresh(8 * n);
        long whole = gpu.fresh(8 * n);
        gpu.run("doubles", Dim3.of(1), Dim3.of(256), 0, gpu.on(x), y, whole, n);
        for (int i = 0; i < n; i++) {
            double wanted = Math.exp(x[i]) / (1 + x[i] * x[i]);
            assertThat(gpu.doubles(y, n)[i]).isCloseTo(wanted, within(wanted * 1e-14));
            assertThat(gpu.longs(whole, n)[i]).isEqualTo((long) Math.rint(x[i] * 1e6) % 1000003);
        }
    }

    private static void argmax(Gpu gpu, int columns) {
        int rows = 3;
        float[] x = random(rows * columns);
        x[2 * columns + 5] = 3;
        x[2 * columns + 90] = 3;
        long y = gpu.fresh(4 * rows);
        gpu.run("argmaxRows", Dim3.of(rows), Dim3.of(128), 0, gpu.on(x), y, columns);
        for (int row = 0; row < rows; row++) {
            int best = 0;
            for (int i = 1; i < columns; i++) {
                best = x[row * columns + i] > x[row * columns + best] ? i : best;
            }
            assertThat(gpu.ints(y, rows)[row]).isEqualTo(best);
        }
    }

    private static void compact(Gpu gpu) {
        int[] x = new Random(4).ints(128, -5, 5).toArray();
        long y = gpu.on(new int[128]);
        long counts = gpu.fresh(16);
        gpu.run("compact", Dim3.of(2), Dim3.of(64), 0, gpu.on(x), y, counts);
        int[] wanted = new int[128];
        int[] kept = new int[4];
        for (int i = 0; i < 128; i++) {
            if (x[i] > 0) {
                wanted[i / 32 * 32 + kept[i / 32]++] = x[i];
            }
        }
        for (int warp = 0; warp < 4; warp++) {
            kept[warp] += x[32 * warp] < 0 ? 100 : 0;
        }
        assertThat(gpu.ints(y, 128)).isEqualTo(wanted);
        assertThat(gpu.ints(counts, 4)).isEqualTo(kept);
    }

    private static void table(Gpu gpu) {
        int[] x = new Random(5).ints(100).toArray();
        long y = gpu.fresh(400);
        gpu.run("table", Dim3.of(2), Dim3.of(64), 0, gpu.on(x), y, 100);
        int[] found = gpu.ints(y, 100);
        for (int i = 0; i < 100; i++) {
            int low = x[i] & 15;
            int high = x[i] >> 4 & 15;
            assertThat(found[i]).isEqualTo(low * low + high * high + 2 * i);
        }
    }
}
