package athanor.kernels.cuda.simulator;

/// The size of a grid or block, or a place in one.
public record Dim3(int x, int y, int z) {
    public static Dim3 of(int x) {
        return new Dim3(x, 1, 1);
    }

    public static Dim3 of(int x, int y) {
        return new Dim3(x, y, 1);
    }

    /// Blocks or threads in it.
    public long count() {
        return (long) x * y * z;
    }

    /// Place number `index`, x first.
    Dim3 place(long index) {
        return new Dim3((int) (index % x), (int) (index / x % y), (int) (index / x / y));
    }

    @Override
    public String toString() {
        return "(" + x + "," + y + "," + z + ")";
    }
}
