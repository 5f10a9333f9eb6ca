package athanor.nn;

import athanor.engine.Gradients;
import athanor.engine.Randomness;
import athanor.engine.Shape;
import athanor.engine.Tape;
import athanor.engine.TapeEntry;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A model looked at while it takes one step: what it records on the tape, which layer recorded
/// it, and how long forward and backward took. The model is in evaluation mode and stays as it was,
/// so batch norm uses its running moments, and dropout does nothing.
///
/// @param tape the operations and parameters behind the loss, in the order in which they came
/// @param layers of operations and parameters, by their number
public record Trace(List<TapeEntry> tape, Map<Long, Layer> layers) {
    static final String LOSS_KIND = "CrossEntropy";

    /// A layer, or what a layer of layers does itself. Where layers are fused, their work counts
    /// for one of them.
    public static final class Layer {
        private final String name;
        private String kind;
        private Shape output = Shape.of();
        private boolean recorded;
        private boolean isContainer;
        private double forwardSeconds;
        private double backwardSeconds;

        private Layer(String name, String kind) {
            this.name = name;
            this.kind = kind;
        }

        /// As in `layer1.0.conv1`.
        public String name() {
            return name;
        }

        public String kind() {
            return kind;
        }

        public Shape output() {
            return output;
        }

        public double forwardSeconds() {
            return forwardSeconds;
        }

        public double backwardSeconds() {
            return backwardSeconds;
        }
    }

    /// One step on a batch of images `[N, H, W, C]` with labels `[N]`.
    public static Trace of(Module model, Tensor images, Tensor labels) {
        return new Tracer(model).step(images, labels);
    }

    /// The layers in the order in which they began, without those that only pass on.
    public List<Layer> costs() {
        return layers.values().stream().distinct().toList();
    }

    private static final class Tracer implements Module.Observer, Gradients.Listener {
        private final Module model;
        private final Map<Module, String> names = new HashMap<>();
        private final TreeMap<Long, Layer> layers = new TreeMap<>();
        private final ArrayDeque<Layer> running = new ArrayDeque<>();
        private long recorded;
        private long clock;

        Tracer(Module model) {
            this.model = model;
            model.modules().forEach((name, module) -> names.putIfAbsent(module, name));
        }

        Trace step(Tensor images, Tensor labels) {
            List<Module> inOrder = List.copyOf(model.modules().values());
            List<Boolean> modes = inOrder.stream().map(Module::isTraining).toList();
            model.train(false);
            try (Workspace _ = Workspace.open()) {
                Layer lossLayer = new Layer("loss", LOSS_KIND);
                running.push(lossLayer);
                start();
                Tensor logits =
                        ScopedValue.where(Module.OBSERVER, this)
                                .call(
                                        () ->
                                                Randomness.with(
                                                        PhiloxKey.of(0),
                                                        () -> model.forward(images)));
                Tensor loss = logits.crossEntropy(labels);
                spend();
                List<TapeEntry> tape = new ArrayList<>(loss.tape());
                tape.sort(Comparator.comparingLong(TapeEntry::number));
                nameLeaves();
                describe(tape);
                clock = System.nanoTime();
                loss.backward(this);
                layers.keySet().retainAll(tape.stream().map(TapeEntry::number).toList());
                return new Trace(List.copyOf(tape), layers);
            } finally {
                // Parents come before their children, so that each ends with its own mode.
                for (int i = 0; i < inOrder.size(); i++) {
                    inOrder.get(i).train(modes.get(i));
                }
            }
        }

        private void nameLeaves() {
            Map<Long, Layer> leaves = new HashMap<>();
            model.parameters()
                    .forEach(
                            (name, parameter) ->
                                    parameter
                                            .tensor()
                                            .tape()
                                            .forEach(
                                                    leaf ->
                                                            leaves.put(
                                                                    leaf.number(),
                                                                    parameterOf(name, parameter))));
            layers.putAll(leaves);
        }

        /// A layer of layers has been split: its part is known by its operation, and has its shape.
        private void describe(List<TapeEntry> tape) {
            for (TapeEntry entry : tape) {
                Layer layer = layers.get(entry.number());
                if (layer != null && layer.isContainer) {
                    layer.kind = entry.operation();
                    layer.output = entry.shape();
                }
            }
        }

        private static Layer parameterOf(String name, Parameter parameter) {
            Layer layer = new Layer(name, "parameter");
            layer.output = parameter.shape();
            return layer;
        }

        private void start() {
            recorded = Tape.position();
            clock = System.nanoTime();
        }

        /// What was recorded, and the time that went by, belong to the layer that runs. What a
        /// layer of layers does here and there is as many layers: the graph of layers has no cycle.
        private void spend() {
            boolean records = Tape.position() > recorded;
            if (records && running.element().recorded) {
                Layer again = running.pop();
                Layer next = new Layer(again.name, again.kind);
                next.isContainer = again.isContainer;
                running.push(next);
            }
            Layer layer = running.element();
            layer.recorded |= records;
            layer.forwardSeconds += (System.nanoTime() - clock) / 1e9;
            for (long number = recorded; number < Tape.position(); number++) {
                layers.put(number, layer);
            }
            start();
        }

        @Override
        public void enters(Module module) {
            spend();
            Layer layer = new Layer(names.getOrDefault(module, "?"), module.kind());
            layer.isContainer = !module.children().isEmpty();
            running.push(layer);
        }

        @Override
        public void ran(Module module, Tensor input, Tensor output) {
            spend();
            running.pop().output = output.shape();
        }

        @Override
        public void onGradient(Gradients.Leaf leaf, Tensor gradient) {
            // Its time is that of the operation which it comes from.
        }

        @Override
        public void onVisit(long number) {
            long now = System.nanoTime();
            Layer layer = layers.get(number);
            if (layer != null) {
                layer.backwardSeconds += (now - clock) / 1e9;
            }
            clock = now;
        }
    }
}
