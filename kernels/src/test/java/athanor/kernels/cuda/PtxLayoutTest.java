package athanor.kernels.cuda;

import static athanor.kernels.Samples.floats;
import static athanor.kernels.cuda.Gpu.STREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.kernels.layout.Layout;
import athanor.kernels.layout.Transpose;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PtxLayoutTest {
    private static byte[] bytes(int seed, int n) {
        byte[] x = new byte[n];
        new Random(seed).nextBytes(x);
        return x;
    }

    private static int[] ints(int seed, int n) {
        return new Random(seed).ints(n).toArray();
    }

    @Test
    void transpose_moves_every_element_to_its_place() {
        int[][][] cases = {
            {{1}, {0}},
            {{7, 3}, {1, 0}},
            {{33, 65}, {1, 0}},
            {{100, 64}, {1, 0}},
            {{1, 257}, {1, 0}},
            {{3, 10, 17}, {0, 2, 1}},
            {{2, 5, 7, 3}, {0, 3, 1, 2}},
            {{2, 3, 33, 40}, {0, 2, 3, 1}},
            {{2, 64, 33}, {0, 2, 1}},
            {{3, 10, 17}, {2, 1, 0}},
            {{3, 10, 17}, {1, 0, 2}},
            {{2, 3, 2, 3, 5}, {4, 2, 0, 3, 1}},
            {{2, 3, 2, 3, 2, 5}, {5, 3, 1, 4, 2, 0}},
            {{0, 3}, {1, 0}}
        };
        for (int[][] c : cases) {
            int n = PtxElementwise.size(c[0]);
            int[] x = ints(n, n);
            int[] wanted = new int[n];
            Transpose.run(x, c[0], c[1], wanted);
            Gpu.assertSame(
                    Gpu.run(
                            gpu -> {
                                long y = gpu.room(n);
                                new PtxLayout(gpu.ptx())
                                        .transpose(STREAM, 4, gpu.of(x), c[0], c[1], y);
                                return gpu.ints(y, n);
                            }),
                    wanted);
            byte[] small = bytes(n, n);
            byte[] smallWanted = new byte[n];
            Transpose.run(small, c[0], c[1], smallWanted);
            byte[] smallResult =
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.room(n);
                                new PtxLayout(gpu.ptx())
                                        .transpose(STREAM, 1, gpu.of(small), c[0], c[1], y);
                                return gpu.bytes(y, n);
                            });
            assertThat(smallResult).isEqualTo(smallWanted);
        }
    }

    @Test
    void elements_of_2_bytes_move_as_two_of_1() {
        int[] lengths = {3, 10, 17};
        byte[] x = bytes(1, 2 * 510);
        int[] index = {2, 0, 16};
        for (int width : new int[] {1, 2, 3, 8, 30}) {
            byte[] rows =
                    Gpu.runStrided(
                            gpu -> {
                                long to = gpu.room(2 * 3 * width);
                                new PtxLayout(gpu.ptx())
                                        .gather(
                                                STREAM,
                                                2,
                                                gpu.of(x),
                                                width,
                                                gpu.of(index),
                                                index.length,
                                                to);
                                return gpu.bytes(to, 2 * 3 * width);
                            });
            for (int i = 0; i < rows.length; i++) {
                int from = index[i / (2 * width)] * 2 * width + i % (2 * width);
                assertThat(rows[i]).isEqualTo(x[from]);
            }
        }
        byte[] y =
                Gpu.runStrided(
                        gpu -> {
                            long to = gpu.room(2 * 510);
                            new PtxLayout(gpu.ptx())
                                    .transpose(
                                            STREAM, 2, gpu.of(x), lengths, new int[] {2, 0, 1}, to);
                            return gpu.bytes(to, 2 * 510);
                        });
        for (int i = 0; i < 510; i++) {
            int from = i / 30 + i % 30 * 17;
            assertThat(y[2 * i]).isEqualTo(x[2 * from]);
            assertThat(y[2 * i + 1]).isEqualTo(x[2 * from + 1]);
        }
    }

    @Test
    void elements_of_8_bytes_move_as_two_of_4() {
        int[] lengths = {3, 10, 17};
        int[] x = ints(1, 2 * 510);
        int[] y =
                Gpu.runStrided(
                        gpu -> {
                            long to = gpu.room(2 * 510);
                            new PtxLayout(gpu.ptx())
                                    .transpose(
                                            STREAM, 8, gpu.of(x), lengths, new int[] {2, 0, 1}, to);
                            return gpu.ints(to, 2 * 510);
                        });
        for (int i = 0; i < 510; i++) {
            int from = i / 30 + i % 30 * 17;
            assertThat(y[2 * i]).isEqualTo(x[2 * from]);
            assertThat(y[2 * i + 1]).isEqualTo(x[2 * from + 1]);
        }
    }

    @Test
    void too_many_axes_are_refused_in_words() {
        int[] lengths = {2, 2, 2, 2, 2, 2, 2};
        assertThatThrownBy(
                        () ->
                                Gpu.run(
                                        gpu -> {
                                            new PtxLayout(gpu.ptx())
                                                    .transpose(
                                                            STREAM,
                                                            4,
                                                            0,
                                                            lengths,
                                                            new int[] {6, 5, 4, 3, 2, 1, 0},
                                                            0);
                                            return 0;
                                        }))
                .hasMessageContaining("transpose: 7 axes");
    }

    @Test
    void a_block_is_copied_and_the_rest_is_left_alone() {
        int[] xShape = {4, 5, 3};
        int[] yShape = {3, 6, 3};
        for (int[][] c :
                new int[][][] {
                    {{1, 2, 0}, {0, 3, 0}, {2, 3, 3}},
                    {{0, 0, 1}, {1, 1, 0}, {2, 4, 2}},
                    {{0, 0, 0}, {0, 0, 0}, {3, 5, 3}},
                    {{3, 4, 2}, {2, 5, 2}, {1, 1, 1}},
                    {{0, 0, 0}, {0, 0, 0}, {0, 5, 3}}
                }) {
            int[] x = ints(1, 60);
            int[] wanted = new int[54];
            Layout.copyBlock(x, xShape, c[0], wanted, yShape, c[1], c[2]);
            Gpu.assertSame(
                    Gpu.run(
                            gpu -> {
                                long y = gpu.of(new int[54]);
                                new PtxLayout(gpu.ptx())
                                        .copyBlock(
                                                STREAM, 4, gpu.of(x), xShape, c[0], y, yShape, c[1],
                                                c[2]);
                                return gpu.ints(y, 54);
                            }),
                    wanted);
        }
    }

    @Test
    void gather_takes_rows_of_any_width() {
        int[] index = {2, 0, 2, 3, 2, 16, 9};
        for (int width : new int[] {1, 3, 4, 10, 16, 17, 33, 64, 257}) {
            int n = index.length * width;
            int[] x = ints(1, 17 * width);
            int[] wanted = new int[n];
            Layout.gather(x, width, index, index.length, wanted);
            Gpu.assertSame(
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.room(n);
                                new PtxLayout(gpu.ptx())
                                        .gather(
                                                STREAM,
                                                4,
                                                gpu.of(x),
                                                width,
                                                gpu.of(index),
                                                index.length,
                                                y);
                                return gpu.ints(y, n);
                            }),
                    wanted);
            byte[] small = bytes(1, 17 * width);
            byte[] smallWanted = new byte[n];
            Layout.gather(small, width, index, index.length, smallWanted);
            byte[] smallResult =
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.room(n);
                                new PtxLayout(gpu.ptx())
                                        .gather(
                                                STREAM,
                                                1,
                                                gpu.of(small),
                                                width,
                                                gpu.of(index),
                                                index.length,
                                                y);
                                return gpu.bytes(y, n);
                            });
            assertThat(smallResult).isEqualTo(smallWanted);
        }
    }

    @Test
    void scatter_add_adds_in_order() {
        for (int width : new int[] {1, 3, 10, 33, 64, 100}) {
            for (int count : new int[] {1, 3, 10, 33, 257}) {
                // Many of the same, or few.
                int rows = count == 257 ? 400 : 17;
                int[] index = new Random(count).ints(count, 0, rows).toArray();
                float[] x = floats(1, count * width);
                float[] start = floats(2, rows * width);
                float[] wanted = start.clone();
                Layout.scatterAdd(x, width, index, count, wanted);
                Gpu.assertSame(
                        Gpu.run(
                                gpu -> {
                                    long y = gpu.of(start);
                                    new PtxLayout(gpu.ptx())
                                            .scatterAdd(
                                                    STREAM,
                                                    gpu.of(x),
                                                    width,
                                                    gpu.of(index),
                                                    count,
                                                    y);
                                    return gpu.floats(y, rows * width);
                                }),
                        wanted);
            }
        }
    }

    @Test
    void one_hot_marks_the_class() {
        for (int classes : new int[] {1, 3, 10, 100}) {
            int[] index = new Random(1).ints(33, -1, classes + 1).toArray();
            float[] wanted = new float[33 * classes];
            Layout.oneHot(index, 33, classes, 0.9f, 0.05f, wanted);
            Gpu.assertSame(
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.room(33 * classes);
                                new PtxLayout(gpu.ptx())
                                        .oneHot(STREAM, gpu.of(index), 33, classes, 0.9f, 0.05f, y);
                                return gpu.floats(y, 33 * classes);
                            }),
                    wanted);
        }
    }
}
