package athanor.engine.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.MatrixProduct;
import athanor.engine.Shape;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;
import athanor.kernels.reduce.Reduction;
import org.junit.jupiter.api.Test;

/// What moves, adds and multiplies, against numbers worked out by hand (those of GELU and SiLU come
/// from PyTorch).
class ReferenceElementsTest {
    private final Backend reference = Backend.reference();

    @Test
    void copiesAndFillsOnlyTheLengthAsked() {
        HostBuffer y = HostBuffer.of(new int[] {9, 9, 9});
        reference.copy(HostBuffer.of(new int[] {1, 2, 3}), y, 2);
        assertThat(y.ints()).containsExactly(1, 2, 9);
        reference.fill(y, 1, -4);
        assertThat(y.ints()).containsExactly(-4, 2, 9);
    }

    @Test
    void castsTowardsZeroAndReadsBytesUnsigned() {
        HostBuffer ints = HostBuffer.allocate(DType.INT32, 4);
        reference.cast(HostBuffer.of(-1.9, 1.9, 0.5, -0.5), ints, 4);
        assertThat(ints.ints()).containsExactly(-1, 1, 0, 0);
        HostBuffer floats = HostBuffer.allocate(DType.FLOAT32, 2);
        reference.cast(HostBuffer.of(new byte[] {(byte) 200, 7}), floats, 2);
        assertThat(floats.floats()).containsExactly(200, 7);
        reference.cast(HostBuffer.of(0.1), floats, 1);
        assertThat(floats.floats()).containsExactly(0.1f, 7);
    }

    @Test
    void transposesAnyAxes() {
        HostBuffer x = HostBuffer.of(new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
        HostBuffer y = HostBuffer.allocate(DType.INT32, 12);
        reference.transpose(x, Shape.of(2, 3, 2), new int[] {2, 0, 1}, y);
        assertThat(y.ints()).containsExactly(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11);
        reference.transpose(x, Shape.of(3, 4), new int[] {1, 0}, y);
        assertThat(y.ints()).containsExactly(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
        reference.transpose(HostBuffer.of(new int[] {42}), Shape.SCALAR, new int[0], y);
        assertThat(y.ints()).startsWith(42, 4);
        reference.transpose(x, Shape.of(0, 3), new int[] {1, 0}, y);
        assertThat(y.ints()).startsWith(42, 4);
    }

    @Test
    void copiesABlockAndLeavesTheRestAlone() {
        HostBuffer x = HostBuffer.of(new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
        HostBuffer y = HostBuffer.of(new int[] {-1, -1, -1, -1, -1, -1, -1, -1, -1});
        reference.copyBlock(
                x,
                Shape.of(3, 4),
                new int[] {1, 2},
                y,
                Shape.of(3, 3),
                new int[] {0, 1},
                Shape.of(2, 2));
        assertThat(y.ints()).containsExactly(-1, 6, 7, -1, 10, 11, -1, -1, -1);
    }

    @Test
    void gathersRowsAndScattersThemBack() {
        HostBuffer index = HostBuffer.of(new int[] {2, 0, 2});
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 6);
        reference.gather(HostBuffer.of(1.0, 2, 3, 4, 5, 6), 2, index, 3, y);
        assertThat(y.doubles()).containsExactly(5, 6, 1, 2, 5, 6);
        HostBuffer sums = HostBuffer.of(100.0, 0, 0, 0, 0, 0);
        reference.scatterAdd(y, 2, index, 3, sums);
        assertThat(sums.doubles()).containsExactly(101, 2, 0, 0, 10, 12);
    }

    @Test
    void scattersInTheOrderOfTheIndex() {
        HostBuffer sum = HostBuffer.of(0f);
        HostBuffer index = HostBuffer.of(new int[] {0, 0, 0});
        reference.scatterAdd(HostBuffer.of(0x1p24f, 1f, -0x1p24f), 1, index, 3, sum);
        assertThat(sum.floats())
                .containsExactly(0); // 2^24 + 1 is no float; the other order would give 1
    }

    @Test
    void marksTheLabelOfEachRow() {
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 6);
        reference.oneHot(HostBuffer.of(new int[] {2, 0}), 2, 3, 0.9, 0.05, y);
        assertThat(y.doubles()).containsExactly(0.05, 0.05, 0.9, 0.9, 0.05, 0.05);
    }

    @Test
    void appliesFunctionsOfOneNumberAlsoInPlace() {
        HostBuffer y = HostBuffer.of(-2, 0.5, 3);
        reference.unary(Unary.SQUARE, y, y, 2);
        assertThat(y.doubles()).containsExactly(4, 0.25, 3);
        reference.unary(Unary.RELU, HostBuffer.of(-2, Double.NaN, 3), y, 3);
        assertThat(y.doubles()).containsExactly(0, Double.NaN, 3);
        HostBuffer x = HostBuffer.of(-2, 0.5, 3);
        reference.unary(Unary.GELU, x, y, 3);
        close(y, -0.04540230591222494, 0.34571400982514394, 2.996362607918227);
        reference.unary(Unary.SILU, x, y, 3);
        close(y, -0.2384058440442351, 0.3112296656009273, 2.8577223804672998);
        reference.unary(Unary.SOFTPLUS, x, y, 3);
        close(y, 0.1269280110429725, 0.9740769841801067, 3.048587351573742);
    }

    @Test
    void gradientsOfActivationsAreThoseOfPyTorch() {
        HostBuffer dy = HostBuffer.of(1.0, 2, -1);
        HostBuffer x = HostBuffer.of(-2, 0.5, 3);
        HostBuffer dx = HostBuffer.allocate(DType.FLOAT64, 3);
        Shape shape = Shape.of(3);
        reference.binary(Binary.GELU_GRADIENT, dy, shape, x, shape, dx, shape);
        close(dx, -0.0860992566236183, 1.7347398070692848, -1.0115841666309695);
        reference.binary(Binary.SILU_GRADIENT, dy, shape, x, shape, dx, shape);
        close(dx, -0.09078424878489547, 1.4799223746053038, -1.0881041060151693);
        reference.binary(Binary.RELU_GRADIENT, dy, shape, x, shape, dx, shape);
        close(dx, 0, 2, -1);
    }

    @Test
    void stretchesBothOperands() {
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 6);
        Shape column = Shape.of(2, 1);
        Shape row = Shape.of(3);
        reference.binary(
                Binary.SUBTRACT,
                HostBuffer.of(10.0, 20),
                column,
                HostBuffer.of(1.0, 2, 3),
                row,
                y,
                Shape.of(2, 3));
        assertThat(y.doubles()).containsExactly(9, 8, 7, 19, 18, 17);
        reference.binary(Binary.POWER, y, row, HostBuffer.of(2.0), Shape.SCALAR, y, row);
        assertThat(y.doubles()).containsExactly(81, 64, 49, 19, 18, 17);
    }

    @Test
    void roundsOnlyWhatItStores() {
        HostBuffer y = HostBuffer.allocate(DType.FLOAT32, 1);
        HostBuffer x = HostBuffer.of(0x1p24f, 1f, 1f);
        reference.reduce(Reduction.SUM, x, Shape.of(3), new boolean[] {true}, y);
        assertThat(y.floats()).containsExactly(0x1p24f + 2); // a float sum would stay at 2^24
    }

    @Test
    void selectsByTheCondition() {
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 3);
        HostBuffer condition = HostBuffer.of(new int[] {0, 1, -1});
        reference.select(condition, HostBuffer.of(1.0, 2, 3), HostBuffer.of(10.0, 20, 30), y, 3);
        assertThat(y.doubles()).containsExactly(10, 2, 3);
    }

    @Test
    void reducesAnyAxes() {
        HostBuffer x = HostBuffer.of(1.0, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6);
        Shape shape = Shape.of(2, 3, 2);
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 4);
        reference.reduce(Reduction.SUM, x, shape, new boolean[] {false, true, false}, y);
        assertThat(y.doubles()).containsExactly(9, 12, -9, -12);
        reference.reduce(Reduction.MAXIMUM, x, shape, new boolean[] {true, false, true}, y);
        assertThat(y.doubles()).containsExactly(2, 4, 6, -12);
        reference.reduce(Reduction.MINIMUM, x, shape, new boolean[] {true, true, true}, y);
        assertThat(y.doubles()).containsExactly(-6, 4, 6, -12);
        reference.reduce(Reduction.SUM, x, Shape.of(2, 0), new boolean[] {false, true}, y);
        assertThat(y.doubles()).containsExactly(0, 0, 6, -12);
    }

    @Test
    void argmaxIsTheFirstOfEqualsAndNaNIsLargest() {
        HostBuffer y = HostBuffer.allocate(DType.INT32, 4);
        reference.argmax(
                HostBuffer.of(1.0, 5, 3, 5, 3, 2, /**/ 0, Double.NaN, 7, 1, 7, Double.NaN),
                2,
                3,
                2,
                y);
        assertThat(y.ints()).containsExactly(1, 0, 1, 0);
    }

    @Test
    void multipliesMatricesThatLieEitherWay() {
        // [1 2 3; 4 5 6] [1 0; 2 1; 0 -1] = [5 -1; 14 -1]
        HostBuffer a = HostBuffer.of(1.0, 2, 3, 4, 5, 6);
        HostBuffer aTransposed = HostBuffer.of(1.0, 4, 2, 5, 3, 6);
        HostBuffer b = HostBuffer.of(1.0, 0, 2, 1, 0, -1);
        HostBuffer bTransposed = HostBuffer.of(1.0, 2, 0, 0, 1, -1);
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                HostBuffer y = HostBuffer.of(100.0, 100, 100, 100);
                HostBuffer left = transposeA ? aTransposed : a;
                HostBuffer right = transposeB ? bTransposed : b;
                reference.matmul(
                        new MatrixProduct(1, 2, 2, 3, transposeA, transposeB, 0, 0, false),
                        left,
                        right,
                        y);
                assertThat(y.doubles()).containsExactly(5, -1, 14, -1);
                reference.matmul(
                        new MatrixProduct(1, 2, 2, 3, transposeA, transposeB, 0, 0, true),
                        left,
                        right,
                        y);
                assertThat(y.doubles()).containsExactly(10, -2, 28, -2);
            }
        }
    }

    @Test
    void multipliesABatchAndRepeatsAMatrixOfStrideZero() {
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 4);
        HostBuffer a = HostBuffer.of(1.0, 2, /**/ 3, 4);
        HostBuffer b = HostBuffer.of(1.0, 10, 2, 20);
        reference.matmul(new MatrixProduct(2, 1, 2, 2, false, false, 2, 0, false), a, b, y);
        assertThat(y.doubles()).containsExactly(5, 50, 11, 110);
        reference.matmul(new MatrixProduct(2, 1, 1, 2, false, false, 0, 2, false), a, b, y);
        assertThat(y.doubles()).containsExactly(21, 42, 11, 110);
        reference.matmul(new MatrixProduct(1, 1, 2, 0, false, false, 0, 0, false), a, b, y);
        assertThat(y.doubles()).containsExactly(0, 0, 11, 110);
    }

    private static void close(HostBuffer y, double... expected) {
        assertThat(y.doubles()).containsExactly(expected, within(1e-14));
    }
}
