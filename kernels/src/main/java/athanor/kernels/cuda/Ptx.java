package athanor.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// The kernels of the `.ptx` files that lie beside the SIMD kernels, each file compiled when it is
/// first asked for, and what their launches share. The classes `Ptx...` of this package say for
/// each kernel how many blocks it gets and in which order its arguments come; addresses are of
/// device memory, and every array starts at a multiple of 16 bytes.
public final class Ptx {
    /// Threads of a block, where the work does not ask for others.
    static final int THREADS = 256;
    /// The most blocks of kernels whose threads take 4 elements at once, and of the others.
    private static final int BLOCKS_OF_GROUPS = 4096;

    private static final int BLOCKS = 16_384;
    /// Blocks that fill a GPU: where there are fewer, long sums are cut into parts.
    private static final int FILL = 512;

    /// All files, `FAMILY/NAME`; each lies beside the Java file of that name.
    public static final List<String> FILES =
            List.of(
                    "elementwise/Binary",
                    "elementwise/Broadcast",
                    "elementwise/Elementwise",
                    "elementwise/Unary",
                    "layout/Layout",
                    "layout/Transpose",
                    "normalize/BatchNorm",
                    "normalize/LayerNorm",
                    "normalize/LocalResponseNorm",
                    "optimize/Adam",
                    "optimize/NonFinite",
                    "optimize/Sgd",
                    "pool/AveragePool",
                    "pool/MaxPool",
                    "random/Philox",
                    "reduce/Reductions",
                    "softmax/Softmax");

    private static final Pattern ENTRY = Pattern.compile("\\.visible \\.entry (\\w+)");

    private final Driver driver;
    private final Workspace workspace;
    private final Map<String, Driver.PtxModule> modules = new HashMap<>();
    private final Map<String, Driver.Kernel> kernels = new HashMap<>();
    private long launches;

    public Ptx(Driver driver, Workspace workspace) {
        this.driver = driver;
        this.workspace = workspace;
    }

    Driver driver() {
        return driver;
    }

    Workspace workspace() {
        return workspace;
    }

    /// Where an entry is: `athanor/kernels/FILE.ptx`.
    record Entry(String file, String name) {}

    /// How many kernels were launched so far.
    public long launches() {
        return launches;
    }

    /// Nothing is launched for no blocks.
    void launch(Driver.Stream stream, Entry entry, int blocks, int threads, Arguments arguments) {
        if (blocks > 0) {
            launches++;
            driver.launch(kernel(entry), Grid.of(blocks), Grid.of(threads), 0, stream, arguments);
        }
    }

    /// For n elements, 4 at once a thread.
    void launchGroups(Driver.Stream stream, Entry entry, int n, Arguments arguments) {
        int blocks = Math.min(ceilDiv(n, 4 * THREADS), BLOCKS_OF_GROUPS);
        launch(stream, entry, blocks, THREADS, arguments);
    }

    /// For n elements, one at once a thread.
    void launchElements(Driver.Stream stream, Entry entry, int n, Arguments arguments) {
        launch(stream, entry, Math.min(ceilDiv(n, THREADS), BLOCKS), THREADS, arguments);
    }

    /// For rows of which each gets a block.
    void launchRows(Driver.Stream stream, Entry entry, int rows, int width, Arguments arguments) {
        launch(stream, entry, rows, width <= 128 ? 32 : width <= 1024 ? 128 : 256, arguments);
    }

    /// How a sum over `length` numbers is cut for several blocks.
    record Parts(int chunk, int count) {
        /// Of at least `least` numbers, and no more parts than fill the GPU.
        static Parts of(int length, int least, long otherBlocks) {
            long most = Math.max(1, FILL / Math.max(1, otherBlocks));
            int parts = (int) Math.clamp(length / least, 1, most);
            int chunk = Math.max(1, ceilDiv(length, parts));
            return new Parts(chunk, Math.max(1, ceilDiv(length, chunk)));
        }
    }

    static int ceilDiv(int a, int b) {
        return Math.ceilDiv(a, b);
    }

    private Driver.Kernel kernel(Entry entry) {
        return kernels.computeIfAbsent(
                entry.file + " " + entry.name,
                key ->
                        driver.kernel(
                                modules.computeIfAbsent(
                                        entry.file, file -> driver.load(text(file))),
                                entry.name));
    }

    /// Compiles every kernel that is there; returns how many.
    public int compileAll() {
        int kernels = 0;
        for (String file : FILES) {
            for (String name : kernels(file)) {
                kernel(new Entry(file, name));
                kernels++;
            }
        }
        return kernels;
    }

    /// The names of a file's kernels.
    public static List<String> kernels(String file) {
        return ENTRY.matcher(text(file)).results().map(entry -> entry.group(1)).toList();
    }

    /// The text of a file, `FAMILY/NAME` without `.ptx`.
    public static String text(String file) {
        String path = "/athanor/kernels/" + file + ".ptx";
        try (InputStream in = Ptx.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalArgumentException(
                        "no kernels %s on the class path: build the module kernels anew"
                                .formatted(path));
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path, e);
        }
    }
}
