package athanor.train;

import athanor.engine.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/// How well a model does on a data set: accuracies in percent, the mean loss, how often each class
/// (row) was taken for each class (column), and the mistakes it was surest of, worst first.
public record Evaluation(
        double loss,
        double accuracy1,
        double accuracy5,
        int[][] confusion,
        List<Mistake> mistakes) {
    private static final int MOST_MISTAKES = 24;

    /// An image that was taken for another class than its own.
    ///
    /// @param image its number, in the order in which they were measured
    /// @param margin how much larger the logit of that class was than its own
    public record Mistake(int image, int label, int taken, double margin) {}

    public Evaluation(double loss, double accuracy1, double accuracy5, int[][] confusion) {
        this(loss, accuracy1, accuracy5, confusion, List.of());
    }

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
        private static final Comparator<Mistake> WORST_FIRST =
                Comparator.comparingDouble(Mistake::margin)
                        .reversed()
                        .thenComparingInt(Mistake::image);

        private final int[][] confusion;
        private final PriorityQueue<Mistake> mistakes = new PriorityQueue<>(WORST_FIRST.reversed());
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
                int taken = best(logits, i * classes, classes);
                confusion[label][taken]++;
                if (taken != label) {
                    double margin = logits[i * classes + taken] - logits[i * classes + label];
                    mistakes.add(new Mistake(images + i, label, taken, margin));
                    if (mistakes.size() > MOST_MISTAKES) {
                        mistakes.remove(); // The least of them.
                    }
                }
            }
            loss += meanLoss * count;
            images += count;
        }

        public Evaluation result() {
            double share = 100.0 / Math.max(images, 1);
            List<Mistake> worst = new ArrayList<>(mistakes);
            worst.sort(WORST_FIRST);
            return new Evaluation(
                    loss / Math.max(images, 1),
                    top1 * share,
                    top5 * share,
                    Arrays.stream(confusion).map(int[]::clone).toArray(int[][]::new),
                    List.copyOf(worst));
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
