package athanor.cli;

import athanor.engine.Autocast;
import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.Randomness;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.Parameter;
import athanor.train.DataParallel;
import athanor.train.LossScale;
import athanor.train.ModelSpec;
import athanor.train.Optimizer;
import athanor.train.Schedule;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingRun;
import java.util.LinkedHashMap;
import java.util.Map;

/// Training steps on numbers that stand for images: no data set, no files.
final class SyntheticTraining {
    private final Module model;
    private final ModelSpec spec;
    private final Optimizer optimizer;
    private final Schedule.Rate rate;
    private final double labelSmoothing;
    private final Tensor images;
    private final Tensor labels;
    private final Settings settings;
    private final LossScale scale;
    private DataParallel ranks = new DataParallel(Communicator.single());
    private double weight = 1;

    SyntheticTraining(Settings settings, Sizes sizes) {
        this(settings, sizes, TrainingRun.backend(settings));
    }

    SyntheticTraining(Settings settings, Sizes sizes, Backend backend) {
        this.settings = settings;
        scale = LossScale.of(settings, LossScale.NONE);
        int side = sizes.image().height();
        spec = ModelSpec.of(settings, sizes.classes(), sizes.image().channels(), side);
        model = spec.create();
        model.to(backend, DType.FLOAT32);
        model.initialize(PhiloxKey.of(settings.seed()));
        Map<String, Tensor> parameters = new LinkedHashMap<>();
        for (Map.Entry<String, Parameter> entry : model.parameters().entrySet()) {
            parameters.put(entry.getKey(), entry.getValue().tensor());
        }
        optimizer = Optimizer.of(settings, parameters);
        rate = Schedule.of(settings, 1000).at(0);
        labelSmoothing = settings.real(Setting.LABEL_SMOOTHING);
        int batch = settings.whole(Setting.BATCH_SIZE);
        Shape shape = Shape.of(batch, side, side, sizes.image().channels());
        images = Tensor.normal(backend, DType.FLOAT32, shape, PhiloxKey.of(1));
        int[] classes = new int[batch];
        for (int i = 0; i < batch; i++) {
            classes[i] = i % sizes.classes();
        }
        labels = Tensor.of(backend, Shape.of(batch), HostBuffer.of(classes));
    }

    Module model() {
        return model;
    }

    ModelSpec spec() {
        return spec;
    }

    /// From now on these images are one of `parts` parts of a batch.
    void over(DataParallel others, int parts) {
        ranks = others;
        weight = 1.0 / parts;
    }

    /// Forward, loss, backward, optimizer. Returns the loss.
    double train() {
        model.train(true);
        PhiloxKey key = PhiloxKey.of(optimizer.steps());
        try (Workspace _ = Workspace.open();
                Autocast _ = TrainingRun.autocast(settings)) {
            Tensor logits = Randomness.with(key, () -> model.forward(images));
            Tensor loss = logits.crossEntropy(labels, labelSmoothing);
            Gradients gradients = ranks.backward(scale.of(loss), weight);
            if (scale.unscale(gradients)) {
                optimizer.step(gradients, rate);
            }
            return loss.item();
        }
    }

    /// One forward pass without a graph. Returns the first logit.
    float infer() {
        model.train(false);
        try (Workspace _ = Workspace.open();
                Autocast _ = TrainingRun.autocast(settings)) {
            return GradMode.off(() -> model.forward(images)).toFloats()[0];
        }
    }
}
