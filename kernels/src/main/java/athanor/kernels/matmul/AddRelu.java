package athanor.kernels.matmul;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// `y = max(y + bias (+ residual), floor)`.
///
/// @param channels the numbers of a row of y
/// @param bias one number for each channel
/// @param residual has the rows of y; its length is 0 where nothing is added
/// @param floor 0 for a ReLU, negative infinity where there is none
public record AddRelu(int channels, float[] bias, float[] residual, float floor)
        implements Epilogue {
    private static final VectorSpecies<Float> SPECIES = TileStamp.SPECIES;

    @Override
    public void apply(int piece, float[] y, int shift, int[] rows, int from, int to, int count) {
        for (int i = from; i < to; i++) {
            apply(y, shift + rows[i], count);
        }
    }

    private void apply(float[] y, int offset, int count) {
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
