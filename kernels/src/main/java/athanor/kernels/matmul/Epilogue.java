package athanor.kernels.matmul;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// What is done to a row of results as soon as it is complete, while it lies in the first cache:
/// `y = max(y + bias (+ residual), floor)`. It saves a pass over memory for each of them.
///
/// @param channels the numbers of a row of y, which has one row after another
/// @param bias one number for each channel
/// @param residual has the rows of y; its length is 0 where nothing is added
/// @param floor 0 for a ReLU, negative infinity where there is none
public record Epilogue(int channels, float[] bias, float[] residual, float floor) {
    /// Leaves results as they are.
    public static final Epilogue NONE =
            new Epilogue(0, new float[0], new float[0], Float.NEGATIVE_INFINITY);

    private static final VectorSpecies<Float> SPECIES = TileStamp.SPECIES;

    /// Finishes `count` channels of a row of y, from the number at `offset` on.
    public void apply(float[] y, int offset, int count) {
        int channel = offset % channels;
        boolean adds = residual.length > 0;
        int j = 0;
        for (; j <= count - SPECIES.length(); j += SPECIES.length()) {
            FloatVector sum =
                    FloatVector.fromArray(SPECIES, y, offset + j)
                            .add(FloatVector.fromArray(SPECIES, bias, channel + j));
            if (adds) {
                sum = sum.add(FloatVector.fromArray(SPECIES, residual, offset + j));
            }
            sum.max(floor).intoArray(y, offset + j);
        }
        for (; j < count; j++) {
            float sum = y[offset + j] + bias[channel + j];
            y[offset + j] = Math.max(adds ? sum + residual[offset + j] : sum, floor);
        }
    }
}
