package athanor.engine.backend;

import static athanor.engine.backend.Reference.exceeds;
import static athanor.engine.backend.Reference.get;
import static athanor.engine.backend.Reference.set;
import static athanor.engine.backend.Reference.setAll;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.pool.PoolGeometry;

/// Convolution and pooling as their formulas say them. The letters are those of
/// [ConvolutionGeometry]: images `x [n, h, w, c]`, filters `w [k, r, s, c]`, results `y [n, p, q,
/// k]`.
sealed interface ReferenceImages extends Backend permits Reference {
    /// `y[n,p,q,k]` is the sum of the products `x[n,h,w,c] w[k,r,s,c]` that [#forEachProduct]
    /// walks.
    @Override
    default void convolve(ConvolutionGeometry g, Buffer x, Buffer w, Buffer y) {
        double[] sums = new double[g.outputRows() * g.filters()];
        forEachProduct(g, (yAt, xAt, wAt) -> sums[yAt] += get(x, xAt) * get(w, wAt));
        setAll(y, sums);
    }

    /// `dx` collects `dy w` from every product that x took part in.
    @Override
    default void convolveInputGradient(ConvolutionGeometry g, Buffer dy, Buffer w, Buffer dx) {
        double[] sums = new double[g.batch() * g.height() * g.width() * g.channels()];
        forEachProduct(g, (yAt, xAt, wAt) -> sums[xAt] += get(dy, yAt) * get(w, wAt));
        setAll(dx, sums);
    }

    /// `dw` collects `dy x` from every product that w took part in.
    @Override
    default void convolveFilterGradient(ConvolutionGeometry g, Buffer x, Buffer dy, Buffer dw) {
        double[] sums = new double[g.filters() * g.filterLength()];
        forEachProduct(g, (yAt, xAt, wAt) -> sums[wAt] += get(dy, yAt) * get(x, xAt));
        setAll(dw, sums);
    }

    /// One multiplication of a convolution: the places of its output, its input and its weight.
    interface Product {
        void at(int y, int x, int w);
    }

    /// Walks the seven loops of a convolution: filter place r on output row p sees the input row
    /// `h = p stride - padding + r dilation`, columns likewise. Products with the zeros around the
    /// image are left out.
    private static void forEachProduct(ConvolutionGeometry g, Product product) {
        int channels = g.groupChannels();
        int y = 0;
        for (int n = 0; n < g.batch(); n++) {
            for (int p = 0; p < g.outputHeight(); p++) {
                for (int q = 0; q < g.outputWidth(); q++) {
                    for (int k = 0; k < g.filters(); k++, y++) {
                        int firstChannel = k / g.groupFilters() * channels;
                        for (int r = 0; r < g.filterHeight(); r++) {
                            int h =
                                    p * g.strideHeight()
                                            - g.paddingHeight()
                                            + r * g.dilationHeight();
                            if (h < 0 || h >= g.height()) {
                                continue;
                            }
                            for (int s = 0; s < g.filterWidth(); s++) {
                                int w =
                                        q * g.strideWidth()
                                                - g.paddingWidth()
                                                + s * g.dilationWidth();
                                if (w < 0 || w >= g.width()) {
                                    continue;
                                }
                                int xStart =
                                        ((n * g.height() + h) * g.width() + w) * g.channels()
                                                + firstChannel;
                                int wStart =
                                        ((k * g.filterHeight() + r) * g.filterWidth() + s)
                                                * channels;
                                for (int c = 0; c < channels; c++) {
                                    product.at(y, xStart + c, wStart + c);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// `y[n,p,q,c]` is the maximum of `x[n,h,w,c]` over window (p, q), and `index` the `h width +
    /// w` of it.
    @Override
    default void maxPool(PoolGeometry g, Buffer x, Buffer y, Buffer index) {
        forEachWindow(
                g,
                (n, p, q, c, yAt) -> {
                    int image = n * g.height() * g.width();
                    int best = g.rowStart()[p] * g.width() + g.columnStart()[q];
                    for (int h = g.rowStart()[p]; h < g.rowEnd()[p]; h++) {
                        for (int w = g.columnStart()[q]; w < g.columnEnd()[q]; w++) {
                            int at = h * g.width() + w;
                            double value = get(x, (image + at) * g.channels() + c);
                            if (exceeds(value, get(x, (image + best) * g.channels() + c))) {
                                best = at;
                            }
                        }
                    }
                    set(index, yAt, best);
                    set(y, yAt, get(x, (image + best) * g.channels() + c));
                });
    }

    /// Each dy goes to the one input that was the maximum; windows that overlap add up.
    @Override
    default void maxPoolGradient(PoolGeometry g, Buffer dy, Buffer index, Buffer dx) {
        int places = g.height() * g.width();
        double[] sums = new double[g.batch() * places * g.channels()];
        forEachWindow(
                g,
                (n, p, q, c, yAt) -> {
                    int best = (int) get(index, yAt);
                    sums[(n * places + best) * g.channels() + c] += get(dy, yAt);
                });
        setAll(dx, sums);
    }

    /// `y[n,p,q,c]` is the sum of `x[n,h,w,c]` over window (p, q), divided by that window's
    /// divisors.
    @Override
    default void averagePool(PoolGeometry g, Buffer x, Buffer y) {
        forEachWindow(
                g,
                (n, p, q, c, yAt) -> {
                    double sum = 0;
                    for (int h = g.rowStart()[p]; h < g.rowEnd()[p]; h++) {
                        for (int w = g.columnStart()[q]; w < g.columnEnd()[q]; w++) {
                            sum +=
                                    get(
                                            x,
                                            ((n * g.height() + h) * g.width() + w) * g.channels()
                                                    + c);
                        }
                    }
                    set(y, yAt, sum / (g.rowDivisor()[p] * g.columnDivisor()[q]));
                });
    }

    /// Each dy, divided as the average was, goes to every input of its window.
    @Override
    default void averagePoolGradient(PoolGeometry g, Buffer dy, Buffer dx) {
        double[] sums = new double[g.batch() * g.height() * g.width() * g.channels()];
        forEachWindow(
                g,
                (n, p, q, c, yAt) -> {
                    double share = get(dy, yAt) / (g.rowDivisor()[p] * g.columnDivisor()[q]);
                    for (int h = g.rowStart()[p]; h < g.rowEnd()[p]; h++) {
                        for (int w = g.columnStart()[q]; w < g.columnEnd()[q]; w++) {
                            sums[((n * g.height() + h) * g.width() + w) * g.channels() + c] +=
                                    share;
                        }
                    }
                });
        setAll(dx, sums);
    }

    /// One result of a pool: image n, window (p, q), channel c, at place `y` of the results.
    interface Window {
        void at(int n, int p, int q, int c, int y);
    }

    private static void forEachWindow(PoolGeometry g, Window window) {
        int y = 0;
        for (int n = 0; n < g.batch(); n++) {
            for (int p = 0; p < g.outputHeight(); p++) {
                for (int q = 0; q < g.outputWidth(); q++) {
                    for (int c = 0; c < g.channels(); c++, y++) {
                        window.at(n, p, q, c, y);
                    }
                }
            }
        }
    }
}
