package athanor.kernels.cuda.jcuda;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.DataType;
import athanor.kernels.cuda.Dnn.Descriptor;
import athanor.kernels.cuda.Dnn.MathType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// cuDNN's own functions that need no GPU: it takes our descriptors and finds our output sizes.
class DescriptorsTest {
    @BeforeAll
    static void needsTheLibrary() {
        assumeTrue(
                Library.DNN.find() != null,
                "skipped: no libcudnn.so.8; `mvn -P cuda-redist` fetches it, ATHANOR_CUDA_LIBRARIES"
                        + " says where it is");
        Library.BLAS.load();
        Library.DNN.load();
    }

    /// [Descriptors#of] itself refuses other sizes.
    @Test
    void outputSizesAreCudnns() {
        for (int side = 1; side <= 14; side++) {
            for (int filter = 1; filter <= 5; filter += 2) {
                for (int stride = 1; stride <= 3; stride++) {
                    for (int padding = 0; padding <= 2; padding++) {
                        for (int dilation = 1; dilation <= 2; dilation++) {
                            compare(side, filter, stride, padding, dilation);
                        }
                    }
                }
            }
        }
    }

    private static void compare(int side, int filter, int stride, int padding, int dilation) {
        ConvolutionGeometry g =
                new ConvolutionGeometry(
                        2, side, side + 3, 6, 4, filter, filter, stride, 1, padding, 0, dilation, 1,
                        2);
        if (side + 2 * padding < dilation * (filter - 1) + 1 || side + 3 < filter) {
            return;
        }
        for (DataType type : DataType.values()) {
            Descriptors.of(new Descriptor(g, type, MathType.TENSOR_OP)).destroy();
        }
    }

    @Test
    void impossibleSizesAreRefused() {
        ConvolutionGeometry empty =
                new ConvolutionGeometry(0, 7, 6, 3, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1);
        assertThatThrownBy(
                        () -> Descriptors.of(new Descriptor(empty, DataType.FLOAT32, MathType.FMA)))
                .isInstanceOf(CudaError.class)
                .hasMessageContaining("CUDNN_STATUS_BAD_PARAM");
    }
}
