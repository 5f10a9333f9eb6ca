package athanor.train;

import athanor.engine.Tensor;
import java.util.Arrays;

/// How well a model does on a data set: accuracies in percent, the mean loss, and how often each
/// class (row) was taken for each class (column).
public record Evaluation(double loss, double accuracy1, double accuracy5, int[][] confusion) {

    /// How many rows of the logits are largest at their label.
    static int correct(Tensor logits, int[] labels) {
        float[] values = logits.toFloats();
        int classes = logits.shape().dim(1);
        int correct = 0;
        for (int i = 0; i < logits.shape().dim(0); i++) {
            correct += Tally.rank(values, i * classes, classes, labels[i]) == 0 ? 1 : 0;
        }
        return correct;
    }

    /// Adds up batches.
    public static final class Tally {
        private final int[][] confusion;
        private double loss;
        private int images;
        private int top1;
        private int top5;

        public Tally(int classes) {
            confusion = new int[classes][classes];
        }

        /// A batch of logits, row after row, the labels, and the mean loss of the batch.
        public void add(float[] logits, int[] labels, int count, double meanLoss) {
            int classes = confusion.length;
            for (int i = 0; i < count; i++) {
                int label = labels[i];
                int rank = rank(logits, i * classes, classes, label);
                top1 += rank == 0 ? 1 : 0;
                top5 += rank < 5 ? 1 : 0;
                confusion[label][best(logits, i * classes, classes)]++;
            }
            loss += meanLoss * count;
            images += count;
        }

        public Evaluation result() {
            double share = 100.0 / Math.max(images, 1);
            return new Evaluation(
                    loss / Math.max(images, 1),
                    top1 * share,
                    top5 * share,
                    Arrays.stream(confusion).map(int[]::clone).toArray(int[][]::new));
        }

        /// How many classes come before the label: those with a larger logit, and of equals the
        /// earlier ones.
        static int rank(float[] logits, int from, int classes, int label) {
            float own = logits[from + label];
            int rank = 0;
            for (int c = 0; c < classes; c++) {
                float other = logits[from + c];
                boolean before = other > own || (other == own && c < label);
                boolean undefined = Float.isNaN(own) && c != label;
                rank += before || undefined ? 1 : 0;
            }
            return rank;
        }

        /// The class of the largest logit, of equals the first; NaN is taken only where all are.
        private static int best(float[] logits, int from, int classes) {
            int best = 0;
            for (int c = 1; c < classes; c++) {
                float largest = logits[from + best];
                boolean better = logits[from + c] > largest;
                boolean first = Float.isNaN(largest) && !Float.isNaN(logits[from + c]);
                best = better || first ? c : best;
            }
            return best;
        }
    }
}
