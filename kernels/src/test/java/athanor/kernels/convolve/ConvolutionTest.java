package athanor.kernels.convolve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.kernels.parallel.Parallel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ConvolutionTest {
    private static final int[] CHANNELS = {1, 3, 2, 10, 16, 17, 33, 70, 100};

    /// A geometry with the arrays that its three directions read.
    private record Sample(ConvolutionGeometry geometry, float[] x, float[] w, float[] dy) {
        static Sample of(ConvolutionGeometry g) {
            SplittableRandom random = new SplittableRandom(g.hashCode());
            return new Sample(
                    g,
                    random(random, g.batch() * g.height() * g.width() * g.channels()),
                    random(random, g.filters() * g.filterLength()),
                    random(random, g.outputRows() * g.filters()));
        }

        /// y, dx and dw, one behind the other; arrays hold NaN before they are written.
        float[] all() {
            float[] y = unwritten(dy.length);
            float[] dx = unwritten(x.length);
            float[] dw = unwritten(w.length);
            Convolution.forward(geometry, x, w, y);
            Convolution.inputGradient(geometry, dy, w, dx);
            Convolution.filterGradient(geometry, x, dy, dw);
            return join(y, dx, dw);
        }

        float[] plain() {
            float[] y = unwritten(dy.length);
            float[] dx = unwritten(x.length);
            float[] dw = unwritten(w.length);
            PlainConvolution.forward(geometry, x, w, y);
            PlainConvolution.inputGradient(geometry, dy, w, dx);
            PlainConvolution.filterGradient(geometry, x, dy, dw);
            return join(y, dx, dw);
        }

        private static float[] join(float[] y, float[] dx, float[] dw) {
            float[] joined = Arrays.copyOf(y, y.length + dx.length + dw.length);
            System.arraycopy(dx, 0, joined, y.length, dx.length);
            System.arraycopy(dw, 0, joined, y.length + dx.length, dw.length);
            return joined;
        }
    }

    @Test
    void theThreeDirectionsOfAnyGeometryDoWhatThePlainLoopsDo() {
        for (ConvolutionGeometry g : geometries()) {
            Sample sample = Sample.of(g);
            float[] expected = sample.plain();
            float[] actual = sample.all();
            int longest =
                    Math.max(
                            g.filterLength(),
                            Math.max(
                                    g.outputRows(),
                                    g.filters() * g.filterHeight() * g.filterWidth()));
            float tolerance = 1e-6f * (4 + longest);
            for (int i = 0; i < expected.length; i++) {
                assertThat(actual[i])
                        .as("%s, element %d", g, i)
                        .isCloseTo(expected[i], within(tolerance));
            }
        }
    }

    @Test
    void theBitsAreTheSameOnAnyNumberOfThreads() {
        List<ConvolutionGeometry> geometries =
                List.of(
                        square(8, 17, 20, 33, 3, 1, 1),
                        square(8, 16, 20, 150, 3, 2, 1),
                        square(40, 8, 30, 20, 1, 1, 0),
                        square(3, 5, 530, 138, 3, 1, 1),
                        square(1, 90, 40, 10, 3, 1, 1));
        int threads = Parallel.threads();
        try {
            for (ConvolutionGeometry g : geometries) {
                Sample sample = Sample.of(g);
                Parallel.threads(1);
                float[] one = sample.all();
                Parallel.threads(2);
                assertThat(sample.all()).isEqualTo(one);
                Parallel.threads(3);
                assertThat(sample.all()).isEqualTo(one);
            }
        } finally {
            Parallel.threads(threads);
        }
    }

    @Test
    void anInputThatNoOutputReadsHasNoGradient() {
        ConvolutionGeometry g = square(1, 5, 1, 1, 1, 3, 0);
        float[] dx = unwritten(25);
        Convolution.inputGradient(g, new float[] {1, 1, 1, 1}, new float[] {2}, dx);
        float[] expected = new float[25];
        expected[0] = expected[3] = expected[15] = expected[18] = 2;
        assertThat(dx).isEqualTo(expected);
    }

    @Test
    void anEmptyBatchIsHarmless() {
        ConvolutionGeometry g = square(0, 8, 3, 4, 3, 1, 1);
        Sample sample = Sample.of(g);
        assertThat(sample.all()).isEqualTo(new float[g.filters() * g.filterLength()]);
    }

    private static List<ConvolutionGeometry> geometries() {
        List<ConvolutionGeometry> list =
                new ArrayList<>(
                        List.of(
                                square(3, 7, 3, 64, 3, 1, 1),
                                square(2, 31, 1, 10, 11, 4, 2),
                                square(2, 9, 64, 128, 1, 2, 0),
                                square(1, 40, 64, 3, 3, 1, 1),
                                square(9, 4, 300, 20, 3, 1, 1),
                                square(2, 7, 20, 300, 3, 1, 1),
                                square(30, 13, 17, 33, 3, 1, 1),
                                square(3, 14, 100, 150, 3, 1, 0),
                                square(2, 27, 32, 64, 3, 1, 2),
                                square(60, 4, 64, 64, 3, 1, 1),
                                square(1, 3, 16, 16, 3, 1, 1),
                                square(3, 5, 530, 138, 3, 1, 1),
                                square(2, 4, 256, 256, 3, 1, 1),
                                square(1, 6, 520, 130, 5, 1, 2),
                                square(2, 27, 64, 192, 5, 1, 2),
                                square(3, 7, 17, 33, 5, 1, 2),
                                square(2, 9, 20, 40, 5, 1, 0),
                                square(1, 8, 100, 16, 5, 1, 4)));
        SplittableRandom random = new SplittableRandom(7);
        while (list.size() < 200) {
            int groups = random.nextInt(3) == 0 ? random.nextInt(1, 5) : 1;
            int channels =
                    CHANNELS[random.nextInt(random.nextInt(1, CHANNELS.length + 1))] * groups;
            int filters = CHANNELS[random.nextInt(random.nextInt(1, CHANNELS.length + 1))] * groups;
            if (random.nextInt(10) == 0) {
                groups = channels;
                filters = channels * random.nextInt(1, 3);
            }
            ConvolutionGeometry g =
                    new ConvolutionGeometry(
                            random.nextInt(1, 4),
                            random.nextInt(1, 12),
                            random.nextInt(1, 14),
                            channels,
                            filters,
                            random.nextInt(1, 5),
                            random.nextInt(1, 5),
                            random.nextInt(1, 5),
                            random.nextInt(1, 4),
                            random.nextInt(4),
                            random.nextInt(3),
                            random.nextInt(1, 4),
                            random.nextInt(1, 3),
                            groups);
            boolean fits =
                    g.height() + 2 * g.paddingHeight() > g.dilationHeight() * (g.filterHeight() - 1)
                            && g.width() + 2 * g.paddingWidth()
                                    > g.dilationWidth() * (g.filterWidth() - 1);
            if (fits && g.multiplyAdds() < 1_000_000) {
                list.add(g);
            }
        }
        return list;
    }

    private static ConvolutionGeometry square(
            int batch,
            int side,
            int channels,
            int filters,
            int filterSide,
            int stride,
            int padding) {
        return new ConvolutionGeometry(
                batch,
                side,
                side,
                channels,
                filters,
                filterSide,
                filterSide,
                stride,
                stride,
                padding,
                padding,
                1,
                1,
                1);
    }

    private static float[] unwritten(int length) {
        float[] values = new float[length];
        Arrays.fill(values, Float.NaN);
        return values;
    }

    private static float[] random(SplittableRandom random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }
}
