package athanor.kernels.cuda.simulator;

import java.lang.invoke.MethodHandles;

/// The loop over the lanes, loaded once more for each function by [LaneLoop#of].
final class LaneTemplate implements LaneLoop {
    private static final LaneFunction FUNCTION = function();

    LaneTemplate() {}

    private static LaneFunction function() {
        try {
            return MethodHandles.classData(MethodHandles.lookup(), "_", LaneFunction.class);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void run(long[] y, int at, long[] r, int a, int b, int c, int d) {
        for (int i = 0; i < Warp.LANES; i++) {
            y[at + i] = FUNCTION.apply(r[a + i], r[b + i], r[c + i], r[d + i]);
        }
    }
}
