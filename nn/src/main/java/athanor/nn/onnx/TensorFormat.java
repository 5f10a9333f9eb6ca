package athanor.nn.onnx;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;

/// Tensors as ONNX stores them: `TensorProto`.
final class TensorFormat {
    private static final int DIMS = 1;
    private static final int TYPE = 2;
    private static final int FLOATS = 4;
    private static final int INTS = 5;
    private static final int LONGS = 7;
    private static final int NAME = 8;
    private static final int RAW = 9;
    private static final int DOUBLES = 10;
    private static final int UNSIGNED = 11;
    private static final int EXTERNAL = 13;
    private static final int PLACE = 14;

    private TensorFormat() {}

    static String name(Message tensor) {
        return tensor.text(NAME);
    }

    static Value read(Message tensor) {
        return read(tensor, Optional.empty());
    }

    /// Throws [IllegalArgumentException], with the tensor's name, where it claims what does not
    /// hold.
    ///
    /// @param folder where files with numbers may lie
    static Value read(Message tensor, Optional<Path> folder) {
        try {
            ElementType type = ElementType.of(tensor.number(TYPE).orElse(0));
            Shape shape = shape(tensor.numbers(DIMS));
            if (tensor.number(PLACE).orElse(0) != 0) {
                return raw(type, shape, elsewhere(tensor, folder, type, shape));
            }
            return tensor.has(RAW)
                    ? raw(type, shape, tensor.bytes(RAW))
                    : listed(type, shape, tensor);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "tensor '" + name(tensor) + "': " + e.getMessage(), e);
        }
    }

    /// The numbers from a file beside the model's, as models of more than 2 GB and PyTorch's newer
    /// exporter have them.
    private static ByteString elsewhere(
            Message tensor, Optional<Path> folder, ElementType type, Shape shape) {
        Map<String, String> entries = new HashMap<>();
        tensor.messages(EXTERNAL).forEach(entry -> entries.put(entry.text(1), entry.text(2)));
        String name = entries.getOrDefault("location", "");
        Path file =
                folder.map(f -> f.resolve(name))
                        .orElseThrow(
                                () -> new IllegalArgumentException("its numbers are elsewhere"));
        if (name.isEmpty() || !file.normalize().startsWith(folder.get().normalize())) {
            throw new IllegalArgumentException(
                    "its numbers lie in '" + name + "', which is not beside the model");
        }
        long offset = Long.parseLong(entries.getOrDefault("offset", "0"));
        long length = (long) shape.size() * type.bytes;
        try (FileChannel channel = FileChannel.open(file)) {
            if (offset < 0 || offset > channel.size() - length) {
                throw new IllegalArgumentException(
                        "'%s' has %d bytes; %d from %d on are needed"
                                .formatted(name, channel.size(), length, offset));
            }
            return ByteString.copyFrom(channel.map(FileChannel.MapMode.READ_ONLY, offset, length));
        } catch (IOException e) {
            throw new IllegalArgumentException("'" + name + "' cannot be read: " + e, e);
        }
    }

    static Shape shape(long... dims) {
        return Shape.of(
                Arrays.stream(dims)
                        .mapToInt(
                                dim -> {
                                    if (dim < 0 || dim > Integer.MAX_VALUE) {
                                        throw new IllegalArgumentException(
                                                "a length of "
                                                        + dim
                                                        + "; lengths go from 0 to 2^31 - 1");
                                    }
                                    return (int) dim;
                                })
                        .toArray());
    }

    private static Value raw(ElementType type, Shape shape, ByteString bytes) {
        if (bytes.size() != (long) shape.size() * type.bytes) {
            throw new IllegalArgumentException(
                    "%d bytes for %s%s, which takes %d"
                            .formatted(
                                    bytes.size(), type, shape, (long) shape.size() * type.bytes));
        }
        ByteBuffer in = bytes.asReadOnlyByteBuffer().slice().order(ByteOrder.LITTLE_ENDIAN);
        return switch (type) {
            case FLOAT -> doubles(type, shape, i -> in.getFloat(4 * i));
            case DOUBLE -> doubles(type, shape, i -> in.getDouble(8 * i));
            case FLOAT16, BFLOAT16 -> doubles(type, shape, i -> half(type, in.getShort(2 * i)));
            case INT64, UINT64 -> longs(type, shape, i -> in.getLong(8 * i));
            case INT32, UINT32 -> longs(type, shape, i -> in.getInt(4 * i));
            case INT16, UINT16 -> longs(type, shape, i -> in.getShort(2 * i));
            case INT8, UINT8, BOOL -> longs(type, shape, in::get);
        };
    }

    private static Value listed(ElementType type, Shape shape, Message tensor) {
        return switch (type) {
            case FLOAT -> Value.of(type, shape, tensor.floats(FLOATS));
            case DOUBLE -> Value.of(type, shape, tensor.doubles(DOUBLES));
            case INT64 -> Value.of(type, shape, tensor.numbers(LONGS));
            case UINT32, UINT64 -> Value.of(type, shape, tensor.numbers(UNSIGNED));
            case FLOAT16, BFLOAT16 ->
                    Value.of(
                            type,
                            shape,
                            Arrays.stream(tensor.numbers(INTS))
                                    .mapToDouble(bits -> half(type, (short) bits))
                                    .toArray());
            case INT32, INT16, INT8, UINT16, UINT8, BOOL ->
                    Value.of(type, shape, tensor.numbers(INTS));
        };
    }

    private static double half(ElementType type, short bits) {
        return type == ElementType.FLOAT16
                ? Float.float16ToFloat(bits)
                : Float.intBitsToFloat(bits << 16);
    }

    private static Value doubles(ElementType type, Shape shape, IntToDoubleFunction at) {
        return Value.of(type, shape, IntStream.range(0, shape.size()).mapToDouble(at).toArray());
    }

    private static Value longs(ElementType type, Shape shape, IntToLongFunction at) {
        return Value.of(type, shape, IntStream.range(0, shape.size()).mapToLong(at).toArray());
    }

    // ---- writing ----

    /// Of a tensor in the engine's order: `[K, R, S, C]` becomes `[K, C, R, S]`.
    static Message floats(String name, Tensor values) {
        Tensor ordered = values.shape().rank() == 4 ? values.transpose(0, 3, 1, 2) : values;
        double[] doubles = ordered.toDoubles();
        float[] floats = new float[doubles.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) doubles[i];
        }
        return floats(name, ordered.shape(), floats);
    }

    static Message floats(String name, Shape shape, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return tensor(name, ElementType.FLOAT, shape).with(RAW, ByteString.copyFrom(bytes));
    }

    private static Message tensor(String name, ElementType type, Shape shape) {
        Message tensor = Message.empty().with(NAME, name).with(TYPE, type.code);
        for (int dim : shape.dims()) {
            tensor = tensor.with(DIMS, dim);
        }
        return tensor;
    }
}
