package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.nonzero;
import static athanor.engine.check.Input.within;

import athanor.engine.Conv2dOptions;
import athanor.engine.Moments;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Convolutions: plain, finished by bias, residual and ReLU, with moments, with normalized input.
final class ConvolutionCases {
    /// An image, filters, and the way over it.
    private record Sample(String name, Shape image, Shape filters, Conv2dOptions options) {
        String text() {
            return name + " " + image + filters;
        }

        int terms() {
            return Math.max(1, filters.size(1, 4));
        }

        Shape result() {
            var o = options;
            int high =
                    image.dim(1)
                            + 2 * o.paddingHeight()
                            - o.dilationHeight() * (filters.dim(1) - 1);
            int wide =
                    image.dim(2) + 2 * o.paddingWidth() - o.dilationWidth() * (filters.dim(2) - 1);
            return Shape.of(
                    image.dim(0),
                    (high - 1) / o.strideHeight() + 1,
                    (wide - 1) / o.strideWidth() + 1,
                    filters.dim(0));
        }

        Input x() {
            return any().with(image);
        }

        /// Scaled so that results are about 1.
        Input w() {
            double limit = 2 / Math.sqrt(terms());
            return within(-limit, limit).with(filters);
        }
    }

    private static final Conv2dOptions PLAIN = Conv2dOptions.DEFAULT;
    private static final Conv2dOptions SAME = PLAIN.padding(1);
    private static final Conv2dOptions DILATED = PLAIN.padding(2).dilation(2);
    private static final Conv2dOptions SPARSE = PLAIN.padding(3).dilation(3).stride(2);
    private static final Conv2dOptions STEM = PLAIN.padding(3).stride(2);
    private static final Conv2dOptions WIDE = new Conv2dOptions(1, 2, 0, 1, 1, 1, 1);
    private static final Conv2dOptions TALL = new Conv2dOptions(2, 1, 1, 0, 1, 2, 1);

    /// The filters are K, R, S.
    private static final List<Sample> SAMPLES =
            List.of(
                    sample("1x1", PLAIN, image(2, 7, 7, 17), 10, 1, 1),
                    sample("1x1 one channel", PLAIN, image(1, 5, 5, 1), 1, 1, 1),
                    sample("1x1 large", PLAIN, image(3, 14, 14, 64), 48, 1, 1),
                    sample("1x1 stride 2", PLAIN.stride(2), image(2, 7, 7, 16), 33, 1, 1),
                    sample("1x1 padded", SAME, image(1, 4, 4, 3), 5, 1, 1),
                    sample("3x3", SAME, image(1, 7, 7, 3), 16, 3, 3),
                    sample("3x3 odd", SAME, image(2, 13, 13, 10), 17, 3, 3),
                    sample("3x3 one", SAME, image(1, 27, 27, 1), 10, 3, 3),
                    sample("3x3 tiny", SAME, image(2, 1, 1, 17), 3, 3, 3),
                    sample("3x3 deep", SAME, image(1, 6, 6, 64), 65, 3, 3),
                    sample("3x3 large", SAME, image(4, 14, 14, 16), 24, 3, 3),
                    sample("3x3 valid", PLAIN, image(2, 7, 7, 8), 8, 3, 3),
                    sample("3x3 full", PLAIN.padding(2), image(1, 5, 5, 4), 3, 3, 3),
                    sample("3x3 stride 2", SAME.stride(2), image(2, 13, 13, 10), 8, 3, 3),
                    sample("3x3 stride 2 even", SAME.stride(2), image(1, 8, 8, 16), 32, 3, 3),
                    sample("3x3 stride 3", PLAIN.stride(3), image(1, 8, 8, 3), 4, 3, 3),
                    sample("3x3 dilation 2", DILATED, image(1, 9, 9, 3), 5, 3, 3),
                    sample("3x3 dilation 3 stride 2", SPARSE, image(1, 13, 13, 4), 3, 3, 3),
                    sample("5x5", PLAIN.padding(2), image(2, 7, 7, 1), 3, 5, 5),
                    sample("7x7 stride 2", STEM, image(1, 27, 27, 3), 8, 7, 7),
                    sample("7x7 as the image", PLAIN, image(2, 7, 7, 3), 10, 7, 7),
                    sample("2x2 stride 2", PLAIN.stride(2), image(1, 8, 8, 10), 3, 2, 2),
                    sample("1x3", WIDE, image(2, 5, 9, 3), 4, 1, 3),
                    sample("3x1", TALL, image(2, 9, 5, 3), 4, 3, 1),
                    sample("groups 2", SAME.groups(2), image(1, 7, 7, 6), 10, 3, 3),
                    sample("groups 4 1x1", PLAIN.groups(4), image(1, 5, 5, 8), 12, 1, 1),
                    sample("depthwise", SAME.groups(10), image(2, 7, 7, 10), 10, 3, 3),
                    sample(
                            "depthwise 2",
                            SAME.groups(17).stride(2),
                            image(1, 13, 13, 17),
                            17,
                            3,
                            3),
                    sample("depthwise twice", SAME.groups(3), image(1, 7, 7, 3), 6, 3, 3),
                    sample("no images", SAME, image(0, 5, 5, 3), 4, 3, 3));

    private ConvolutionCases() {}

    static Stream<OperationCase> cases() {
        return SAMPLES.stream()
                .flatMap(
                        s ->
                                s.image().dim(0) == 0
                                        ? Stream.of(plain(s), finished(s), normalized(s))
                                        : Stream.of(
                                                plain(s),
                                                finished(s),
                                                moments(s),
                                                normed(s),
                                                beside(s),
                                                normalized(s)));
    }

    private static OperationCase plain(Sample s) {
        return OperationCase.of(
                "convolution/" + s.text(),
                s.terms(),
                t -> t.get(0).conv2d(t.get(1), s.options()),
                s.x(),
                s.w());
    }

    /// Bias, residual and ReLU in every combination, one for each sample.
    private static OperationCase finished(Sample s) {
        int combination = SAMPLES.indexOf(s) % 4;
        boolean relu = combination % 2 == 1;
        Input bias = any().with(Shape.of(s.filters().dim(0)));
        return combination < 2
                ? OperationCase.of(
                        "convolutionAddRelu/" + s.text(),
                        s.terms(),
                        t ->
                                t.get(0)
                                        .conv2d(
                                                t.get(1),
                                                t.get(2),
                                                Optional.empty(),
                                                relu,
                                                s.options()),
                        s.x(),
                        s.w(),
                        bias)
                : OperationCase.of(
                        "convolutionAddRelu/residual " + s.text(),
                        s.terms(),
                        t ->
                                t.get(0)
                                        .conv2d(
                                                t.get(1),
                                                t.get(2),
                                                Optional.of(t.get(3)),
                                                relu,
                                                s.options()),
                        s.x(),
                        s.w(),
                        bias,
                        any().with(s.result()));
    }

    /// A convolution beside another way: the gradient of its input is added to one that has come.
    private static OperationCase beside(Sample s) {
        return OperationCase.of(
                "convolution/beside " + s.text(),
                s.terms(),
                t -> {
                    Tensor x = t.get(0).mul(2);
                    Tensor y = x.conv2d(t.get(1), s.options());
                    return Tensor.concat(0, y.reshape(-1), x.square().reshape(-1));
                },
                s.x(),
                s.w());
    }

    private static OperationCase moments(Sample s) {
        return OperationCase.constant(
                "convolution/moments of " + s.text(),
                s.terms() * 10,
                t -> {
                    Moments m = t.get(0).conv2dWithMoments(t.get(1), s.options()).moments();
                    return Tensor.concat(0, m.mean(), m.variance());
                },
                s.x(),
                s.w());
    }

    /// The block of residual networks: convolution, norm by the moments it counted, ReLU.
    private static OperationCase normed(Sample s) {
        Shape channels = Shape.of(s.filters().dim(0));
        return OperationCase.of(
                "convolution/normed " + s.text(),
                s.terms() * 10,
                t -> {
                    var y = t.get(0).conv2dWithMoments(t.get(1), s.options());
                    return y.y().batchNorm(
                                    y.moments(),
                                    true,
                                    t.get(2),
                                    t.get(3),
                                    0.1,
                                    Optional.empty(),
                                    false);
                },
                s.x(),
                s.w(),
                any().with(channels),
                any().with(channels));
    }

    private static OperationCase normalized(Sample s) {
        Shape channels = Shape.of(s.image().dim(3));
        return OperationCase.of(
                "normalizedConvolution/" + s.text(),
                s.terms(),
                t -> t.get(0).conv2dNormalized(t.get(1), t.get(2), t.get(3), s.options()),
                s.x(),
                nonzero().with(channels),
                any().with(channels),
                s.w());
    }

    private static Shape image(int... dims) {
        return Shape.of(dims);
    }

    private static Sample sample(
            String name, Conv2dOptions options, Shape image, int k, int r, int s) {
        return new Sample(name, image, Shape.of(k, r, s, image.dim(3) / options.groups()), options);
    }
}
