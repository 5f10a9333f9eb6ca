package athanor.kernels.cuda;

import athanor.kernels.cuda.Ptx.Entry;
import athanor.kernels.random.PhiloxKey;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/// Launches of `random/Philox.ptx`: number i depends on the key and i alone.
public final class PtxRandom {
    private static final String FILE = "random/Philox";

    private final Ptx ptx;

    public PtxRandom(Ptx ptx) {
        this.ptx = ptx;
    }

    /// In [0, 1): the bits of [athanor.kernels.random.Philox#uniform].
    public void uniform(Driver.Stream stream, PhiloxKey key, long y, int n) {
        Arguments arguments = key(key).address(y).int32(n);
        ptx.launchGroups(stream, new Entry(FILE, "uniform"), n, arguments);
    }

    /// Standard normal.
    public void normal(Driver.Stream stream, PhiloxKey key, long y, int n) {
        Arguments arguments = key(key).address(y).int32(n);
        ptx.launchGroups(stream, new Entry(FILE, "normal"), n, arguments);
    }

    /// 0 with the probability, else 1 / (1 - probability): the bits of
    /// [athanor.kernels.random.Philox#dropoutMask]. Where `keyAt` is an address, the key is what
    /// [#bytes] made of one there, when the kernel runs.
    public void dropoutMask(
            Driver.Stream stream,
            PhiloxKey key,
            OptionalLong keyAt,
            double probability,
            long y,
            int n) {
        // A uniform number is k 2^-24: it is below the probability where k is below this.
        int threshold = (int) Math.ceil(probability * 0x1p24);
        float kept = (float) (1 / (1 - probability));
        Arguments arguments =
                key(key).address(keyAt.orElse(0))
                        .int32(threshold)
                        .float32(kept)
                        .address(y)
                        .int32(n);
        ptx.launchGroups(stream, new Entry(FILE, "dropoutMask"), n, arguments);
    }

    /// The key as a kernel reads it from memory.
    public static ByteBuffer bytes(PhiloxKey key) {
        return key(key).bytes();
    }

    private static Arguments key(PhiloxKey key) {
        return new Arguments().int64(key.key()).int64(key.stream());
    }
}
