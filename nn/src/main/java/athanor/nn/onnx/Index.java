package athanor.nn.onnx;

import athanor.engine.Shape;
import java.util.function.ToIntFunction;

/// Which element of an array each element of another comes from.
final class Index {
    private Index() {}

    /// Calls the function with the coordinates of each element of the shape, row by row; the array
    /// it is given is always the same one.
    static int[] of(Shape shape, ToIntFunction<int[]> source) {
        int[] index = new int[shape.size()];
        int[] at = new int[shape.rank()];
        for (int i = 0; i < index.length; i++) {
            index[i] = source.applyAsInt(at);
            for (int axis = at.length - 1; axis >= 0; axis--) {
                if (++at[axis] < shape.dim(axis)) {
                    break;
                }
                at[axis] = 0;
            }
        }
        return index;
    }

    /// `offset + sum of at[axis] * strides[axis]`.
    static int[] strided(Shape shape, int offset, int... strides) {
        return of(shape, at -> offset + place(at, strides));
    }

    static int place(int[] at, int... strides) {
        int place = 0;
        for (int axis = 0; axis < at.length; axis++) {
            place += at[axis] * strides[axis];
        }
        return place;
    }
}
