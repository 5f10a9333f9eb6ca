package athanor.kernels.cuda;

import athanor.kernels.cuda.Ptx.Entry;
import athanor.kernels.pool.PoolGeometry;

/// Launches of `pool/MaxPool.ptx` and `AveragePool.ptx`. `windows` is the address of
/// [PoolGeometry#windows].
public final class PtxPools {
    private static final String MAX = "pool/MaxPool";
    private static final String AVERAGE = "pool/AveragePool";

    private final Ptx ptx;

    public PtxPools(Ptx ptx) {
        this.ptx = ptx;
    }

    public void maxPool(
            Driver.Stream stream, PoolGeometry g, long windows, long x, long y, long index) {
        Arguments arguments = new Arguments().address(x).address(y).address(index);
        launch(stream, new Entry(MAX, "maxPool"), g, windows, outputs(g), arguments);
    }

    public void maxPoolGradient(
            Driver.Stream stream, PoolGeometry g, long windows, long dy, long index, long dx) {
        Arguments arguments = new Arguments().address(dy).address(index).address(dx);
        launch(stream, new Entry(MAX, "maxPoolGradient"), g, windows, inputs(g), arguments);
    }

    public void averagePool(Driver.Stream stream, PoolGeometry g, long windows, long x, long y) {
        Arguments arguments = new Arguments().address(x).address(y);
        launch(stream, new Entry(AVERAGE, "averagePool"), g, windows, outputs(g), arguments);
    }

    public void averagePoolGradient(
            Driver.Stream stream, PoolGeometry g, long windows, long dy, long dx) {
        Arguments arguments = new Arguments().address(dy).address(dx);
        launch(stream, new Entry(AVERAGE, "averagePoolGradient"), g, windows, inputs(g), arguments);
    }

    private void launch(
            Driver.Stream stream,
            Entry entry,
            PoolGeometry g,
            long windows,
            int n,
            Arguments arguments) {
        ptx.launchElements(
                stream,
                entry,
                n,
                arguments
                        .address(windows)
                        .int32(g.height())
                        .int32(g.width())
                        .int32(g.channels())
                        .int32(g.outputHeight())
                        .int32(g.outputWidth())
                        .int32(n));
    }

    private static int outputs(PoolGeometry g) {
        return g.batch() * g.outputHeight() * g.outputWidth() * g.channels();
    }

    private static int inputs(PoolGeometry g) {
        return g.batch() * g.height() * g.width() * g.channels();
    }
}
