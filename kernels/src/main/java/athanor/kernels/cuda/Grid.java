package athanor.kernels.cuda;

/// Three extents: of a grid in blocks, or of a block in threads. Each is at least 1.
public record Grid(int x, int y, int z) {

    public Grid {
        if (x < 1 || y < 1 || z < 1) {
            throw new IllegalArgumentException(
                    "a grid of %d x %d x %d: each extent must be at least 1; launch nothing for empty work"
                            .formatted(x, y, z));
        }
    }

    public static Grid of(int x) {
        return new Grid(x, 1, 1);
    }

    public static Grid of(int x, int y) {
        return new Grid(x, y, 1);
    }

    public long count() {
        return (long) x * y * z;
    }
}
