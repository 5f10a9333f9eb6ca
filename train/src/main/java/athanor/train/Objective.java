package athanor.train;

import athanor.engine.Backend;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.Randomness;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Loss;
import athanor.nn.Module;
import athanor.nn.NonFinite;
import athanor.train.data.Batch;
import java.util.Optional;

/// What a step minimizes: the mean cross-entropy of a batch, whose images may be mixed, and which
/// may go through the model in parts. The gradients of the parts add up to those of the whole (of a
/// model without batch norm and dropout, whose numbers depend on the part).
record Objective(
        Module model,
        Backend backend,
        DataParallel ranks,
        Mixing mixing,
        double labelSmoothing,
        int parts,
        int classes) {

    /// @param loss the mean over the batch, of all ranks
    /// @param correct of how many images, of all ranks, the label's logit was the largest
    record Result(Gradients gradients, double loss, int correct) {}

    /// Forward and backward. The gradients, those of the scaled loss, belong to the workspace that
    /// is open.
    Result of(Batch batch, LossScale scale, PhiloxKey key) {
        Result own = ofOwn(batch, scale, key);
        double weight = batch.weight();
        double[] sums = ranks.sum(own.loss * weight, own.correct * Math.signum(weight));
        return new Result(own.gradients, sums[0], (int) sums[1]);
    }

    /// The gradients are those of all ranks, the loss is the mean over this one's images.
    private Result ofOwn(Batch batch, LossScale scale, PhiloxKey key) {
        Tensor images = images(backend, batch);
        Tensor labels = labels(backend, batch);
        Tensor targets = labels;
        if (mixing.isActive()) {
            Mixing.Mixed mixed = mixing.mix(images, labels, classes, key.derive("mixing"));
            images = mixed.images();
            targets = mixed.targets();
        }
        int count = Math.min(parts, ranks.mostParts(batch.wholeSize()));
        double weight = batch.weight();
        if (count == 1) {
            return part(images, targets, labels, 1, weight, scale, key);
        }
        Result sum = part(0, count, images, targets, labels, weight, scale, key);
        for (int i = 1; i < count; i++) {
            Result next = part(i, count, images, targets, labels, weight, scale, key);
            sum.gradients.add(next.gradients);
            sum = new Result(sum.gradients, sum.loss + next.loss, sum.correct + next.correct);
        }
        return sum;
    }

    private Result part(
            int i,
            int count,
            Tensor images,
            Tensor targets,
            Tensor labels,
            double weight,
            LossScale scale,
            PhiloxKey key) {
        int size = labels.size();
        int from = (int) ((long) size * i / count);
        int to = (int) ((long) size * (i + 1) / count);
        return part(
                images.slice(0, from, to),
                targets.slice(0, from, to),
                labels.slice(0, from, to),
                (double) (to - from) / size,
                weight,
                scale,
                key.derive("part").derive(i));
    }

    private Result part(
            Tensor images,
            Tensor targets,
            Tensor labels,
            double share,
            double weight,
            LossScale scale,
            PhiloxKey key) {
        Tensor logits = Randomness.with(key, () -> model.forward(images));
        Tensor mean = Loss.crossEntropy(labelSmoothing).of(logits, targets);
        Tensor loss = share == 1 ? mean : mean.mul(share);
        Gradients gradients = ranks.backward(scale.of(loss), weight);
        return new Result(gradients, loss.item(), Evaluation.correct(logits, labels.toInts()));
    }

    /// Where the numbers of the step that this batch makes first stop being finite: a layer, or
    /// the loss itself. (Of several ranks, one may stop looking before the others.)
    String firstNonFinite(Batch batch, PhiloxKey key) {
        if (!ranks.isAlone()) {
            return "the loss";
        }
        try (Workspace _ = Workspace.open()) {
            Tensor images = images(backend, batch);
            Optional<NonFinite> first = Randomness.with(key, () -> NonFinite.first(model, images));
            return first.map(NonFinite::toString).orElse("the loss");
        }
    }

    static Tensor images(Backend backend, Batch batch) {
        return Tensor.of(
                backend,
                Shape.of(
                        batch.size(),
                        batch.shape().height(),
                        batch.shape().width(),
                        batch.shape().channels()),
                HostBuffer.of(batch.images()));
    }

    static Tensor labels(Backend backend, Batch batch) {
        return Tensor.of(backend, Shape.of(batch.size()), HostBuffer.of(batch.labels()));
    }
}
