package athanor.kernels.cuda;

/// A GPU and its two libraries. Closing it closes all three.
public record Device(Driver driver, Blas blas, Dnn dnn) implements AutoCloseable {

    @Override
    public void close() {
        dnn.close();
        blas.close();
        driver.close();
    }
}
