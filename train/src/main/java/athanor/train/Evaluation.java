package athanor.train;

import athanor.engine.Communicator;
import athanor.engine.Tensor;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
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
        private final DoubleArrayList losses = new DoubleArrayList();
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
            losses.add(meanLoss * count);
            images += count;
        }

        /// The tally of all ranks, each of which has seen every `size`th batch from its number on:
        /// the same bits as that of one rank that has seen all.
        Tally over(Communicator ranks) {
            if (ranks.size() == 1) {
                return this;
            }
            int classes = confusion.length;
            // Rank 0 has as many batches as any other.
            int most = (int) ranks.sum(ranks.isRoot() ? losses.size() : 0)[0];
            double[] all = new double[most * ranks.size() + classes * classes + 3];
            for (int i = 0; i < losses.size(); i++) {
                all[i * ranks.size() + ranks.rank()] = losses.getDouble(i);
            }
            int at = most * ranks.size();
            for (int i = 0; i < classes * classes; i++) {
                all[at + i] = confusion[i / classes][i % classes];
            }
            int last = all.length - 3;
            all[last] = images;
            all[last + 1] = top1;
            all[last + 2] = top5;
            all = ranks.sum(all);
            Tally tally = new Tally(classes);
            tally.losses.addElements(0, all, 0, at);
            for (int i = 0; i < classes * classes; i++) {
                tally.confusion[i / classes][i % classes] = (int) all[at + i];
            }
            tally.images = (int) all[last];
            tally.top1 = (int) all[last + 1];
            tally.top5 = (int) all[last + 2];
            return tally;
        }

        public Evaluation result() {
            double share = 100.0 / Math.max(images, 1);
            double loss = 0;
            for (int i = 0; i < losses.size(); i++) {
                loss += losses.getDouble(i);
            }
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
