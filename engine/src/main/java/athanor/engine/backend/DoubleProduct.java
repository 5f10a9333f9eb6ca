package athanor.engine.backend;

import athanor.engine.MatrixProduct;
import java.util.Arrays;
import org.ojalgo.matrix.store.MatrixStore;
import org.ojalgo.matrix.store.R064Store;

/// Products of double matrices, made by ojAlgo. It stores columns one after the other, so that in
/// its eyes our matrices are transposed, and `y = a b` is `y' = b' a'`.
final class DoubleProduct {
    private DoubleProduct() {}

    static void multiply(MatrixProduct product, double[] a, double[] b, double[] y) {
        int m = product.m();
        int n = product.n();
        int k = product.k();
        if (m * n == 0 || k == 0) {
            Arrays.fill(y, 0, product.accumulate() ? 0 : product.batch() * m * n, 0);
            return;
        }
        for (int i = 0; i < product.batch(); i++) {
            MatrixStore<Double> left =
                    matrix(b, i * product.batchStrideB(), n, k, product.transposeB());
            MatrixStore<Double> right =
                    matrix(a, i * product.batchStrideA(), k, m, product.transposeA());
            double[] result = new double[m * n];
            left.multiply(right, R064Store.wrap(result, n));
            int at = i * m * n;
            for (int j = 0; j < m * n; j++) {
                y[at + j] = product.accumulate() ? y[at + j] + result[j] : result[j];
            }
        }
    }

    private static MatrixStore<Double> matrix(
            double[] from, int at, int rows, int columns, boolean transposed) {
        double[] own = Arrays.copyOfRange(from, at, at + rows * columns);
        return transposed ? R064Store.wrap(own, columns).transpose() : R064Store.wrap(own, rows);
    }
}
