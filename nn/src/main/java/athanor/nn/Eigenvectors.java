package athanor.nn;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.ojalgo.matrix.decomposition.Eigenvalue;
import org.ojalgo.matrix.store.MatrixStore;
import org.ojalgo.matrix.store.R064Store;

/// The eigenvectors of a symmetric matrix, as rows of length 1, the one of the largest eigenvalue
/// first.
public record Eigenvectors(double[] values, double[][] vectors) {

    public static Eigenvectors of(double[][] symmetric) {
        int n = symmetric.length;
        R064Store matrix = R064Store.FACTORY.make(n, n);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                matrix.set(i, j, symmetric[i][j]);
            }
        }
        Eigenvalue<Double> decomposition = Eigenvalue.R064.make(matrix, true);
        decomposition.decompose(matrix);
        MatrixStore<Double> d = decomposition.getD();
        MatrixStore<Double> v = decomposition.getV();
        List<Integer> order =
                IntStream.range(0, n)
                        .boxed()
                        .sorted(Comparator.comparingDouble((Integer i) -> -d.doubleValue(i, i)))
                        .toList();
        double[] values = new double[n];
        double[][] vectors = new double[n][n];
        for (int k = 0; k < n; k++) {
            int column = order.get(k);
            values[k] = d.doubleValue(column, column);
            for (int i = 0; i < n; i++) {
                vectors[k][i] = v.doubleValue(i, column);
            }
        }
        return new Eigenvectors(values, vectors);
    }
}
