package athanor.nn.onnx;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// What is computed: nodes in an order in which they can run, constants by name, and the names of
/// what goes in (without the constants) and what comes out.
record Graph(
        List<Node> nodes, Map<String, Value> constants, List<Port> inputs, List<Port> outputs) {

    /// An input or output. A length that the model leaves open is -1.
    record Port(String name, long elementType, long... dims) {
        static Port parse(Message valueInfo) {
            Message tensor = valueInfo.message(2).message(1);
            long[] dims =
                    tensor.message(2).messages(1).stream()
                            .map(dim -> dim.number(1))
                            .mapToLong(dim -> dim.orElse(-1))
                            .toArray();
            return new Port(valueInfo.text(1), tensor.number(1).orElse(0), dims);
        }

        Message format() {
            Message shape = Message.empty();
            for (long dim : dims) {
                shape =
                        shape.with(
                                1,
                                dim < 0
                                        ? Message.empty().with(2, "batch")
                                        : Message.empty().with(1, dim));
            }
            Message tensor = Message.empty().with(1, elementType).with(2, shape);
            return Message.empty().with(1, name).with(2, Message.empty().with(1, tensor));
        }

        /// As in `input float[?, 3, 32, 32]`.
        @Override
        public String toString() {
            String type =
                    elementType == 0
                            ? "?"
                            : ElementType.of(elementType).name().toLowerCase(Locale.ROOT);
            return name
                    + " "
                    + type
                    + Arrays.stream(dims)
                            .mapToObj(dim -> dim < 0 ? "?" : String.valueOf(dim))
                            .collect(Collectors.joining(", ", "[", "]"));
        }
    }

    Graph withoutConstants() {
        return new Graph(nodes, Map.of(), inputs, outputs);
    }

    /// @param folder where files with numbers may lie
    static Graph parse(Message graph, Map<String, Integer> opsets, Optional<Path> folder) {
        Map<String, Value> constants = new LinkedHashMap<>();
        for (Message tensor : graph.messages(5)) {
            constants.put(TensorFormat.name(tensor), TensorFormat.read(tensor, folder));
        }
        if (graph.has(15)) {
            throw new IllegalArgumentException("sparse constants; make them dense");
        }
        List<Node> nodes = new ArrayList<>();
        graph.messages(1).forEach(node -> nodes.add(Node.parse(node, opsets)));
        return new Graph(
                nodes,
                constants,
                graph.messages(11).stream()
                        .map(Port::parse)
                        .filter(port -> !constants.containsKey(port.name()))
                        .toList(),
                graph.messages(12).stream().map(Port::parse).toList());
    }
}
