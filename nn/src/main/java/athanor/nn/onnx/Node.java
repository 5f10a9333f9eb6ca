package athanor.nn.onnx;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One step of a graph: an operator, the names of what it reads ("" where an optional input is left
/// out) and of what it makes, and its constants. `opset` is the version of the operators that the
/// model asks for in this domain.
record Node(
        String name,
        String operator,
        String domain,
        List<String> inputs,
        List<String> outputs,
        Map<String, Message> attributes,
        int opset) {

    static Node parse(Message node, Map<String, Integer> opsets) {
        Map<String, Message> attributes = new LinkedHashMap<>();
        node.messages(5).forEach(attribute -> attributes.put(attribute.text(1), attribute));
        String domain = node.text(7).equals("ai.onnx") ? "" : node.text(7);
        return new Node(
                node.text(3),
                node.text(4),
                domain,
                node.texts(1),
                node.texts(2),
                attributes,
                opsets.getOrDefault(domain, 1));
    }

    /// As in `node 'conv1' (Conv)`; a node without a name is called by its first result.
    String label() {
        String called = name.isEmpty() && !outputs.isEmpty() ? outputs.getFirst() : name;
        return "node '" + called + "' (" + qualifiedOperator() + ")";
    }

    String qualifiedOperator() {
        return domain.isEmpty() ? operator : domain + "." + operator;
    }

    // ---- attributes ----

    boolean has(String attribute) {
        return attributes.containsKey(attribute);
    }

    private Optional<Message> attribute(String attribute) {
        return Optional.ofNullable(attributes.get(attribute));
    }

    int integer(String attribute, int otherwise) {
        return attribute(attribute)
                .map(found -> Math.toIntExact(found.number(3).orElse(0)))
                .orElse(otherwise);
    }

    boolean flag(String attribute, boolean otherwise) {
        return integer(attribute, otherwise ? 1 : 0) != 0;
    }

    double real(String attribute, double otherwise) {
        return attribute(attribute)
                .map(found -> found.floats(2))
                .filter(numbers -> numbers.length > 0)
                .map(numbers -> numbers[numbers.length - 1])
                .orElse(otherwise);
    }

    String text(String attribute, String otherwise) {
        return attribute(attribute).map(found -> found.text(4)).orElse(otherwise);
    }

    /// Empty where there is no such attribute.
    Optional<int[]> integers(String attribute) {
        return attribute(attribute)
                .map(found -> Arrays.stream(found.numbers(8)).mapToInt(Math::toIntExact).toArray());
    }

    double[] reals(String attribute) {
        return attribute(attribute).map(found -> found.floats(7)).orElse(new double[0]);
    }

    Message part(String attribute, int field) {
        return attribute(attribute)
                .map(found -> found.message(field))
                .orElseThrow(
                        () -> new IllegalArgumentException("it has no attribute " + attribute));
    }
}
