package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import org.junit.jupiter.api.Test;

class EvaluationTest {
    private static final float NAN = Float.NaN;

    private static Evaluation of(int classes, float[] logits, int... labels) {
        Evaluation.Tally tally = new Evaluation.Tally(classes);
        tally.add(logits, labels, labels.length, 1);
        return tally.result();
    }

    @Test
    void countsTheLargestAndTheFiveLargest() {
        float[] logits = {
            1, 7, 6, 5, 4, 3, 2, // label 1: the largest
            1, 7, 6, 5, 4, 3, 2, // label 5: the fifth
            1, 7, 6, 5, 4, 3, 2, // label 6: the sixth
            9, 0, 0, 0, 0, 0, -1, // label 0
        };
        Evaluation evaluation = of(7, logits, 1, 5, 6, 0);
        assertThat(evaluation.accuracy1()).isEqualTo(50);
        assertThat(evaluation.accuracy5()).isEqualTo(75);
        assertThat(evaluation.confusion()[1]).containsExactly(0, 1, 0, 0, 0, 0, 0);
        assertThat(evaluation.confusion()[5]).containsExactly(0, 1, 0, 0, 0, 0, 0);
        assertThat(evaluation.confusion()[6]).containsExactly(0, 1, 0, 0, 0, 0, 0);
        assertThat(evaluation.confusion()[0]).containsExactly(1, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void ofEqualsTheEarlierComesFirst() {
        float[] equal = new float[7];
        Evaluation evaluation = of(7, new float[4 * 7], 0, 1, 4, 5);
        assertThat(evaluation.accuracy1()).isEqualTo(25);
        assertThat(evaluation.accuracy5()).isEqualTo(75);
        for (int label : new int[] {0, 1, 4, 5}) {
            assertThat(evaluation.confusion()[label][0]).isEqualTo(1);
            assertThat(Evaluation.Tally.rank(equal, 0, 7, label)).isEqualTo(label);
        }
    }

    @Test
    void aLabelOfNaNIsNeverRight() {
        float[] logits = {NAN, 1, 2, 3, 4, 5, 6, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
        Evaluation evaluation = of(7, logits, 0, 3);
        assertThat(evaluation.accuracy1()).isZero();
        assertThat(evaluation.accuracy5()).isZero();
    }

    @Test
    void aNaNOfAnotherClassHidesNothing() {
        float[] logits = {NAN, 1, 6, 3, 4, 5, 2, 1, 2, 3, NAN, 4, 0, 0};
        Evaluation evaluation = of(7, logits, 2, 4);
        assertThat(evaluation.accuracy1()).isEqualTo(100);
        assertThat(evaluation.confusion()[2][2]).isEqualTo(1);
        assertThat(evaluation.confusion()[4][4]).isEqualTo(1);
    }

    @Test
    void batchesOfDifferentSizesCountByTheirImages() {
        Evaluation.Tally tally = new Evaluation.Tally(2);
        // The arrays are longer than the batch.
        tally.add(new float[] {1, 0, 1, 0, 1, 0, 9, 9}, new int[] {0, 0, 1, 1}, 3, 0.5);
        tally.add(new float[] {0, 1, 9, 9}, new int[] {1, 1}, 1, 2.5);
        Evaluation evaluation = tally.result();
        assertThat(evaluation.loss()).isEqualTo(1.0, within(1e-12));
        assertThat(evaluation.accuracy1()).isEqualTo(75);
        assertThat(evaluation.confusion()).isDeepEqualTo(new int[][] {{2, 0}, {1, 1}});
    }

    @Test
    void ofNoImagesEverythingIsZero() {
        Evaluation evaluation = new Evaluation.Tally(3).result();
        assertThat(evaluation.loss()).isZero();
        assertThat(evaluation.accuracy1()).isZero();
    }

    @Test
    void aBatchOfTheTrainingIsCountedTheSameWay() {
        Tensor logits = Tensor.of(Shape.of(3, 2), 1, 0, 0, 0, NAN, 1);
        assertThat(Evaluation.correct(logits, new int[] {0, 1, 1, 1})).isEqualTo(2);
    }

    @Test
    void theSurestMistakesComeFirstAndAreNumberedOverBatches() {
        Evaluation.Tally tally = new Evaluation.Tally(2);
        tally.add(new float[] {0, 1, 5, 0, 0, 9}, new int[] {0, 0, 0}, 3, 1);
        tally.add(new float[] {4, 0, 1, 0}, new int[] {1, 1}, 2, 1);

        assertThat(tally.result().mistakes())
                .containsExactly(
                        new Evaluation.Mistake(2, 0, 1, 9),
                        new Evaluation.Mistake(3, 1, 0, 4),
                        new Evaluation.Mistake(0, 0, 1, 1),
                        new Evaluation.Mistake(4, 1, 0, 1));
    }

    @Test
    void onlyTheWorst24MistakesAreKept() {
        float[] logits = new float[100];
        for (int i = 0; i < 50; i++) {
            logits[2 * i + 1] = i % 2 == 0 ? i : 100 - i;
        }
        assertThat(of(2, logits, new int[50]).mistakes())
                .hasSize(24)
                .isSortedAccordingTo((a, b) -> Double.compare(b.margin(), a.margin()))
                .first()
                .isEqualTo(new Evaluation.Mistake(1, 0, 1, 99));
    }
}
