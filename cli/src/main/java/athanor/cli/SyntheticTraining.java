package athanor.cli;

import athanor.engine.Autocast;
import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.GradMode;
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
import athanor.train.TrainingStep;
import java.util.LinkedHashMap;
import java.util.Map;

/// Training steps on numbers that stand for images: no data set, no files.
final class SyntheticTraining implements AutoCloseable {
    private final Module model;
    private final ModelSpec spec;
    private final Optimizer optimizer;
    private final Schedule.Rate rate;
    private final Settings settings;
    private final TrainingStep step;

    SyntheticTraining(Settings settings, Sizes sizes) {
        this(settings, sizes, TrainingRun.backend(settings));
    }

    SyntheticTraining(Settings settings, Sizes sizes, Backend backend) {
        this.settings = settings;
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
        int batch = settings.whole(Setting.BATCH_SIZE);
        Shape shape = Shape.of(batch, side, side, sizes.image().channels());
        step =
                new TrainingStep(
                        model,
                        optimizer,
                        LossScale.of(settings, LossScale.NONE),
                        settings.real(Setting.LABEL_SMOOTHING),
                        backend,
                        shape,
                        TrainingRun.repeats(settings));
        int[] classes = new int[batch];
        for (int i = 0; i < batch; i++) {
            classes[i] = i % sizes.classes();
        }
        try (Workspace _ = Workspace.open()) {
            Tensor images = Tensor.normal(Backend.cpu(), DType.FLOAT32, shape, PhiloxKey.of(1));
            step.load(images.toFloats(), classes);
        }
    }

    Module model() {
        return model;
    }

    ModelSpec spec() {
        return spec;
    }

    /// From now on these images are one of `parts` parts of a batch.
    void over(DataParallel others, int parts) {
        step.over(others, 1.0 / parts);
    }

    /// Forward, loss, backward, optimizer. Returns the loss.
    double train() {
        start();
        return step.result().toFloats()[0];
    }

    /// A step that on a GPU may be under way when the call returns.
    void start() {
        model.train(true);
        try (Autocast _ = TrainingRun.autocast(settings)) {
            step.run(rate, PhiloxKey.of(optimizer.steps()));
        }
    }

    /// One forward pass without a graph. Returns the first logit.
    float infer() {
        model.train(false);
        try (Workspace _ = Workspace.open();
                Autocast _ = TrainingRun.autocast(settings)) {
            return GradMode.off(() -> model.forward(step.images())).toFloats()[0];
        }
    }

    @Override
    public void close() {
        step.close();
    }
}
