package athanor.nn.io;

import athanor.engine.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What stands before the numbers of a safetensors file, and whether it can be believed.
///
/// @param entries by name; together they cover the numbers without gap or overlap
/// @param dataStart where in the file the numbers begin
record SafetensorsHeader(Map<String, String> metadata, Map<String, Entry> entries, long dataStart) {
    private static final String METADATA = "__metadata__";
    private static final long LONGEST = 25_000_000;
    private static final ValueLayout.OfLong LENGTH =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    /// One tensor, whose bytes go from `begin` to `end` (exclusive) behind the header.
    record Entry(TensorData.Type type, Shape shape, long begin, long end) {}

    // ---- writing ----

    /// The header of tensors that lie one behind the other in this order, filled up with spaces to
    /// a multiple of 8.
    static byte[] format(
            Map<String, String> metadata, List<Map.Entry<String, TensorData>> tensors) {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode texts = root.putObject(METADATA);
        metadata.forEach(texts::put);
        long end = 0;
        for (Map.Entry<String, TensorData> entry : tensors) {
            TensorData tensor = entry.getValue();
            ObjectNode node = root.putObject(entry.getKey());
            node.put("dtype", tensor.type().name());
            ArrayNode shape = node.putArray("shape");
            Arrays.stream(tensor.shape().dims()).forEach(shape::add);
            node.putArray("data_offsets").add(end).add(end + tensor.bytes().byteSize());
            end += tensor.bytes().byteSize();
        }
        try {
            byte[] json = JSON.writeValueAsBytes(root);
            byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
            Arrays.fill(padded, json.length, padded.length, (byte) ' ');
            return padded;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of texts and numbers is always JSON", e);
        }
    }

    // ---- reading ----

    static SafetensorsHeader parse(Path file, MemorySegment all) {
        long size = all.byteSize();
        if (size < 8) {
            throw new ModelFileProblem(
                    file, "it has " + size + " bytes; a safetensors file begins with 8 or more");
        }
        long length = all.get(LENGTH, 0);
        if (length < 0 || length > LONGEST) {
            throw new ModelFileProblem(
                    file,
                    "it claims a header of "
                            + Long.toUnsignedString(length)
                            + " bytes, more than 25000000; this is no safetensors file");
        }
        if (length > size - 8) {
            throw new ModelFileProblem(
                    file,
                    "it claims a header of "
                            + length
                            + " bytes but has only "
                            + (size - 8)
                            + "; the file was cut off");
        }
        byte[] json = all.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
        return new Parser(file, size - 8 - length).parse(json);
    }

    /// Reads claims about one file, and names it where they do not hold.
    private record Parser(Path file, long dataSize) {

        SafetensorsHeader parse(byte[] json) {
            JsonNode root = tree(json);
            if (!root.isObject()) {
                throw problem("its header is JSON, but not an object");
            }
            Map<String, String> metadata = new LinkedHashMap<>();
            Map<String, Entry> entries = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> property : root.properties()) {
                if (property.getKey().equals(METADATA)) {
                    texts(property.getValue(), metadata);
                } else {
                    entries.put(property.getKey(), entry(property.getKey(), property.getValue()));
                }
            }
            requireCover(entries);
            return new SafetensorsHeader(metadata, entries, 8 + json.length);
        }

        private JsonNode tree(byte[] json) {
            try {
                return JSON.readTree(json);
            } catch (JsonProcessingException e) {
                String reason = e.getOriginalMessage().lines().findFirst().orElse("");
                throw problem("its header is not valid JSON: %s".formatted(reason));
            } catch (IOException e) {
                throw problem("its header is not valid JSON: %s".formatted(e.getMessage()));
            }
        }

        private void texts(JsonNode node, Map<String, String> metadata) {
            if (!node.isObject()) {
                throw problem("%s in its header is not an object".formatted(METADATA));
            }
            for (Map.Entry<String, JsonNode> text : node.properties()) {
                if (!text.getValue().isTextual()) {
                    throw problem(
                            "%s.%s in its header is not a text".formatted(METADATA, text.getKey()));
                }
                metadata.put(text.getKey(), text.getValue().textValue());
            }
        }

        private Entry entry(String name, JsonNode node) {
            TensorData.Type type = type(name, node.path("dtype").asText());
            Shape shape = shape(name, node.path("shape"));
            JsonNode offsets = node.path("data_offsets");
            if (!offsets.isArray()
                    || offsets.size() != 2
                    || !isLength(offsets.path(0))
                    || !isLength(offsets.path(1))) {
                throw problem("tensor %s: data_offsets are not two numbers".formatted(name));
            }
            long begin = offsets.path(0).longValue();
            long end = offsets.path(1).longValue();
            if (begin > end || end > dataSize) {
                throw problem(
                        "cut short or damaged: tensor %s claims bytes %d to %d of %d"
                                .formatted(name, begin, end, dataSize));
            }
            long needed = (long) shape.size() * type.bytes();
            if (end - begin != needed) {
                throw problem(
                        "tensor %s: %s%s takes %d bytes, it claims %d"
                                .formatted(name, type, shape, needed, end - begin));
            }
            return new Entry(type, shape, begin, end);
        }

        private TensorData.Type type(String name, String claimed) {
            for (TensorData.Type type : TensorData.Type.values()) {
                if (type.name().equals(claimed)) {
                    return type;
                }
            }
            throw problem(
                    "tensor %s: its dtype is '%s'; known are %s"
                            .formatted(name, claimed, Arrays.toString(TensorData.Type.values())));
        }

        private Shape shape(String name, JsonNode node) {
            int[] dims = new int[node.size()];
            boolean fits = node.isArray();
            for (int i = 0; i < dims.length && fits; i++) {
                fits = isLength(node.path(i)) && node.path(i).canConvertToInt();
                dims[i] = node.path(i).intValue();
            }
            if (!fits) {
                throw problem("tensor %s: its shape is not a list of lengths".formatted(name));
            }
            try {
                return Shape.of(dims);
            } catch (IllegalArgumentException e) {
                throw problem("tensor %s: %s".formatted(name, e.getMessage()));
            }
        }

        private static boolean isLength(JsonNode node) {
            return node.isIntegralNumber() && node.canConvertToLong() && node.longValue() >= 0;
        }

        private void requireCover(Map<String, Entry> entries) {
            List<Map.Entry<String, Entry>> inFile =
                    entries.entrySet().stream()
                            .sorted(
                                    Comparator.comparingLong(
                                                    (Map.Entry<String, Entry> e) ->
                                                            e.getValue().begin())
                                            .thenComparingLong(e -> e.getValue().end()))
                            .toList();
            long covered = 0;
            for (Map.Entry<String, Entry> next : inFile) {
                if (next.getValue().begin() != covered) {
                    throw problem(
                            ("tensor %s begins at byte %d, the one before it ends at %d; tensors"
                                            + " must neither overlap nor leave gaps")
                                    .formatted(next.getKey(), next.getValue().begin(), covered));
                }
                covered = next.getValue().end();
            }
            if (covered != dataSize) {
                throw problem(
                        "its tensors end at byte %d, its numbers at %d; the file is damaged"
                                .formatted(covered, dataSize));
            }
        }

        private ModelFileProblem problem(String text) {
            return new ModelFileProblem(file, text);
        }
    }
}
