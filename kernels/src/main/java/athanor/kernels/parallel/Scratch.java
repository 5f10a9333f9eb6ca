package athanor.kernels.parallel;

import java.util.EnumMap;
import java.util.Map;

/// Arrays that a thread keeps from one kernel to the next, so that kernels allocate nothing once
/// they have run. An array may be longer than asked for and holds whatever its last user left
/// there.
///
/// Who takes an array for a use, holds it until he or his callee takes one for the same use on the
/// same thread.
public final class Scratch {
    public enum Use {
        /// The right operand of a product, packed by the thread that multiplies.
        PANELS,
        /// An operand that one thread packs and all read.
        SHARED_PANELS,
        /// The left operand of a product.
        ROWS,
        /// The left operand where it is packed a second time, as columns of tiles.
        COLUMNS,
        /// The part of a product that does not fill a tile.
        TILE,
        /// Sums that are added up in the end.
        PARTIAL_SUMS,
        /// A part of an image with zeros around.
        WINDOW
    }

    private static final ThreadLocal<Scratch> OWN = ThreadLocal.withInitial(Scratch::new);

    private final Map<Use, float[]> floats = new EnumMap<>(Use.class);
    private final Map<Use, double[]> doubles = new EnumMap<>(Use.class);
    private final Map<Use, int[]> ints = new EnumMap<>(Use.class);

    private Scratch() {}

    public static float[] floats(Use use, long length) {
        Map<Use, float[]> own = OWN.get().floats;
        float[] kept = own.get(use);
        if (kept == null || kept.length < length) {
            kept = new float[checked(length)];
            own.put(use, kept);
        }
        return kept;
    }

    public static double[] doubles(Use use, long length) {
        Map<Use, double[]> own = OWN.get().doubles;
        double[] kept = own.get(use);
        if (kept == null || kept.length < length) {
            kept = new double[checked(length)];
            own.put(use, kept);
        }
        return kept;
    }

    public static int[] ints(Use use, long length) {
        Map<Use, int[]> own = OWN.get().ints;
        int[] kept = own.get(use);
        if (kept == null || kept.length < length) {
            kept = new int[checked(length)];
            own.put(use, kept);
        }
        return kept;
    }

    private static int checked(long length) {
        if (length > Integer.MAX_VALUE - 8) {
            throw new OutOfMemoryError(
                    "a kernel needs "
                            + length
                            + " numbers of working space, more than an array holds: make the batch smaller");
        }
        return (int) length;
    }
}
