package athanor.nn;

import athanor.engine.Shape;
import java.util.List;
import java.util.Map;

/// A pool with a given number of windows in ONNX, which has it for one window alone.
final class AdaptivePool {
    private AdaptivePool() {}

    /// Windows of equal size where the image's is a multiple of their number; of others the means
    /// are a product with a matrix on each side.
    ///
    /// @param kind Average or Max
    static String writeTo(
            GraphWriter graph, String kind, String x, Shape image, int height, int width) {
        int h = image.dim(1);
        int w = image.dim(2);
        if (height == 1 && width == 1) {
            return graph.add("Global" + kind + "Pool", x);
        }
        if (h == height && w == width) {
            return x;
        }
        if (h % height == 0 && w % width == 0) {
            int[] window = {h / height, w / width};
            return graph.add(
                    kind + "Pool", List.of(x), Map.of("kernel_shape", window, "strides", window));
        }
        if (!kind.equals("Average")) {
            throw new UnsupportedOperationException(
                    "an adaptive max pool of %d x %d on images of %d x %d cannot be exported to ONNX; use images whose size it divides"
                            .formatted(height, width, h, w));
        }
        String rows = graph.constant(Shape.of(height, h), means(height, h, false));
        String columns = graph.constant(Shape.of(w, width), means(width, w, true));
        return graph.add("MatMul", graph.add("MatMul", rows, x), columns);
    }

    /// `[count, size]`, or transposed: row i takes the mean of window i.
    private static float[] means(int count, int size, boolean transposed) {
        float[] matrix = new float[count * size];
        for (int i = 0; i < count; i++) {
            int start = i * size / count;
            int end = Math.ceilDiv((i + 1) * size, count);
            for (int j = start; j < end; j++) {
                matrix[transposed ? j * count + i : i * size + j] = 1f / (end - start);
            }
        }
        return matrix;
    }
}
