package athanor.cli;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.Trace;
import athanor.train.ModelSpec;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.data.ImageShape;

/// A model with first values and a batch of grey images, to look at one step.
record SampleStep(ModelSpec spec, Module model, int images) {
    static SampleStep of(Settings settings, Sizes sizes) {
        ImageShape image = sizes.image();
        ModelSpec spec = ModelSpec.of(settings, sizes.classes(), image.channels(), image.height());
        Module model = spec.create();
        model.to(Backend.cpu(), DType.FLOAT32);
        model.initialize(PhiloxKey.of(0));
        return new SampleStep(spec, model, settings.whole(Setting.BATCH_SIZE));
    }

    Trace trace() {
        Shape shape = Shape.of(images, spec.imageSize(), spec.imageSize(), spec.channels());
        Tensor x = Tensor.zeros(Backend.cpu(), DType.FLOAT32, shape);
        int[] labels = new int[images];
        return Trace.of(
                model, x, Tensor.of(Backend.cpu(), Shape.of(images), HostBuffer.of(labels)));
    }
}
