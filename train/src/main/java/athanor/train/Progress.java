package athanor.train;

/// How far a training has come: the epoch under way (from 0), the global steps done, the batches of
/// this epoch done, the sums of this epoch so far, by what divergence has scaled the learning rate
/// (1: not at all), and the loss scale of the next step. With the parameters and the optimizer's
/// state it is all that a resume needs: order, augmentation and dropout follow from the seed and
/// these numbers.
public record Progress(
        int epoch,
        long step,
        int batch,
        double lossSum,
        long correct,
        long images,
        double seconds,
        double bestAccuracy,
        int bestEpoch,
        double rateFactor,
        LossScale lossScale) {

    public static final Progress START =
            new Progress(0, 0, 0, 0, 0, 0, 0, -1, 0, 1, LossScale.NONE);

    Progress afterStep(double loss, int correctInBatch, int count, double took) {
        return new Progress(
                epoch,
                step + 1,
                batch + 1,
                lossSum + loss * count,
                correct + correctInBatch,
                images + count,
                seconds + took,
                bestAccuracy,
                bestEpoch,
                rateFactor,
                lossScale);
    }

    /// At the start of the next epoch; an accuracy that was not measured is negative.
    Progress afterEpoch(double accuracy) {
        boolean better = accuracy > bestAccuracy;
        return new Progress(
                epoch + 1,
                step,
                0,
                0,
                0,
                0,
                0,
                better ? accuracy : bestAccuracy,
                better ? epoch + 1 : bestEpoch,
                rateFactor,
                lossScale);
    }

    /// The same place, to go on from at another learning rate.
    Progress atRate(double factor) {
        return with(factor, lossScale);
    }

    Progress with(LossScale next) {
        return with(rateFactor, next);
    }

    private Progress with(double factor, LossScale next) {
        return new Progress(
                epoch,
                step,
                batch,
                lossSum,
                correct,
                images,
                seconds,
                bestAccuracy,
                bestEpoch,
                factor,
                next);
    }

    /// Whether the epoch that just ended was the best so far.
    boolean isBest() {
        return batch == 0 && bestEpoch == epoch && epoch > 0;
    }

    double meanLoss() {
        return lossSum / Math.max(images, 1);
    }

    double accuracy() {
        return 100.0 * correct / Math.max(images, 1);
    }

    double imagesPerSecond() {
        return seconds == 0 ? 0 : images / seconds;
    }

    /// As numbers for a file; [#of] reads them.
    double[] toArray() {
        return new double[] {
            epoch,
            step,
            batch,
            lossSum,
            correct,
            images,
            seconds,
            bestAccuracy,
            bestEpoch,
            rateFactor,
            lossScale.factor(),
            lossScale.steady()
        };
    }

    static Progress of(double... n) {
        return new Progress(
                (int) n[0],
                (long) n[1],
                (int) n[2],
                n[3],
                (long) n[4],
                (long) n[5],
                n[6],
                n[7],
                (int) n[8],
                n.length > 9 ? n[9] : 1,
                n.length > 11 ? new LossScale(n[10], (int) n[11]) : LossScale.NONE);
    }
}
