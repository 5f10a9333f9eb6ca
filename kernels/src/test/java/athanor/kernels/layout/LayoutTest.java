package athanor.kernels.layout;

import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LayoutTest {
    @Test
    void transpose_moves_every_element_to_its_place() {
        int[][] shapes = {
            {},
            {5},
            {7, 3},
            {100, 64},
            {33, 65},
            {2, 35, 3},
            {3, 8, 9, 17},
            {2, 1, 3, 4},
            {2, 3, 2, 3, 5},
            {0, 4}
        };
        for (int[] shape : shapes) {
            for (int[] permutation : permutations(shape.length)) {
                transpose(shape, permutation);
            }
        }
    }

    private static void transpose(int[] shape, int[] permutation) {
        int rank = shape.length;
        int[] strides = strides(shape);
        int[] lengths = new int[rank];
        int size = 1;
        for (int i = 0; i < rank; i++) {
            lengths[i] = shape[permutation[i]];
            size *= shape[i];
        }
        int n = size;
        float[] x = floats(1, n);
        float[] wanted = new float[n];
        for (int i = 0; i < n; i++) {
            int from = 0;
            int rest = i;
            for (int j = rank - 1; j >= 0; j--) {
                from += rest % lengths[j] * strides[permutation[j]];
                rest /= lengths[j];
            }
            wanted[i] = x[from];
        }
        assertThat(
                        onAnyThreads(
                                () -> {
                                    float[] y = new float[n];
                                    Transpose.run(x, shape, permutation, y);
                                    return y;
                                }))
                .isEqualTo(wanted);
    }

    @Test
    void transpose_takes_any_type() {
        double[] doubles = new double[6];
        Transpose.run(new double[] {0, 1, 2, 3, 4, 5}, new int[] {2, 3}, new int[] {1, 0}, doubles);
        assertThat(doubles).containsExactly(0, 3, 1, 4, 2, 5);
        int[] ints = new int[6];
        Transpose.run(new int[] {0, 1, 2, 3, 4, 5}, new int[] {2, 3}, new int[] {1, 0}, ints);
        assertThat(ints).containsExactly(0, 3, 1, 4, 2, 5);
        short[] shorts = new short[6];
        Transpose.run(new short[] {0, 1, 2, 3, 4, 5}, new int[] {2, 3}, new int[] {1, 0}, shorts);
        assertThat(shorts).containsExactly(new int[] {0, 3, 1, 4, 2, 5});
        byte[] bytes = new byte[6];
        Transpose.run(new byte[] {0, 1, 2, 3, 4, 5}, new int[] {2, 3}, new int[] {1, 0}, bytes);
        assertThat(bytes).containsExactly(0, 3, 1, 4, 2, 5);
    }

    private static List<int[]> permutations(int rank) {
        List<int[]> result = new ArrayList<>();
        result.add(new int[0]);
        for (int length = 1; length <= rank; length++) {
            List<int[]> longer = new ArrayList<>();
            for (int[] shorter : result) {
                for (int at = 0; at < length; at++) {
                    int[] permutation = new int[length];
                    System.arraycopy(shorter, 0, permutation, 0, at);
                    permutation[at] = length - 1;
                    System.arraycopy(shorter, at, permutation, at + 1, length - 1 - at);
                    longer.add(permutation);
                }
            }
            result = longer;
        }
        return result;
    }

    private static int[] strides(int[] shape) {
        int[] strides = new int[shape.length];
        int stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= shape[i];
        }
        return strides;
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
            float[] x = floats(1, 60);
            float[] y = new float[54];
            float[] wanted = new float[54];
            for (int i = 0; i < c[2][0]; i++) {
                for (int j = 0; j < c[2][1]; j++) {
                    for (int k = 0; k < c[2][2]; k++) {
                        int from = ((c[0][0] + i) * 5 + c[0][1] + j) * 3 + c[0][2] + k;
                        wanted[((c[1][0] + i) * 6 + c[1][1] + j) * 3 + c[1][2] + k] = x[from];
                    }
                }
            }
            Layout.copyBlock(x, xShape, c[0], y, yShape, c[1], c[2]);
            assertThat(y).isEqualTo(wanted);
        }
    }

    @Test
    void a_whole_array_is_one_block() {
        float[] y = new float[1];
        Layout.copyBlock(
                new float[] {3}, new int[0], new int[0], y, new int[0], new int[0], new int[0]);
        assertThat(y).containsExactly(3);
        int[] z = new int[3];
        Layout.copyBlock(
                new int[] {1, 2, 3},
                new int[] {3},
                new int[1],
                z,
                new int[] {3},
                new int[1],
                new int[] {3});
        assertThat(z).containsExactly(1, 2, 3);
    }

    @Test
    void gather_and_scatter_add_are_each_others_transpose() {
        int[] index = {2, 0, 2, 3, 2};
        for (int width : new int[] {1, 3, 17, 200, 5000}) {
            float[] x = floats(1, 4 * width);
            float[] rows = new float[5 * width];
            Layout.gather(x, width, index, 5, rows);
            float[] y =
                    onAnyThreads(
                            () -> {
                                float[] sums = new float[4 * width];
                                Layout.scatterAdd(rows, width, index, 5, sums);
                                return sums;
                            });
            for (int j = 0; j < width; j++) {
                assertThat(rows[3 * width + j]).isEqualTo(x[3 * width + j]);
                assertThat(y[j]).isEqualTo(x[j]);
                assertThat(y[width + j]).isZero();
                assertThat(y[2 * width + j])
                        .isEqualTo(x[2 * width + j] + x[2 * width + j] + x[2 * width + j]);
            }
        }
    }

    @Test
    void one_hot_marks_the_class() {
        float[] y = new float[6];
        Layout.oneHot(new int[] {2, 0}, 2, 3, 0.9f, 0.05f, y);
        assertThat(y).containsExactly(0.05f, 0.05f, 0.9f, 0.9f, 0.05f, 0.05f);
    }
}
