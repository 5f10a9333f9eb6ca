package athanor.nn.io;

import athanor.engine.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// A file of `torch.save` (since PyTorch 1.6): a zip archive of a pickle, `data.pkl`, which
/// describes tensors, and a file of bytes for each storage. The pickle is interpreted by [Pickle],
/// which executes nothing.
final class PyTorchFile {
    private static final String PICKLE = "data.pkl";
    private static final long LONGEST_PICKLE = 1 << 26;

    /// Where checkpoints of widespread scripts keep the parameters.
    private static final List<String> STATES =
            List.of("state_dict", "model_state_dict", "model", "net", "model_ema", "weights");

    private static final Map<String, TensorData.Type> STORAGES =
            Map.ofEntries(
                    Map.entry("DoubleStorage", TensorData.Type.F64),
                    Map.entry("FloatStorage", TensorData.Type.F32),
                    Map.entry("HalfStorage", TensorData.Type.F16),
                    Map.entry("BFloat16Storage", TensorData.Type.BF16),
                    Map.entry("LongStorage", TensorData.Type.I64),
                    Map.entry("IntStorage", TensorData.Type.I32),
                    Map.entry("ShortStorage", TensorData.Type.I16),
                    Map.entry("CharStorage", TensorData.Type.I8),
                    Map.entry("ByteStorage", TensorData.Type.U8),
                    Map.entry("BoolStorage", TensorData.Type.BOOL));

    private final ZipFile zip;
    private final String folder;
    private final Map<String, Storage> storages = new HashMap<>();

    private record Storage(TensorData.Type type, long length, MemorySegment bytes) {}

    private PyTorchFile(ZipFile zip, String folder) {
        this.zip = zip;
        this.folder = folder;
    }

    static boolean isOne(ZipFile zip) {
        return zip.stream().anyMatch(entry -> entry.getName().endsWith("/" + PICKLE));
    }

    /// The tensors of the state that the file holds, by name.
    static Map<String, TensorData> read(Path file, ZipFile zip) throws IOException {
        try {
            String pickle =
                    zip.stream()
                            .map(ZipEntry::getName)
                            .filter(name -> name.endsWith("/" + PICKLE))
                            .findFirst()
                            .orElseThrow();
            String folder = pickle.substring(0, pickle.length() - PICKLE.length());
            PyTorchFile reader = new PyTorchFile(zip, folder);
            reader.requireLittleEndian();
            Object root = new Pickle(reader.bytes(PICKLE, LONGEST_PICKLE), reader::call).load();
            return tensors(root);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new ModelFileProblem(file, String.valueOf(e.getMessage()), e);
        }
    }

    private static Map<String, TensorData> tensors(Object root) {
        if (!(root instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException(
                    "it holds no named tensors; save model.state_dict()");
        }
        for (String state : STATES) {
            if (map.get(state) instanceof Map<?, ?> inner) {
                return tensorsOf(inner);
            }
        }
        return tensorsOf(map);
    }

    private static Map<String, TensorData> tensorsOf(Map<?, ?> map) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        map.forEach(
                (name, value) -> {
                    if (name instanceof String text && value instanceof TensorData tensor) {
                        tensors.put(text, tensor);
                    }
                });
        if (tensors.isEmpty()) {
            throw new IllegalArgumentException(
                    "it holds no named tensors, but " + map.keySet() + "; save model.state_dict()");
        }
        return tensors;
    }

    private void requireLittleEndian() throws IOException {
        if (zip.getEntry(folder + "byteorder") != null
                && !new String(bytes("byteorder", 16), StandardCharsets.US_ASCII)
                        .equals("little")) {
            throw new IllegalArgumentException("its numbers are big-endian, which is not read");
        }
    }

    private byte[] bytes(String name, long most) throws IOException {
        ZipEntry entry = zip.getEntry(folder + name);
        if (entry == null) {
            throw new IllegalArgumentException("it has no " + folder + name);
        }
        if (entry.getSize() > most) {
            throw new IllegalArgumentException(
                    "%s has %d bytes, where at most %d make sense"
                            .formatted(entry.getName(), entry.getSize(), most));
        }
        try (InputStream in = zip.getInputStream(entry)) {
            return in.readNBytes((int) most);
        }
    }

    // ---- what the pickle may call ----

    private Object call(String function, List<?> arguments) {
        return switch (function) {
            case "collections.OrderedDict" -> new LinkedHashMap<Object, Object>();
            case "torch._utils._rebuild_tensor_v2" ->
                    tensor(
                            at(arguments, 0, Storage.class),
                            at(arguments, 1, Long.class),
                            longs(at(arguments, 2, List.class)),
                            longs(at(arguments, 3, List.class)));
            case "torch._utils._rebuild_parameter" -> at(arguments, 0, TensorData.class);
            case Pickle.PERSISTENT -> storage(arguments);
            default ->
                    throw new IllegalArgumentException(
                            "it calls "
                                    + function
                                    + ", and nothing of a file is executed; save model.state_dict() alone");
        };
    }

    private static <T> T at(List<?> arguments, int index, Class<T> type) {
        if (index >= arguments.size() || !type.isInstance(arguments.get(index))) {
            throw new IllegalArgumentException("its pickle describes a tensor in an unknown way");
        }
        return type.cast(arguments.get(index));
    }

    private static long[] longs(List<?> numbers) {
        long[] longs = new long[numbers.size()];
        for (int i = 0; i < longs.length; i++) {
            longs[i] = at(numbers, i, Long.class);
        }
        return longs;
    }

    /// ("storage", type, key, device, length)
    private Storage storage(List<?> id) {
        String type = at(id, 1, Pickle.Global.class).name();
        String key = at(id, 2, String.class);
        long length = at(id, 4, Long.class);
        TensorData.Type elements =
                type.startsWith("torch.") ? STORAGES.get(type.substring("torch.".length())) : null;
        if (elements == null) {
            throw new IllegalArgumentException("it has a storage of type " + type);
        }
        return storages.computeIfAbsent(key, _ -> readStorage(elements, key, length));
    }

    private Storage readStorage(TensorData.Type type, String key, long length) {
        long size = Math.multiplyExact(length, type.bytes());
        if (length < 0 || size > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a storage of " + length + " numbers");
        }
        try {
            byte[] bytes = bytes("data/" + key, size);
            if (bytes.length != size) {
                throw new IllegalArgumentException(
                        "storage %s has %d bytes instead of %d; the file was cut off"
                                .formatted(key, bytes.length, size));
            }
            return new Storage(type, length, MemorySegment.ofArray(bytes));
        } catch (IOException e) {
            throw new IllegalArgumentException("storage " + key + " cannot be read: " + e, e);
        }
    }

    /// Elements of a storage from an offset on, `strides` apart.
    private static TensorData tensor(Storage storage, long offset, long[] dims, long[] strides) {
        if (strides.length != dims.length) {
            throw new IllegalArgumentException("a tensor with other axes than strides");
        }
        int[] lengths = Arrays.stream(dims).mapToInt(Math::toIntExact).toArray();
        Shape shape = Shape.of(lengths);
        long last = offset;
        boolean contiguous = true;
        for (int i = 0; i < lengths.length; i++) {
            if (strides[i] < 0) {
                throw new IllegalArgumentException("a tensor of negative strides");
            }
            last = Math.addExact(last, Math.multiplyExact(Math.max(0, dims[i] - 1), strides[i]));
            contiguous &= lengths[i] == 1 || strides[i] == shape.strides()[i];
        }
        boolean outside = offset < 0 || last >= storage.length();
        if (shape.size() > 0 && (outside || shape.size() > storage.length())) {
            throw new IllegalArgumentException(
                    "a tensor of shape " + shape + " lies outside of its storage");
        }
        int bytes = storage.type().bytes();
        if (contiguous || shape.size() == 0) {
            long from = shape.size() == 0 ? 0 : offset * bytes;
            return new TensorData(
                    storage.type(),
                    shape,
                    storage.bytes().asSlice(from, (long) shape.size() * bytes));
        }
        byte[] ordered = new byte[Math.multiplyExact(shape.size(), bytes)];
        int[] at = new int[dims.length];
        for (int i = 0; i < shape.size(); i++) {
            long from = offset;
            for (int axis = 0; axis < at.length; axis++) {
                from += at[axis] * strides[axis];
            }
            MemorySegment.copy(
                    storage.bytes(),
                    ValueLayout.JAVA_BYTE,
                    from * bytes,
                    ordered,
                    i * bytes,
                    bytes);
            for (int axis = at.length - 1; axis >= 0 && ++at[axis] == lengths[axis]; axis--) {
                at[axis] = 0;
            }
        }
        return new TensorData(storage.type(), shape, MemorySegment.ofArray(ordered));
    }
}
