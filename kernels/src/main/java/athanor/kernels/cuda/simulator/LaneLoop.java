package athanor.kernels.cuda.simulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;

/// An instruction over the 32 lanes of a warp.
@FunctionalInterface
interface LaneLoop {
    /// `y[at + i] = f(r[a + i], r[b + i], r[c + i], r[d + i])` for the lanes i.
    void run(long[] y, int at, long[] r, int a, int b, int c, int d);

    /// The loop with that function in it. The class `LaneTemplate` is loaded once more for each
    /// function, which is a constant to it: so the JIT compiler makes of each a tight loop of its
    /// own, where one loop for all would call the function 32 times.
    static LaneLoop of(LaneFunction function) {
        try (InputStream file = LaneLoop.class.getResourceAsStream("LaneTemplate.class")) {
            if (file == null) {
                throw new IllegalStateException(
                        "LaneTemplate.class is not where LaneLoop.class is");
            }
            return (LaneLoop)
                    MethodHandles.lookup()
                            .defineHiddenClassWithClassData(file.readAllBytes(), function, true)
                            .lookupClass()
                            .getDeclaredConstructor()
                            .newInstance();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
