package athanor.kernels.convolve;

import athanor.kernels.matmul.Runs;

/// The output places that the same taps of a filter reach: output line `u * step + startHeight` for
/// each u, columns alike. A forward convolution has one phase; the input gradient of one with
/// stride s has `s * s`, since an input line h was read by the filter lines r with `h + padding - r
/// dilation` divisible by s.
///
/// @param runs what one output place reads of the padded image, counted from the place that u and v
/// name
/// @param packedRows the rows of packed filters that belong to the phases before this one
record Phase(int startHeight, int startWidth, Runs runs, int packedRows) {}
