package athanor.nn.onnx;

import athanor.engine.GradMode;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.nn.GraphWriter;
import athanor.nn.Module;
import athanor.nn.Parameter;
import athanor.nn.Summary;
import athanor.nn.io.ModelFileProblem;
import athanor.nn.io.WholeFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/// Writes a model as an ONNX file of operator set 17, for inference: input `input`, images
/// `[batch, C, H, W]` prepared as in the training; output `logits`, `[batch, classes]`.
public final class OnnxExport {
    private static final int OPSET = 17;

    /// The version of the format in which that operator set appeared.
    private static final int FORMAT = 8;

    private OnnxExport() {}

    /// @param image the shape of an image, `[H, W, C]`
    /// @param foldNorms whether batch norms become part of the convolutions before them
    /// @param texts what else to tell the reader
    public static void write(
            Module model, Shape image, boolean foldNorms, Map<String, String> texts, Path file) {
        WholeFile.write(file, ByteBuffer.wrap(bytes(model, image, foldNorms, texts)));
    }

    static byte[] bytes(Module model, Shape image, boolean foldNorms, Map<String, String> texts) {
        if (model instanceof OnnxModel imported) {
            return imported.toByteArray();
        }
        Writer writer = new Writer(model, image, foldNorms);
        try (Workspace _ = Workspace.open()) {
            String logits = GradMode.off(() -> model.writeTo(writer, "input"));
            writer.add("Identity", List.of(logits), Map.of(), "logits");
        } catch (UnsupportedOperationException e) {
            throw new ModelFileProblem(String.valueOf(e.getMessage()));
        }
        int classes = writer.shapeOf(model).output().dim(1);
        Message graph =
                writer.graph
                        .with(2, "athanor")
                        .with(11, port("input", -1, image.dim(2), image.dim(0), image.dim(1)))
                        .with(12, port("logits", -1, classes));
        Message file =
                Message.empty()
                        .with(1, FORMAT)
                        .with(2, "athanor")
                        .with(7, graph)
                        .with(8, Message.empty().with(2, OPSET));
        for (Map.Entry<String, String> text : texts.entrySet()) {
            file = file.with(14, Message.empty().with(1, text.getKey()).with(2, text.getValue()));
        }
        return file.toByteArray();
    }

    private static Message port(String name, long... dims) {
        return new Graph.Port(name, ElementType.FLOAT.code, dims).format();
    }

    private static final class Writer implements GraphWriter {
        private final Map<Parameter, String> names = new IdentityHashMap<>();
        private final Map<Module, Summary.Shapes> shapes;
        private final boolean foldsNorms;
        private final Set<String> constants = new HashSet<>();
        private Message graph = Message.empty();
        private int nodes;

        Writer(Module model, Shape image, boolean foldsNorms) {
            model.parameters().forEach((name, parameter) -> names.put(parameter, name));
            model.buffers().forEach((name, buffer) -> names.put(buffer, name));
            shapes = Summary.shapes(model, image);
            this.foldsNorms = foldsNorms;
        }

        @Override
        public String add(String operator, List<String> inputs, Map<String, Object> attributes) {
            String result = operator.toLowerCase(Locale.ROOT) + "_" + nodes;
            add(operator, inputs, attributes, result);
            return result;
        }

        void add(
                String operator,
                List<String> inputs,
                Map<String, Object> attributes,
                String result) {
            Message node = Message.empty();
            for (String input : inputs) {
                node = node.with(1, input);
            }
            node = node.with(2, result).with(3, operator + "_" + nodes++).with(4, operator);
            for (Map.Entry<String, Object> entry : new TreeMap<>(attributes).entrySet()) {
                node = node.with(5, attribute(entry.getKey(), entry.getValue()));
            }
            graph = graph.with(1, node);
        }

        private static Message attribute(String name, Object value) {
            Message attribute = Message.empty().with(1, name);
            return switch (value) {
                case Integer i -> attribute.with(3, i).with(20, 2);
                case Double d -> attribute.with(2, d.floatValue()).with(20, 1);
                case int[] all -> {
                    Message many = attribute;
                    for (int each : all) {
                        many = many.with(8, each);
                    }
                    yield many.with(20, 7);
                }
                default -> throw new IllegalArgumentException(name + " is " + value);
            };
        }

        @Override
        public String constant(Parameter parameter) {
            return constant(parameter, parameter.tensor());
        }

        @Override
        public String constant(Parameter inPlaceOf, Tensor values) {
            String name = Objects.requireNonNull(names.get(inPlaceOf));
            if (constants.add(name)) {
                graph = graph.with(5, TensorFormat.floats(name, values));
            }
            return name;
        }

        @Override
        public String constant(Shape shape, float... values) {
            String name = "constant_" + constants.size();
            constants.add(name);
            graph = graph.with(5, TensorFormat.floats(name, shape, values));
            return name;
        }

        @Override
        public boolean foldsNorms() {
            return foldsNorms;
        }

        @Override
        public Shape inputOf(Module layer) {
            return shapeOf(layer).input();
        }

        Summary.Shapes shapeOf(Module layer) {
            return Objects.requireNonNull(shapes.get(layer), "a layer that is not run");
        }
    }
}
