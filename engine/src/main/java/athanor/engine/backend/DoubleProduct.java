package athanor.engine.backend;

import athanor.engine.MatrixProduct;
import org.ojalgo.matrix.store.MatrixStore;
import org.ojalgo.matrix.store.R064Store;

/// Products of double matrices, made by ojAlgo. It stores columns one after the other, so that our matrix is its
/// transpose, and `y = a b` becomes `y' = b' a'`.
final class DoubleProduct {
    private DoubleProduct() {}

    static void multiply(MatrixProduct product, double[] a, double[] b, double[] y) {
        int m = product.m();
        int n = product.n();
        int k = product.k();
        for (int i = 0; i < product.batch(); i++) {
            MatrixStore<Double> left = product.transposeB()
                    ? matrix(b, i * product.batchStrideB(), k, n).transpose()
                    : matrix(b, i * product.batchStrideB(), n, k);
            MatrixStore<Double> right = product.transposeA()
                    ? matrix(a, i * product.batchStrideA(), m, k).transpose()
                    : matrix(a, i * product.batchStrideA(), k, m);
            R064Store result = R064Store.FACTORY.make(n, m);
            left.multiply(right, result);
            int at = i * m * n;
            for (int j = 0; j < m * n; j++) {
                y[at + j] = product.accumulate() ? y[at + j] + result.data[j] : result.data[j];
            }
        }
    }

    private static R064Store matrix(double[] from, int at, int rows, int columns) {
        R064Store matrix = R064Store.FACTORY.make(rows, columns);
        System.arraycopy(from, at, matrix.data, 0, rows * columns);
        return matrix;
    }
}
